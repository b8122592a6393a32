"""API keys: digests alone are kept, a file that is none is refused, and who has none is not answered."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from data.errors import ScoreroomError
from data.settings import ROOT
from inference.service.keys import SCOPES, KeyFileError, Keys, add_key
from inference.service.routes import PROMOTE, ROUTES

if TYPE_CHECKING:
    from tests.inference.service.conftest import CheckProblem, Start


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def name_of(keys: Keys, key: str) -> str:
    found = keys.find(key)
    assert found is not None
    return found.name


def test_a_key_is_known_by_its_digest_and_kept_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    first, second = add_key(path, "risk-desk"), add_key(path, "batch.job")
    # Its owner's alone.
    assert path.stat().st_mode & 0o077 == 0
    assert path.read_text() == "".join(
        f"{name} {hashlib.sha256(key.encode()).hexdigest()}\n"
        for name, key in (("risk-desk", first), ("batch.job", second))
    )
    keys = Keys.load(path)
    assert (name_of(keys, first), name_of(keys, second)) == ("risk-desk", "batch.job")
    for other in ("", first[:-1], first + "x", first.upper(), "\ud800", "é"):
        assert keys.find(other) is None


def test_comments_and_empty_lines_are_no_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"# who may call\n\n  one {'a' * 64}  \n")
    key = add_key(path, "two")
    assert path.read_text().startswith(f"# who may call\n\n  one {'a' * 64}  \ntwo ")
    assert name_of(Keys.load(path), key) == "two"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no key"),
        ("# none\n", "holds no key"),
        (f"one {'a' * 63}\n", "line 1 is no name and SHA-256 digest"),
        (f"one {'a' * 64}\ntwo words {'b' * 64}\n", "line 2 is no name"),
        (f"one {'A' * 64}\n", "line 1 is no name"),
        (f"one {'a' * 64}\none {'b' * 64}\n", "holds the name one twice"),
        (f"one {'a' * 64} expires=2027-02-29\n", "line 1 is no name and SHA-256 digest, with `expires=YYYY-MM-DD`"),
        (f"one {'a' * 64} expires=soon\n", "line 1 is no name"),
        (f"one {'a' * 64} scope=score,admin\n", "`scope=score,batch,explain,model,metrics,champion`"),
        (f"one {'a' * 64} scope=\n", "line 1 is no name"),
        (f"one {'a' * 64} scope=score scope=batch\n", "line 1 is no name"),
        (f"one {'a' * 64} until=2027-01-31\n", "line 1 is no name"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "keys"
    path.write_text(text)
    with pytest.raises(KeyFileError, match=said):
        Keys.load(path)


def test_a_missing_or_unreadable_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScoreroomError, match="no such file"):
        Keys.load(tmp_path / "none")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(ScoreroomError, match="not UTF-8"):
        Keys.load(tmp_path / "binary")
    with pytest.raises(ScoreroomError, match="is a directory"):
        Keys.load(tmp_path)


def test_a_file_without_its_last_line_end_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"one {'a' * 64}")
    key = add_key(path, "two")
    assert name_of(Keys.load(path), key) == "two"
    assert path.read_text().splitlines()[0] == f"one {'a' * 64}"


def test_the_script_shows_a_key_once_and_refuses_a_name_twice(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    command = [sys.executable, "-m", "scripts.make_api_key", "desk", "--file", str(path)]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert name_of(Keys.load(path), shown.stdout.strip()) == "desk"
    before = path.read_bytes()
    for name, said in (("desk", "holds the name desk twice"), ("no name", "is no name of a key")):
        ended = subprocess.run(
            [*command[:3], name, *command[4:]], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert (ended.returncode, ended.stdout) == (2, "")
        assert said in ended.stderr
    assert path.read_bytes() == before


def test_a_key_ends_with_its_last_day_and_is_for_its_scopes_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    limited = add_key(path, "desk", expires=date(2027, 1, 31), scopes=frozenset({"explain", "score"}))
    plain = add_key(path, "job")
    admin = add_key(path, "admin", scopes=frozenset({"champion"}))
    assert path.read_text().splitlines()[0] == (
        f"desk {hashlib.sha256(limited.encode()).hexdigest()} expires=2027-01-31 scope=score,explain"
    )
    keys = Keys.load(path)
    desk, job = keys.find(limited), keys.find(plain)
    assert desk is not None
    assert job is not None
    assert [desk.has_expired(date(2027, month, day)) for month, day in ((1, 30), (1, 31), (2, 1))] == [
        False,
        False,
        True,
    ]
    assert not job.has_expired(date(9999, 12, 31))
    guarded = [route for route in ROUTES if not route.startswith("/health/")]
    assert [route for route in guarded if desk.covers(route)] == ["/v1/score", "/v1/explain"]
    # Nothing is changed with a key that does not say so.
    assert [route for route in guarded if job.covers(route)] == [route for route in guarded if route != PROMOTE]
    only = keys.find(admin)
    assert only is not None
    assert [route for route in guarded if only.covers(route)] == [PROMOTE]
    # Every address that asks for a key can be left out of one, and an address that is added is no limited key's.
    assert SCOPES.keys() == set(guarded)
    assert not desk.covers(None)
    assert job.covers(None)


def test_the_scripts_limit_a_key_and_take_it_back(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"# who may call\ndesk {'a' * 64}\n")
    path.chmod(0o640)
    make = ["scripts.make_api_key", "job", "--file", str(path), "--expires", "2027-01-31", "--scope", "batch,model"]
    revoke = ["scripts.revoke_api_key", "desk", "--file", str(path)]
    outcomes = [
        (make, 0, ""),
        ([*make[:1], "other", *make[2:-1], "all"], 2, "'all' limits no key; use some of score, batch, explain, model"),
        ([*make[:1], "other", *make[2:5], "31.1.2027"], 2, "'31.1.2027' limits no key; use a date such as 2027-01-31"),
        (revoke, 0, ""),
        (revoke, 2, f"{path}: holds no key with the name 'desk'; nothing was changed."),
    ]
    for command, code, said in outcomes:
        ended = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
        assert ended.returncode == code, ended.stderr
        assert said in ended.stderr
    first, second = path.read_text().splitlines()
    assert first == "# who may call"
    assert second.startswith("job ")
    assert second.endswith(" expires=2027-01-31 scope=batch,model")
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_file_that_may_not_be_read_leaves_the_keys_in_force(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    key = add_key(path, "desk")
    keys = Keys.load(path)
    path.unlink()
    path.mkdir()
    assert name_of(keys.still_in(path), key) == "desk"
    path.rmdir()
    # Nobody ever writes to it: to wait for that would keep every key in force for good.
    os.mkfifo(path)
    assert name_of(keys.still_in(path), key) == "desk"
    path.unlink()
    assert keys.still_in(path).names == frozenset()
    # Bytes that are no text spoil their own line alone.
    path.write_bytes(b"\xff\xfe\n" + f"desk {hashlib.sha256(key.encode()).hexdigest()} scope=model\n".encode())
    found = keys.still_in(path).find(key)
    assert found is not None
    assert found.scopes == {"model"}
    # Under the same name stands another key.
    path.write_text(f"desk {'a' * 64}\nhalf\n")
    assert keys.still_in(path).names == frozenset()


def test_only_who_has_a_key_is_answered(start: Start, check_problem: CheckProblem, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    key = add_key(path, "desk")
    with start(API_KEYS=str(path)) as service:
        client = service.client
        for route in ("/v1/model", "/metrics"):
            answer = client.get(route)
            check_problem(answer, 401, "unauthorized", "An API key is needed; send it as `Authorization: Bearer KEY`.")
            assert answer.headers["www-authenticate"] == "Bearer"
            check_problem(client.get(route, headers=bearer(key[:-1])), 401, "unauthorized", "is not known here")
            assert client.get(route, headers=bearer(key)).status_code == 200
        body = {"application": {"AMT_CREDIT": 450_000}}
        check_problem(client.post("/v1/score", json=body), 401, "unauthorized")
        check_problem(client.post("/v1/score", json=body, headers={"Authorization": key}), 401, "unauthorized")
        assert client.post("/v1/score", json=body, headers={"Authorization": f"bearer  {key}"}).status_code == 200
        # Whoever watches the service, or reads how to call it, needs none.
        for route in ("/health/live", "/health/ready", "/openapi.json", "/docs"):
            assert client.get(route).status_code == 200
        document = client.get("/openapi.json").json()
        assert document["paths"]["/v1/score"]["post"]["security"] == [{"HTTPBearer": []}]
        assert "security" not in document["paths"]["/health/live"]["get"]
        service.stop()
        assert {line["caller"] for line in service.events() if line["status"] == 200} == {None, "desk"}
        assert key not in service.log.read_text()


def test_a_service_without_its_file_of_keys_does_not_start(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _START]
    ended = subprocess.run(
        [*command, str(tmp_path / "none")], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 2
    assert ended.stderr == f"{tmp_path / 'none'}: no such file; check the path.\n"


# Without building anything first.
_START = """
import sys
from data.definition.reading import read_definition
from data.home_credit import HOME_CREDIT_TOML
from data.settings import load_settings
from inference.service.server import serve
from inference.service.settings import load_service_settings
from inference.serving.settings import WebSettings
from scripts._cli import run
keys = load_service_settings({"SCOREROOM_API_KEYS": sys.argv[1]})
definition = read_definition(HOME_CREDIT_TOML)
run(lambda: serve(definition, load_settings(), keys, WebSettings(), "127.0.0.1", 1))
"""

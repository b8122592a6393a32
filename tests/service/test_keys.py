"""API keys: digests alone are kept, a file that is none is refused, and who has none is not answered."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from data.errors import DataError
from data.settings import ROOT
from inference.service.keys import KeyFileError, Keys, add_key

if TYPE_CHECKING:
    from tests.service.conftest import CheckProblem, Start


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


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
    assert (keys.name_of(first), keys.name_of(second)) == ("risk-desk", "batch.job")
    for other in ("", first[:-1], first + "x", first.upper(), "\ud800", "é"):
        assert keys.name_of(other) is None


def test_comments_and_empty_lines_are_no_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"# who may call\n\n  one {'a' * 64}  \n")
    key = add_key(path, "two")
    assert path.read_text().startswith(f"# who may call\n\n  one {'a' * 64}  \ntwo ")
    assert Keys.load(path).name_of(key) == "two"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no key"),
        ("# none\n", "holds no key"),
        (f"one {'a' * 63}\n", "line 1 is no name and SHA-256 digest"),
        (f"one {'a' * 64}\ntwo words {'b' * 64}\n", "line 2 is no name"),
        (f"one {'A' * 64}\n", "line 1 is no name"),
        (f"one {'a' * 64}\none {'b' * 64}\n", "holds the name one twice"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "keys"
    path.write_text(text)
    with pytest.raises(KeyFileError, match=said):
        Keys.load(path)


def test_a_missing_or_unreadable_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        Keys.load(tmp_path / "none")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="not UTF-8"):
        Keys.load(tmp_path / "binary")
    with pytest.raises(DataError, match="is a directory"):
        Keys.load(tmp_path)


def test_a_file_without_its_last_line_end_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"one {'a' * 64}")
    key = add_key(path, "two")
    assert Keys.load(path).name_of(key) == "two"
    assert path.read_text().splitlines()[0] == f"one {'a' * 64}"


def test_the_script_shows_a_key_once_and_refuses_a_name_twice(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    command = [sys.executable, "-m", "scripts.make_api_key", "desk", "--file", str(path)]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert Keys.load(path).name_of(shown.stdout.strip()) == "desk"
    before = path.read_bytes()
    for name, said in (("desk", "holds the name desk twice"), ("no name", "is no name of a key")):
        ended = subprocess.run(
            [*command[:3], name, *command[4:]], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert (ended.returncode, ended.stdout) == (2, "")
        assert said in ended.stderr
    assert path.read_bytes() == before


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
from data.settings import load_settings
from inference.service.server import serve
from inference.service.settings import load_service_settings
from inference.serving.settings import WebSettings
from scripts._cli import run
keys = load_service_settings({"SCOREROOM_API_KEYS": sys.argv[1]})
run(lambda: serve(load_settings(), keys, WebSettings(), "127.0.0.1", 1))
"""

"""Keys are given and taken back while the service runs."""

from __future__ import annotations

import hashlib
import signal
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from inference.service.keys import add_key, remove_key

if TYPE_CHECKING:
    from tests.inference.service.conftest import CheckProblem, Start


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_keys_are_given_and_taken_back_while_it_runs(start: Start, check_problem: CheckProblem, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    desk, job = add_key(path, "desk"), add_key(path, "job")
    body = {"application": {"AMT_CREDIT": 450_000}}
    with start(API_KEYS=str(path)) as service:

        def score(key: str) -> httpx.Response:
            return service.client.post("/v1/score", json=body, headers=bearer(key))

        def read_again(state: str) -> None:
            """Ask for the file to be read, and wait until it was."""
            n_read = len(service.events("key_file_read") + service.events("key_file_damaged"))
            service.process.send_signal(signal.SIGHUP)
            until = time.monotonic() + 30
            while len(service.events("key_file_read") + service.events("key_file_damaged")) == n_read:
                assert time.monotonic() < until
                time.sleep(0.01)
            assert service.client.get("/health/ready").json()["key_file"] == state

        assert [score(key).status_code for key in (desk, job)] == [200, 200]
        # Without a signal, too: it looks every second.
        remove_key(path, "desk")
        until = time.monotonic() + 30
        while (answer := score(desk)).status_code == 200:
            assert time.monotonic() < until
            time.sleep(0.02)
        check_problem(answer, 401, "unauthorized", "The API key is not known here.")
        limited = add_key(path, "monitor", scopes=frozenset({"model", "metrics"}))
        ended = add_key(path, "ended", expires=date(2020, 1, 31))
        read_again("read")
        check_problem(score(limited), 403, "forbidden", "The API key is not for this address; ask for one that is.")
        check_problem(score(ended), 401, "unauthorized", "The API key has expired; ask for a new one.")
        for route in ("/v1/model", "/metrics"):
            assert service.client.get(route, headers=bearer(limited)).status_code == 200
        # Damaged, the file adds nobody, and takes back the keys whose lines have gone.
        lines = path.read_text().splitlines()
        added = "sr_added"
        kept = [line for line in lines if not line.startswith("job ")]
        path.write_text("\n".join([*kept, f"added {hashlib.sha256(added.encode()).hexdigest()}", "half a li"]))
        read_again("damaged")
        assert [score(key).status_code for key in (job, added, limited)] == [401, 401, 403]
        assert "scoreroom_key_file_damaged 1.0" in service.client.get("/metrics", headers=bearer(limited)).text
        path.write_text("\n".join([*lines, ""]))
        read_again("read")
        assert score(job).status_code == 200
        # One that is gone holds no keys.
        path.unlink()
        read_again("damaged")
        assert [score(key).status_code for key in (job, limited)] == [401, 401]
        service.stop()
        refused = [line for line in service.events() if line["status"] in (401, 403)]
    assert {line["caller"] for line in refused} == {None, "monitor", "ended"}
    said = service.events("key_file_damaged")[0]
    assert (said["level"], said["keys"], said["added"], said["gone"]) == ("warning", 2, [], ["job"])
    assert "line 4 is no name and SHA-256 digest" in said["reason"]
    log = service.log.read_text()
    assert not any(key in log for key in (desk, job, limited, ended))

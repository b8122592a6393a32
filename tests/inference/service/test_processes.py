"""Several processes: they answer, count and hold back as one, and one that dies is replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import polars as pl
import pytest

from data.settings import ROOT, Settings
from inference.model.session import ScoringSession
from inference.service.processes import listen, share_of
from inference.service.settings import load_service_settings
from scripts.benchmarks.server import free_port, service_command
from tests.inference.service.conftest import PATIENCE_S, Running, running
from tests.inference.service.test_server import Caller
from tests.inference.service.test_telemetry import Samples, of, samples


def wait_for(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until, "it did not come to that"
        time.sleep(0.05)


def children(process: int) -> list[int]:
    """Processes that serve for it."""
    found = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
    return [int(each) for each in found if b"spawn_main" in Path(f"/proc/{each}/cmdline").read_bytes()]


@pytest.fixture(scope="module")
def service(built: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    log = tmp_path_factory.mktemp("processes") / "log.jsonl"
    with running(log, workers=2, API_DRAIN_SECONDS="2", API_RATE="5000/year") as started:
        wait_for(lambda: len(started.events("model_in_service")) == 2)
        yield started


def test_they_answer_count_and_hold_back_as_one_and_a_dead_one_is_replaced(
    service: Running, session: ScoringSession, table: pl.DataFrame
) -> None:
    row = table.row(0, named=True)

    def counted() -> Samples:
        # A new connection, which any process takes.
        with httpx.Client(base_url=service.client.base_url, trust_env=False) as client:
            return samples(client)

    def answered() -> float:
        return of(counted(), "requests_total", route="/v1/score", method="POST", status="200")

    before = answered()
    old = children(service.process.pid)
    assert len(old) == 2

    def ask(times: int) -> None:
        for _ in range(times):
            # A new connection each time, which either of them takes.
            answer = httpx.post(f"{service.client.base_url}/v1/score", json={"application": row}, trust_env=False)
            assert answer.json()["default_probability"] == session.score(row)

    ask(20)
    # A process counts an answer once it is on its way, while another one may be asked already.
    wait_for(lambda: answered() == before + 20)
    os.kill(old[0], signal.SIGKILL)
    wait_for(lambda: service.events("process_ended") != [])
    ask(10)
    wait_for(lambda: len(service.events("model_in_service")) == 3)
    new = children(service.process.pid)
    assert len(set(new) - set(old)) == 1
    ask(10)
    (ended,) = service.events("process_ended")
    assert (ended["level"], ended["code"]) == ("warning", -signal.SIGKILL)
    # What the dead one counted is not lost, and each tells of all.
    wait_for(lambda: answered() == before + 40)
    for _ in range(6):
        found = counted()
        assert of(found, "requests_total", route="/v1/score", method="POST", status="200") == before + 40
        assert of(found, "request_seconds_count", route="/v1/score") == 40 + before
        applications = sum(value for (name, _), value in found.items() if name == "scoreroom_applications_total")
        assert applications == 40 + before
    wait_for(lambda: of(counted(), "requests_in_flight") == 1)


def test_no_answer_is_lost_when_all_are_asked_to_end_under_load(
    service: Running, session: ScoringSession, table: pl.DataFrame
) -> None:
    rows = table.head(8).to_dicts()
    callers = [Caller(service.client.base_url, row) for row in rows]
    begun = threading.Barrier(len(callers) + 1)
    served = children(service.process.pid)
    with ThreadPoolExecutor(len(callers)) as pool:
        asked = [pool.submit(caller.run, begun) for caller in callers]
        begun.wait(30)
        code = service.stop()
        for each in asked:
            each.result()
    assert code == 0
    for caller, row in zip(callers, rows, strict=True):
        assert len(caller.answers) == caller.sent > 1
        assert {answer.status_code for answer in caller.answers} == {200}
        assert {answer.json()["default_probability"] for answer in caller.answers} == {session.score(row)}
    assert not any(Path(f"/proc/{process}").exists() for process in served)
    assert service.events("fault") == []


def test_a_rate_holds_for_all_together_and_they_end_where_nobody_watches_any_more(
    built: Settings, tmp_path: Path
) -> None:
    with running(tmp_path / "log", workers=2, API_DRAIN_SECONDS="0", API_RATE="6/year") as service:
        wait_for(lambda: len(service.events("model_in_service")) == 2)
        found = [httpx.get(f"{service.client.base_url}/v1/model", trust_env=False).status_code for _ in range(9)]
        assert found == [200] * 6 + [429] * 3
        served = children(service.process.pid)
        service.process.kill()
        service.process.wait(PATIENCE_S)
        wait_for(lambda: not any(Path(f"/proc/{process}").exists() for process in served))


def test_those_that_cannot_begin_end_all_with_a_code(built: Settings, tmp_path: Path) -> None:
    wrong = tmp_path / "keys"
    wrong.write_text("no key\n", encoding="utf-8")
    command = [*service_command(free_port()), "--workers", "2"]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "SCOREROOM_API_KEYS": str(wrong)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert str(wrong) in ended.stderr


def test_what_all_may_have_at_once_is_shared_out() -> None:
    settings = load_service_settings({"SCOREROOM_API_BATCHES": "3", "SCOREROOM_API_IN_FLIGHT": "5"})
    share = share_of(settings, 2)
    assert (share.batches, share.in_flight, share.memory_bytes) == (2, 3, settings.memory_bytes // 2)
    assert replace(share, batches=3, in_flight=5, memory_bytes=settings.memory_bytes) == settings


def test_a_name_with_two_addresses_is_listened_to_at_both() -> None:
    port = free_port()
    sockets = listen("localhost", port)
    try:
        assert {each.getsockname()[1] for each in sockets} == {port}
        with pytest.raises(OSError, match="in use"):
            listen("localhost", port)
    finally:
        for each in sockets:
            each.close()

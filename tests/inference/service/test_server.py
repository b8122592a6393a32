"""Stopping the service: every request that was sent gets its answer, and then the process ends as it should."""

from __future__ import annotations

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import polars as pl
import pytest

from inference.model.session import ScoringSession

if TYPE_CHECKING:
    from tests.inference.service.conftest import CheckProblem, Running, Start


@dataclass
class Caller:
    """A client that sends one application after another until it is told to go elsewhere."""

    base_url: httpx.URL
    application: dict[str, object]
    sent: int = 0
    answers: list[httpx.Response] = field(default_factory=list)

    def run(self, begun: threading.Barrier) -> None:
        with httpx.Client(base_url=self.base_url, timeout=30, trust_env=False) as client:
            self.send(client)
            begun.wait(30)
            while "connection" not in self.answers[-1].headers:
                self.send(client)

    def send(self, client: httpx.Client) -> None:
        self.sent += 1
        self.answers.append(client.post("/v1/score", json={"application": self.application}))


def test_no_answer_is_lost_when_it_is_asked_to_end_under_load(
    start: Start, session: ScoringSession, table: pl.DataFrame
) -> None:
    rows = table.head(8).to_dicts()
    with start(API_DRAIN_SECONDS="2") as service:
        callers = [Caller(service.client.base_url, row) for row in rows]
        batch = pl.concat([table] * 4).write_csv().encode()
        begun = threading.Barrier(len(callers) + 1)
        with ThreadPoolExecutor(len(callers) + 1) as pool:
            scored = pool.submit(
                service.client.post, "/v1/score/batch", content=batch, headers={"content-type": "text/csv"}
            )
            service.wait_until_read(scored)
            running = [pool.submit(caller.run, begun) for caller in callers]
            begun.wait(30)
            code = service.stop()
            for each in running:
                each.result()
    assert code == 0
    for caller, row in zip(callers, rows, strict=True):
        assert len(caller.answers) == caller.sent > 1
        assert {answer.status_code for answer in caller.answers} == {200}
        assert {answer.json()["default_probability"] for answer in caller.answers} == {session.score(row)}
        assert caller.answers[-1].headers["connection"] == "close"
    assert scored.result().text.count("\n") == 4 * table.height + 1
    n_sent = sum(caller.sent for caller in callers)
    assert sum(line["route"] == "/v1/score" and line["status"] == 200 for line in service.events()) == n_sent
    assert service.events("fault") == []


def refuses(service: Running) -> bool:
    try:
        httpx.get(f"{service.client.base_url}/health/live", timeout=30, trust_env=False)
    except httpx.ConnectError:
        return True
    return False


def test_while_it_drains_it_is_not_ready_and_still_answers(start: Start, check_problem: CheckProblem) -> None:
    with start(API_DRAIN_SECONDS="30") as service:
        service.process.send_signal(signal.SIGTERM)
        until = time.monotonic() + 10
        while (answer := service.client.get("/health/ready")).status_code == 200:
            assert time.monotonic() < until
        check_problem(answer, 503, "draining", "about to stop")
        assert service.client.post("/v1/score", json={"application": {}}).status_code == 200
        assert service.client.get("/health/live").status_code == 200
        # Asked a second time, it waits for no more requests to come.
        assert service.stop() == 0
        assert refuses(service)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_with_nothing_under_way_it_ends_with_code_0(start: Start, number: signal.Signals) -> None:
    with start(API_DRAIN_SECONDS="0") as service:
        assert service.stop(number) == 0
        assert refuses(service)


def test_what_is_under_way_after_draining_is_finished(start: Start, table: pl.DataFrame) -> None:
    with start(API_DRAIN_SECONDS="0") as service, ThreadPoolExecutor(1) as pool:
        body = pl.concat([table] * 4).write_csv().encode()
        scored = pool.submit(service.client.post, "/v1/score/batch", content=body, headers={"content-type": "text/csv"})
        service.wait_until_read(scored)
        assert service.stop() == 0
    assert scored.result().status_code == 200
    assert scored.result().text.count("\n") == 4 * table.height + 1

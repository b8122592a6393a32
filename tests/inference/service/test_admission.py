"""What is let in: bounded work, rates by caller, and requests in flight; the rest is told to come again."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from limits import parse

from inference.service.admission import Rates, Workers
from inference.service.problems import ProblemError

if TYPE_CHECKING:
    from tests.inference.service.conftest import CheckProblem, Start


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    # In a thread of its own, since a browser of other tests may hold this one's loop.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work()).result()


def test_no_more_work_is_let_in_than_there_are_places() -> None:
    async def work() -> None:
        workers = Workers("batches", threads=1, most=2, seconds=30)
        release = threading.Event()
        with workers.place(), workers.place():
            first = asyncio.create_task(workers.run(lambda: release.wait(30)))
            second = asyncio.create_task(workers.run(lambda: 2))
            with pytest.raises(ProblemError) as caught, workers.place():
                pass
            assert caught.value.status_code == 503
            assert caught.value.headers == {"Retry-After": "1"}
            release.set()
            assert await first is True
            assert await second == 2
        with workers.place():
            pass
        workers.close()

    run(work)


def test_work_that_takes_too_long_is_told_and_keeps_its_place_until_it_ends() -> None:
    async def work() -> None:
        workers = Workers("batches", threads=1, most=1, seconds=0)
        release = threading.Event()
        with pytest.raises(ProblemError) as caught, workers.place():
            await workers.run(lambda: release.wait(30))
        assert caught.value.problem.type == "urn:scoreroom:problem:took-too-long"
        with pytest.raises(ProblemError) as again, workers.place():
            pass
        assert again.value.problem.type == "urn:scoreroom:problem:overloaded"
        release.set()
        until = time.monotonic() + 30
        while workers.taken:
            assert time.monotonic() < until
            await asyncio.sleep(0.01)
        with workers.place():
            pass
        workers.close()

    run(work)


def test_what_work_raises_reaches_who_asked() -> None:
    async def work() -> None:
        workers = Workers("batches", threads=1, most=1, seconds=30)
        with pytest.raises(ZeroDivisionError), workers.place():
            await workers.run(lambda: 1 / 0)
        with workers.place():
            assert await workers.run(lambda: 3) == 3
        workers.close()

    run(work)


def test_each_caller_has_a_rate_of_its_own() -> None:
    rates = Rates(parse("2/year"))
    for caller in ("desk", "job"):
        rates.check(caller)
        rates.check(caller)
        with pytest.raises(ProblemError) as caught:
            rates.check(caller)
        assert caught.value.status_code == 429
        assert 1 <= int((caught.value.headers or {})["Retry-After"]) <= YEAR_S


# A window that no test crosses the end of, but one at New Year.
YEAR_S = 366 * 24 * 3_600


def wait_for(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until, "it did not come to that within 30 s"
        time.sleep(0.01)


def test_a_connection_that_says_nothing_is_given_up_and_others_are_not(start: Start) -> None:
    with start(API_SECONDS="1") as service:
        silent = socket.create_connection(("127.0.0.1", service.port), timeout=30)
        half = socket.create_connection(("127.0.0.1", service.port), timeout=30)
        half.sendall(b"POST /v1/sc")
        with silent, half:
            # The end of each: the service has closed it.
            assert silent.recv(1) == b""
            assert half.recv(1) == b""
        assert service.client.get("/health/live").status_code == 200


def test_small_batches_take_no_place_that_a_large_one_waits_in(start: Start, check_problem: CheckProblem) -> None:
    head = b"POST /v1/score/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: 99\r\n\r\n"
    with start(API_BATCHES="1") as service, socket.create_connection(("127.0.0.1", service.port), timeout=30) as slow:
        slow.sendall(head)
        wait_for(lambda: "scoreroom_requests_in_flight 2.0" in service.client.get("/metrics").text)
        small = service.client.post("/v1/score/batch", json={"applications": [{}] * 5})
        assert len(small.json()["scores"]) == 5
        many = service.client.post("/v1/score/batch", json={"applications": [{}] * 50})
        check_problem(many, 503, "overloaded", "1 batches, the most at once, are under way")


def test_a_preflight_that_is_refused_is_a_problem(start: Start, check_problem: CheckProblem) -> None:
    with start(ORIGINS="https://bank.example") as service:
        asked = {"Origin": "https://bank.example", "Access-Control-Request-Method": "DELETE"}
        answer = service.client.options("/v1/score", headers=asked)
        check_problem(answer, 400, "bad-request", "Disallowed CORS method")


def test_browsers_may_call_from_origins_that_are_named(start: Start, check_problem: CheckProblem) -> None:
    asked = {"Origin": "https://bank.example", "Access-Control-Request-Method": "POST"}
    with start() as service:
        answer = service.client.options("/v1/score", headers=asked)
        check_problem(answer, 403, "forbidden", "SCOREROOM_ORIGINS")
        assert "access-control-allow-origin" not in answer.headers
    with start(ORIGINS="https://bank.example") as service:
        assert service.client.options("/v1/score", headers=asked).status_code == 200
        answer = service.client.post("/v1/score", json={"x": 1}, headers={"Origin": "https://bank.example"})
        # A problem, too, can be read there.
        check_problem(answer, 422, "invalid-application")
        assert answer.headers["access-control-allow-origin"] == "https://bank.example"
        other = service.client.get("/health/live", headers={"Origin": "https://other.example"})
        check_problem(other, 403, "forbidden", "SCOREROOM_ORIGINS")
        assert "access-control-allow-origin" not in other.headers

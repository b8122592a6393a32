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
from inference.service.keys import add_key
from inference.service.problems import ProblemError

if TYPE_CHECKING:
    from pathlib import Path

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


def test_a_key_that_sends_too_much_is_told_when_to_come_again(
    start: Start, check_problem: CheckProblem, tmp_path: Path
) -> None:
    path = tmp_path / "keys"
    one, two = ({"Authorization": f"Bearer {add_key(path, name)}"} for name in ("one", "two"))
    with start(API_KEYS=str(path), API_RATE="3/year") as service:
        client = service.client
        body: dict[str, object] = {"application": {}}
        for _ in range(3):
            assert client.post("/v1/score", json=body, headers=one).status_code == 200
            # Whoever watches the service is held back by nobody's rate.
            assert client.get("/metrics", headers=one).status_code == 200
        answer = client.post("/v1/score", json=body, headers=one)
        check_problem(answer, 429, "too-many-requests", "More than 3 per 1 year were sent; try again in")
        assert 1 <= int(answer.headers["retry-after"]) <= YEAR_S
        assert client.post("/v1/score", json=body, headers=two).status_code == 200
        # Nobody's rate: a wrong key is refused before it is counted, and health is free.
        assert client.post("/v1/score", json=body).status_code == 401
        assert client.get("/health/ready").status_code == 200


BODY = b'{"application": {}}'
# A window that no test crosses the end of, but one at New Year.
YEAR_S = 366 * 24 * 3_600
HEAD = (
    b"POST /v1/score HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
)
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def begin(port: int) -> socket.socket:
    """A connection on which a request was let in, and all of it but its last byte was sent."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(HEAD % len(BODY))
    assert connection.recv(len(CONTINUE)) == CONTINUE
    connection.sendall(BODY[:-1])
    return connection


def finish(connection: socket.socket) -> bytes:
    """The first line of the answer, once the last byte was sent."""
    with connection:
        connection.sendall(BODY[-1:])
        return connection.recv(100).partition(b"\r\n")[0]


def wait_for(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until, "it did not come to that within 30 s"
        time.sleep(0.01)


def test_requests_beyond_the_bound_are_turned_away_and_those_within_it_answered(
    start: Start, check_problem: CheckProblem
) -> None:
    with start(API_IN_FLIGHT="2") as service:
        client = service.client
        waiting = [begin(service.port) for _ in range(2)]
        for _ in range(3):
            answer = client.post("/v1/score", content=BODY, headers={"content-type": "application/json"})
            check_problem(answer, 503, "overloaded", "More than 2 requests are under way")
            assert answer.headers["retry-after"] == "1"
        assert client.get("/health/ready").status_code == 200
        assert [finish(connection) for connection in waiting] == [b"HTTP/1.1 200 OK"] * 2
        assert client.post("/v1/score", json={"application": {}}).status_code == 200


def test_a_body_that_does_not_arrive_is_given_up(start: Start) -> None:
    with start(API_SECONDS="1") as service, begin(service.port) as connection, connection.makefile("rb") as stream:
        answer = b""
        while b"}" not in answer:
            answer += stream.read1()
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b"The body did not arrive within 1 s; send it faster, or less of it." in answer


def test_a_client_that_goes_away_is_nobody_s_fault(start: Start) -> None:
    with start() as service:
        begin(service.port).close()
        wait_for(lambda: any(line["route"] == "/v1/score" for line in service.events()))
        assert [line["status"] for line in service.events() if line["route"] == "/v1/score"] == [499]
        assert service.events("fault") == []


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


@pytest.mark.parametrize("trusted", ["", "127.0.0.1"])
def test_an_address_is_the_caller_s_own_unless_a_proxy_is_trusted(start: Start, trusted: str) -> None:
    with start(API_RATE="2/year", TRUSTED_PROXIES=trusted) as service:
        found = [
            service.client.get("/v1/model", headers={"X-Forwarded-For": f"10.0.0.{number}"}).status_code
            for number in range(4)
        ]
    assert found == ([200] * 4 if trusted else [200, 200, 429, 429])


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

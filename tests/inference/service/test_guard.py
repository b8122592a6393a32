"""What the guard lets in and turns away: rates, requests under way, bodies, and the ids of requests."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx
import pytest

from inference.service.keys import add_key

if TYPE_CHECKING:
    from pathlib import Path

    from tests.inference.service.conftest import CheckProblem, Start


BODY = b'{"application": {}}'
# A window that no test crosses the end of, but one at New Year.
YEAR_S = 366 * 24 * 3_600
HEAD = (
    b"POST /v1/score HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
)
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


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


@pytest.mark.parametrize("trusted", ["", "127.0.0.1"])
def test_an_address_is_the_caller_s_own_unless_a_proxy_is_trusted(start: Start, trusted: str) -> None:
    with start(API_RATE="2/year", TRUSTED_PROXIES=trusted) as service:
        found = [
            service.client.get("/v1/model", headers={"X-Forwarded-For": f"10.0.0.{number}"}).status_code
            for number in range(4)
        ]
    assert found == ([200] * 4 if trusted else [200, 200, 429, 429])


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "<script>", 'quo"te'])
def test_an_id_that_is_none_is_replaced(client: httpx.Client, given: str) -> None:
    found = client.get("/health/live", headers={"X-Request-ID": given}).headers["x-request-id"]
    assert re.fullmatch("[0-9a-f]{32}", found)


def test_an_id_is_given_back_with_problems_too(client: httpx.Client) -> None:
    for answer in (
        client.get("/none", headers={"X-Request-ID": "a-1"}),
        client.get("/v1/model", headers={"X-Request-ID": "a-1"}),
    ):
        assert answer.headers["x-request-id"] == "a-1"

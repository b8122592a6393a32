"""A client that breaks HTTP in its body, reads slowly or not at all: what the real Uvicorn does, and logs no fault."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from inference.serving.connection import Connection
from inference.serving.pieces import Pieces
from inference.serving.server import Server, configure
from inference.serving.settings import load_web_settings
from scripts.benchmarks.server import free_port
from tests.inference.serving.conftest import Certificate

HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
# More than the system takes off the server's hands.
LONG_BYTES = 16_000_000
ESTABLISHED = b"\x01"
BROKEN = b"1\r\na\r\nno length\r\n"


class Application:
    """Begins its answer before it reads the body, if it `begins_early`, and keeps what it was sent."""

    def __init__(self, *, begins_early: bool) -> None:
        self._begins_early = begins_early
        self.received: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        if self._begins_early:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        while True:
            message = await receive()
            self.received.append(message["type"])
            if message["type"] == "http.disconnect" or not message["more_body"]:
                break
        if not self._begins_early:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"whole"})


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture(params=[False, True], ids=["answers late", "has begun"])
def application(request: pytest.FixtureRequest, port: int) -> Iterator[Application]:
    served = Application(begins_early=request.param)
    listening = threading.Event()
    server = Server(configure(served, "127.0.0.1", port), on_listening=listening.set)
    thread = threading.Thread(target=server.run)
    thread.start()
    assert listening.wait(30)
    yield served
    server.should_exit = True
    thread.join(30)


def answer_to(port: int, *parts: bytes) -> bytes:
    """All that comes back until the connection is closed; each part is sent once the one before it is answered."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(parts[0])
        came = b""
        for part in parts[1:]:
            came += client.recv(1 << 16)
            client.sendall(part)
        while more := client.recv(1 << 16):
            came += more
        return came


def test_a_broken_body_is_answered_once_or_cut_off(
    application: Application, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        if application._begins_early:
            came = answer_to(port, HEAD, BROKEN)
            assert came.startswith(b"HTTP/1.1 200")
            assert b"whole" not in came
        else:
            came = answer_to(port, HEAD + BROKEN)
            assert came.startswith(b"HTTP/1.1 400")
        assert came.count(b"HTTP/1.1") == 1
    assert application.received[-1] == "http.disconnect"
    assert [record.message for record in caplog.records] == ["Invalid HTTP request received."]


class Impatient(Connection):
    """A connection whose clients have little time."""

    seconds = 1


async def long_answer(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await Application(begins_early=False)(scope, receive, send)
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": bytes(LONG_BYTES)})


@pytest.fixture(params=[False, True], ids=["plain", "TLS"])
def long_answers(request: pytest.FixtureRequest, port: int, certificate: Certificate) -> Iterator[socket.socket]:
    """A connection on which a long answer was asked for, of a server that is impatient."""
    paths = {"SCOREROOM_TLS_CERT": str(certificate.cert), "SCOREROOM_TLS_KEY": str(certificate.key)}
    tls = load_web_settings(paths if request.param else {}).tls
    listening = threading.Event()
    app = Pieces(long_answer, seconds=Impatient.seconds)
    server = Server(configure(app, "127.0.0.1", port, tls, connection=Impatient), on_listening=listening.set)
    thread = threading.Thread(target=server.run)
    thread.start()
    assert listening.wait(30)
    with socket.create_connection(("127.0.0.1", port), timeout=30) as plain:
        client = certificate.trust.wrap_socket(plain, server_hostname="localhost") if request.param else plain
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        yield client
        client.close()
    server.should_exit = True
    thread.join(30)


def test_who_reads_slowly_gets_all_of_a_long_answer(
    long_answers: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    began, came = time.monotonic(), 0
    while part := long_answers.recv(1 << 16):
        came += len(part)
        time.sleep(len(part) / 5e6)
    assert came > LONG_BYTES
    assert time.monotonic() - began > 2 * Impatient.seconds
    assert caplog.messages == []


def test_who_does_not_read_a_long_answer_is_broken_off(long_answers: socket.socket) -> None:
    until = time.monotonic() + 60
    while long_answers.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) == ESTABLISHED:
        assert time.monotonic() < until, "the connection still stands"
        time.sleep(0.05)
    came = 0
    with suppress(OSError):
        while part := long_answers.recv(1 << 16):
            came += len(part)
    assert came < LONG_BYTES

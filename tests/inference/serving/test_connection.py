"""A client that breaks HTTP in its body: what the real Uvicorn does, and logs no fault."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from inference.serving.server import Server, configure
from scripts.benchmarks.server import free_port

HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
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

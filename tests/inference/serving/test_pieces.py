"""Long answers: who reads slowly gets all of one, who does not read at all is broken off."""

from __future__ import annotations

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

# More than the system takes off the server's hands.
LONG_BYTES = 16_000_000


ESTABLISHED = b"\x01"


@pytest.fixture
def port() -> int:
    return free_port()


class Impatient(Connection):
    """A connection whose clients have little time."""

    seconds = 1


async def long_answer(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": bytes(LONG_BYTES)})


@pytest.fixture(params=[False, True], ids=["plain", "TLS"])
def long_answers(request: pytest.FixtureRequest, port: int, certificate: Certificate) -> Iterator[socket.socket]:
    """A connection on which a long answer was asked for, of a server that is impatient."""
    paths = {"SCOREROOM_TLS_CERT": str(certificate.cert), "SCOREROOM_TLS_KEY": str(certificate.key)}
    tls = load_web_settings(paths if request.param else {}).tls
    listening = threading.Event()
    app = Pieces(long_answer, seconds=Impatient.seconds)
    config = configure(app, "127.0.0.1", port, tls, connection=Impatient, lifespan="off")
    server = Server(config, on_listening=listening.set)
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

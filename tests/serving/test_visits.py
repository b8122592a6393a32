"""Strangers at the dashboard's server: what no page asked for is refused, and what no page sends is not obeyed."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed, InvalidStatus

from data.settings import ROOT
from scripts.benchmarks.server import free_port
from scripts.memory.visit import Visit, upload, visiting

PATIENCE_S = 90
# What it shows tells whether the caches are those of the run before; the rest is much to read.
SCRIPT = """
import uuid
import streamlit as st

@st.cache_data
def drawn():
    return uuid.uuid4().hex

st.exception(Exception(drawn()))
if st.query_params.get("long"):
    st.code("x" * 40_000_000)
"""
SERVE = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_NOFILE, (1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
from dashboard.server.serving import serve_script
from inference.serving.connection import Websocket
from inference.serving.settings import WebSettings
Websocket.seconds = 2
serve_script(Path(sys.argv[1]), WebSettings(), "127.0.0.1", int(sys.argv[2]))
"""


@pytest.fixture(name="server", scope="module")
def fixture_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """The address and the process of a server of a small script, which takes two visits and files of 2 MB at once."""
    folder, port = tmp_path_factory.mktemp("app"), free_port()
    (folder / "app.py").write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(folder / "app.py"), str(port)],
        cwd=ROOT, env=os.environ | {"SCOREROOM_VISITS": "2", "SCOREROOM_UPLOADS_MB": "2"},
    )  # fmt: skip
    address, until = f"http://127.0.0.1:{port}", time.monotonic() + PATIENCE_S
    while True:
        with suppress(httpx.TransportError):
            httpx.get(f"{address}/_stcore/health", trust_env=False)
            break
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)
    yield address, process.pid
    process.terminate()
    process.wait(PATIENCE_S)


@pytest.fixture(name="address")
def fixture_address(server: tuple[str, int]) -> str:
    return server[0]


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    # In a thread of its own, since a browser of other tests may hold this one's loop.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work()).result()


def shown(visit: Visit) -> str:
    return visit.errors[-1]


def announced(address: str, place: str, length: int) -> bytes:
    """The answer to who only says that a file of so many bytes will come."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as connection:
        connection.sendall(f"PUT {place} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n".encode())
        answer = b""
        while part := connection.recv(4_096):
            answer += part
    return answer


def test_what_nobody_asked_for_is_refused_before_it_is_sent(address: str) -> None:
    upload_of_nobody = announced(address, "/_stcore/upload_file/a/b", 90_000_000)
    assert upload_of_nobody.startswith(b"HTTP/1.1 404")
    assert b"This file was not asked for" in upload_of_nobody
    assert announced(address, "/", 90_000_000).startswith(b"HTTP/1.1 413")


def test_a_file_goes_once_to_the_place_that_its_visit_asked_for(address: str) -> None:
    async def work() -> None:
        async with visiting(address) as visit:
            place = (await visit.ask_for_place("a.csv")).upload_url
            foreign = place.replace(visit.session, "another")
            assert await upload(address, foreign, "a.csv", b"x") == 404
            assert await upload(address, place, "a.csv", b"x" * 1_500_000) == 204
            assert await upload(address, place, "a.csv", b"x") == 404
            # A new one takes the place of what was not read, also where both together would be too much.
            place = (await visit.ask_for_place("b.csv")).upload_url
            assert await upload(address, place, "b.csv", b"x" * 1_000) == 204
            later = (await visit.ask_for_place("c.csv")).upload_url
            too_long = await asyncio.to_thread(announced, address, later, 101_000_000)
            assert too_long.startswith(b"HTTP/1.1 413")
        assert await upload(address, later, "c.csv", b"x") == 404

    run(work)


def test_a_frame_that_is_no_message_ends_its_visit_and_is_no_fault(
    address: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async def work() -> None:
        async with visiting(address) as visit:
            await visit.socket.send(b"\xff" * 20)
            # Whatever else was on its way comes before.
            with suppress(ConnectionClosed):
                async for _ in visit.socket:
                    pass
            await visit.socket.wait_closed()
            assert visit.socket.close_code == 1002

    run(work)
    assert "deserializing" not in capfd.readouterr().err


def test_caches_are_nobody_s_to_empty(address: str) -> None:
    async def work() -> None:
        async with visiting(address) as visit:
            before = shown(visit)
            for kind in ("clear_cache", "load_git_info", "debug_disconnect_websocket", "debug_shutdown_runtime"):
                message = BackMsg()
                setattr(message, kind, True)
                await visit.send(message)
            await visit.run()
            assert shown(visit) == before

    run(work)


def test_no_more_visits_are_let_in_than_may_be(address: str) -> None:
    async def work() -> None:
        async with visiting(address), visiting(address):
            with pytest.raises(InvalidStatus) as caught:
                async with visiting(address):
                    pass
            assert caught.value.response.status_code == 503
            page = httpx.get(address, headers={"accept": "text/html"}, trust_env=False)
            assert page.status_code == 503
            assert "as many visitors as it may have at once (2); try again in a minute" in page.text
            assert page.headers["retry-after"] == "60"
        async with visiting(address):
            page = httpx.get(address, headers={"accept": "text/html"}, trust_env=False)
            assert page.status_code == 200

    run(work)


def test_a_visit_that_does_not_read_is_broken_off(address: str) -> None:
    async def work() -> None:
        async with visiting(address) as visit:
            message = BackMsg()
            message.rerun_script.query_string = "long=1"
            await visit.send(message)
            visit.socket.transport.pause_reading()
            until = time.monotonic() + PATIENCE_S
            while not visit.socket.transport.is_closing():
                assert time.monotonic() < until
                await asyncio.sleep(0.1)
                with suppress(ConnectionClosed, OSError):
                    await visit.socket.ping()
        async with visiting(address), visiting(address):
            # Its place is free again.
            pass

    run(work)


def test_the_server_takes_as_many_descriptors_as_it_may_have(server: tuple[str, int]) -> None:
    limits = Path(f"/proc/{server[1]}/limits").read_text(encoding="ascii")
    soft, hard = next(line.split()[3:5] for line in limits.splitlines() if line.startswith("Max open files"))
    assert int(soft) == min(int(hard), 65_536)
    assert int(soft) > 1_024

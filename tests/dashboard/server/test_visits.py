"""Strangers at the dashboard's server: what no page asked for is refused, and what no page sends is not obeyed."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from websockets.exceptions import ConnectionClosed, InvalidStatus

from scripts._visitor import Visitor, upload, visiting
from scripts.benchmarks.server import free_port
from tests.inference.serving.conftest import process

PATIENCE_S = 90
# What it shows tells whether the caches are those of the run before; the rest is much to read.
SCRIPT = """
import uuid
import streamlit as st

@st.cache_data
def drawn():
    return uuid.uuid4().hex

@st.cache_resource
def kept():
    return []

kept().extend(st.session_state)
st.text(f"kept: {kept()}")
st.exception(Exception(drawn()))
if st.query_params.get("long"):
    for _ in range(100):
        st.code("x" * 400_000)
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
    command = [sys.executable, "-c", SERVE, str(folder / "app.py"), str(port)]
    with process(command, [port], folder / "said.log", VISITS="2", UPLOADS_MB="2") as started:
        yield f"http://127.0.0.1:{port}", started.pid


@pytest.fixture(name="address")
def fixture_address(server: tuple[str, int]) -> str:
    return server[0]


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
    with visiting(address) as visitor:
        visitor.run()
        place = visitor.ask_for_place("a.csv").upload_url
        foreign = place.replace(visitor.session, "another")
        assert upload(address, foreign, "a.csv", b"x") == 404
        assert upload(address, place, "a.csv", b"x" * 1_500_000) == 204
        assert upload(address, place, "a.csv", b"x") == 404
        # A new one takes the place of what was not read, also where both together would be too much.
        place = visitor.ask_for_place("b.csv").upload_url
        assert upload(address, place, "b.csv", b"x" * 1_000) == 204
        later = visitor.ask_for_place("c.csv").upload_url
        assert announced(address, later, 101_000_000).startswith(b"HTTP/1.1 413")
    assert upload(address, later, "c.csv", b"x") == 404


def test_a_frame_that_is_no_message_ends_its_visit_and_is_no_fault(
    address: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with visiting(address) as visitor:
        visitor.send(b"\xff" * 20)
        # Whatever else was on its way comes before.
        with suppress(ConnectionClosed):
            while True:
                visitor.connection.recv(30)
        assert visitor.connection.close_code == 1002
    assert "deserializing" not in capfd.readouterr().err


@pytest.mark.parametrize(
    "path", ["metrics", "script-health-check", "agent/interact", "agent/mcp", "agent/openapi.json"]
)
def test_what_is_for_developers_and_programs_is_not_there(address: str, path: str) -> None:
    for method in ("GET", "POST"):
        assert httpx.request(method, f"{address}/_stcore/{path}", trust_env=False).status_code == 404


def test_a_page_takes_away_what_it_dropped_before(address: str) -> None:
    with visiting(address) as visitor:
        place = visitor.ask_for_place("a.csv").upload_url
        assert upload(address, place, "a.csv", b"x") == 204
        visitor.ask_for_place("b.csv")
        # As a page does, which says whose file it is in a body.
        body = {"sessionId": visitor.session}
        with httpx.Client(base_url=address, trust_env=False) as page:
            page.headers["X-Xsrftoken"] = page.get("/_stcore/health").cookies["_streamlit_xsrf"]
            assert page.request("DELETE", place, json=body).status_code == 204
            assert page.request("DELETE", f"{place}x", json=body).status_code == 404


def test_caches_are_nobody_s_to_empty(address: str) -> None:
    with visiting(address) as visitor:
        before = visitor.run().exceptions
        for kind in ("clear_cache", "load_git_info", "debug_disconnect_websocket", "debug_shutdown_runtime"):
            message = BackMsg()
            setattr(message, kind, True)
            visitor.send(message)
        assert visitor.run().exceptions == before
        assert len(before) == 1


def test_no_state_is_set_but_that_of_widgets(address: str) -> None:
    with visiting(address) as visitor:
        visitor.run()
        message = BackMsg()
        message.rerun_script.widget_states.widgets.add(id="foreign", string_value="x")
        visitor.send(message)
        assert visitor.run()._elements("text")[0].text.body == "kept: []"


def test_no_more_visits_are_let_in_than_may_be(address: str) -> None:
    with visiting(address), visiting(address):
        with pytest.raises(InvalidStatus) as caught, visiting(address):
            pytest.fail("a third was let in")
        assert caught.value.response.status_code == 503
        page = httpx.get(address, headers={"accept": "text/html"}, trust_env=False)
        assert page.status_code == 503
        assert "as many visitors as it may have at once (2); try again in a minute" in page.text
        assert page.headers["retry-after"] == "60"
    with visiting(address):
        page = httpx.get(address, headers={"accept": "text/html"}, trust_env=False)
        assert page.status_code == 200


def is_open(visitor: Visitor) -> bool:
    with suppress(ConnectionClosed):
        visitor.connection.ping()
        return True
    return False


def test_a_visit_that_does_not_read_is_broken_off(address: str) -> None:
    with visiting(address) as visitor:
        # The client keeps sixteen messages that nobody takes, and reads no more.
        visitor.send(BackMsg(rerun_script=ClientState(query_string="long=1")))
        until = time.monotonic() + PATIENCE_S
        while is_open(visitor):
            assert time.monotonic() < until
            time.sleep(0.1)
    with visiting(address), visiting(address):
        # Its place is free again.
        pass


def test_the_server_takes_as_many_descriptors_as_it_may_have(server: tuple[str, int]) -> None:
    limits = Path(f"/proc/{server[1]}/limits").read_text(encoding="ascii")
    soft, hard = next(line.split()[3:5] for line in limits.splitlines() if line.startswith("Max open files"))
    assert int(soft) == min(int(hard), 65_536)
    assert int(soft) > 1_024

"""Files made when they are asked for, by a visit to a real server: no click is lost, and files wait."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import httpx
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from scripts._visitor import Screen, Visitor, visiting
from scripts.benchmarks.server import free_port
from tests.dashboard.server.conftest import SERVE
from tests.inference.serving.conftest import process

SCRIPT = """
import streamlit as st
from dashboard.components.files import offer_file

n = st.query_params.get("n", "0")
offer_file("Get", lambda: f"made for {n}".encode(), "a.csv", "text/csv", what="test")
"""


@pytest.fixture(name="address", scope="module")
def fixture_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("app"), free_port()
    (folder / "app.py").write_text(SCRIPT)
    command = [sys.executable, "-c", SERVE, str(folder / "app.py"), str(port)]
    with process(command, [port], folder / "said.log"):
        yield f"http://127.0.0.1:{port}"


def button_of(screen: Screen) -> str:
    (element,) = screen._elements("download_button")
    return str(element.download_button.deferred_file_id)


def press(visitor: Visitor, button: str) -> str:
    """The address of the file that a button makes; empty where it makes none."""
    asked = BackMsg()
    asked.backend_operation_request.request_id = button
    asked.backend_operation_request.session_id = visitor.session
    asked.backend_operation_request.deferred_file.file_id = button
    visitor.send(asked)
    answer = visitor._until(lambda each: each.WhichOneof("type") == "backend_operation_response")[-1]
    return str(answer.backend_operation_response.deferred_file.url)


def get(address: str, place: str) -> str:
    return httpx.get(f"{address}{place}", trust_env=False).text


def test_a_button_that_a_run_has_replaced_makes_what_it_was_drawn_for(address: str) -> None:
    with visiting(address) as visitor:
        replaced = button_of(visitor.run())
        present = button_of(visitor.run(query={"n": "1"}))
        assert replaced != present
        assert get(address, press(visitor, replaced)) == "made for 0"
        assert get(address, press(visitor, present)) == "made for 1"


def test_the_runs_of_others_do_not_take_a_file_away(address: str) -> None:
    with visiting(address) as visitor, visiting(address) as other:
        place = press(visitor, button_of(visitor.run(query={"n": "7"})))
        # What no visit holds on to goes with the second run that anybody ends.
        for _ in range(3):
            other.run()
        assert get(address, place) == "made for 7"
        assert press(visitor, "no button") == ""

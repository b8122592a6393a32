"""Strangers at the dashboard's server: what no page asked for is refused, and what no page sends is not obeyed."""

from __future__ import annotations

import time
from contextlib import suppress

import httpx
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from websockets.exceptions import ConnectionClosed, InvalidStatus

from scripts._visitor import Visitor, visiting
from tests.dashboard.server.conftest import PATIENCE_S


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

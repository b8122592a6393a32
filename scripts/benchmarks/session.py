"""A visit without a browser: the dashboard's websocket, over which one run of the script is asked for."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

_PATIENCE_S = 60


def run_session(address: str, port: int, origin: str, trust: ssl.SSLContext | None = None) -> list[ForwardMsg]:
    """Open the websocket `address` at a port of this machine, run the script once, and return what came until its end.

    Raises:
        websockets.exceptions.InvalidStatus: the server refuses it.
    """
    options: dict[str, Any] = {"ssl": trust} if trust else {}
    reached = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S)
    with connect(
        address, sock=reached, origin=Origin(origin), subprotocols=[Subprotocol("streamlit")], max_size=None, **options
    ) as session:
        asked = BackMsg()
        asked.rerun_script.query_string = ""
        session.send(asked.SerializeToString())
        found: list[ForwardMsg] = []
        while not found or found[-1].WhichOneof("type") != "script_finished":
            message = ForwardMsg()
            content = session.recv(timeout=_PATIENCE_S)
            assert isinstance(content, bytes)
            message.ParseFromString(content)
            found.append(message)
        return found


def shows(messages: Sequence[ForwardMsg], text: str) -> bool:
    """Whether a run ended well and wrote `text`, and no exception, on the screen."""
    drawn = [message.delta.new_element for message in messages if message.WhichOneof("type") == "delta"]
    return (
        messages[-1].script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
        and not any(element.WhichOneof("type") == "exception" for element in drawn)
        and any(text in str(element) for element in drawn)
    )

"""A reader of the dashboard without a browser: the same websocket and messages, and what the screen would show."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

PATIENCE_S = 120.0


class VisitError(RuntimeError):
    """A run that did not come to its end."""


@dataclass
class Screen:
    """What one run wrote: metrics by label, headings, exceptions, and the seconds from request to end."""

    metrics: dict[str, str] = field(default_factory=dict)
    headings: list[str] = field(default_factory=list)
    exceptions: list[str] = field(default_factory=list)
    pages: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


class Visitor:
    """One visit; a context manager that hangs up at its end."""

    def __init__(self, port: int) -> None:
        self._open = ExitStack()
        # Closed whatever becomes of what is said on it.
        line = self._open.enter_context(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S))
        dialled = connect(
            f"ws://localhost:{port}/_stcore/stream", sock=line, origin=Origin(f"http://localhost:{port}"),
            subprotocols=[Subprotocol("streamlit")], max_size=None, open_timeout=PATIENCE_S, proxy=None,
        )  # fmt: skip
        try:
            self._connection: ClientConnection = self._open.enter_context(dialled)
        except BaseException:
            self._open.close()
            raise
        self.pages: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._open.close()

    def send(self, content: bytes | str) -> None:
        """Send a frame as it is, whatever it is."""
        self._connection.send(content)

    def show(self, page: str = "", query: Mapping[str, str | Sequence[str]] | str = "", **state: Any) -> Screen:
        """Open the page at `page` with a query and wait until its run is over.

        Raises:
            VisitError: the connection was closed, or the run did not end.
        """
        asked = BackMsg()
        rerun = asked.rerun_script
        rerun.query_string = query if isinstance(query, str) else urlencode(query, doseq=True)
        rerun.page_name = page
        rerun.is_history_navigation = True
        rerun.page_script_hash = self.pages.get(page, "")
        for name, value in state.items():
            setattr(rerun, name, value)
        begun = time.monotonic()
        self.send(asked.SerializeToString())
        return self._read(begun)

    def _read(self, begun: float) -> Screen:
        screen = Screen()
        try:
            while True:
                content = self._connection.recv(timeout=begun + PATIENCE_S - time.monotonic())
                told = ForwardMsg.FromString(content if isinstance(content, bytes) else content.encode())
                if self._take(told, screen):
                    break
        except Exception as error:
            raise VisitError(f"{type(error).__name__}: {error}") from error
        screen.seconds = time.monotonic() - begun
        self.pages |= screen.pages
        return screen

    @staticmethod
    def _take(told: ForwardMsg, screen: Screen) -> bool:
        """Note what a message says; whether it says that the run is over."""
        kind = told.WhichOneof("type")
        if kind == "navigation":
            screen.pages |= {page.url_pathname: page.page_script_hash for page in told.navigation.app_pages}
        if kind == "delta" and told.delta.WhichOneof("type") == "new_element":
            element = told.delta.new_element
            what = element.WhichOneof("type")
            if what == "metric":
                screen.metrics[element.metric.label] = element.metric.body
            elif what == "heading":
                screen.headings.append(element.heading.body)
            elif what == "exception":
                screen.exceptions.append(f"{element.exception.type}: {element.exception.message}")
        return kind == "script_finished"

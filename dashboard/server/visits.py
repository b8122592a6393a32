"""Limit the number of visits, and pass on only those messages that a page sends."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import MutableMapping

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from dashboard.server.uploads import Key, key_of

# What a page sends. Others would empty the caches of all visitors, write to the disk, or are for developers.
_TAKEN = frozenset({"stop_script", "app_heartbeat"})
# How the ids of all widgets begin, and those of what our charts ask for (components/plot.py).
_WIDGETS = ("$$ID", "$$STREAMLIT_INTERNAL_KEY_$$ID")
_OPERATIONS = frozenset({"deferred_file", "dataframe_chunk"})
# Upload addresses whose files a visit may still delete.
_REMEMBERED = 20
_FULL = "Scoreroom has as many visitors as it may have at once ({most}); try again in a minute."
_PROTOCOL_ERROR = 1002
_AGAIN = {"Retry-After": "60"}
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="60">
<title>Scoreroom is full</title></head><body style="font-family: sans-serif; margin: 3rem"><p>{sentence}</p></body>
</html>
"""


class Visits:
    """ASGI middleware: limit the number of visits, and filter their messages.

    The upload addresses that a visit requests stay in `issued` until it ends.
    """

    def __init__(self, app: ASGIApp, *, most: int, issued: MutableMapping[Key, bool]) -> None:
        self._app = app
        self._most = most
        self._issued = issued
        self._n_open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._visit(scope, receive, send)
        elif self._is_full and _asks_for_page(scope):
            await HTMLResponse(_PAGE.format(sentence=self._sentence), 503, _AGAIN)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    @property
    def _is_full(self) -> bool:
        return self._n_open >= self._most

    @property
    def _sentence(self) -> str:
        return _FULL.format(most=self._most)

    async def _visit(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._is_full:
            await PlainTextResponse(self._sentence, 503, _AGAIN)(scope, receive, send)
            return
        visit = _Visit(receive, send, self._issued)
        self._n_open += 1
        try:
            await self._app(scope, visit.receive, visit.send)
        finally:
            self._n_open -= 1
            visit.forget()


class _Visit:
    """One websocket."""

    def __init__(self, receive: Receive, send: Send, issued: MutableMapping[Key, bool]) -> None:
        self._receive = receive
        self._send = send
        self._issued = issued
        self._own: deque[Key] = deque()
        self._n_asked = 0
        self._is_read = asyncio.Event()
        self._is_read.set()

    async def receive(self) -> Message:
        """The next message to pass on, once the client has read what was sent before."""
        while True:
            message = await self._receive()
            if message["type"] != "websocket.receive":
                return message
            asked = _read(message.get("bytes") or b"")
            if asked is None:
                # Streamlit would close the connection too, and log an error each time.
                await self.send({"type": "websocket.close", "code": _PROTOCOL_ERROR})
                return {"type": "websocket.disconnect", "code": _PROTOCOL_ERROR}
            if self._is_taken(asked):
                # A client that does not read gets nothing more.
                await self._is_read.wait()
                return message

    async def send(self, message: Message) -> None:
        """Send `message`, and note upload addresses in it."""
        if self._n_asked and message["type"] == "websocket.send":
            self._note(message.get("bytes") or b"")
        self._is_read.clear()
        try:
            await self._send(message)
        finally:
            self._is_read.set()

    def forget(self) -> None:
        """Withdraw all upload addresses of this visit."""
        for key in self._own:
            self._issued.pop(key, None)
        self._own.clear()

    def _is_taken(self, message: BackMsg) -> bool:
        kind = message.WhichOneof("type")
        if kind == "file_urls_request":
            # One file is dropped at a time.
            is_one = len(message.file_urls_request.file_names) == 1
            self._n_asked += is_one
            return is_one
        if kind == "backend_operation_request":
            return message.backend_operation_request.WhichOneof("payload") in _OPERATIONS
        if kind == "rerun_script":
            # Under another name, a widget's state would stand where the app keeps its own.
            return all(widget.id.startswith(_WIDGETS) for widget in message.rerun_script.widget_states.widgets)
        return kind in _TAKEN

    def _note(self, content: bytes) -> None:
        answer = ForwardMsg()
        answer.ParseFromString(content)
        if answer.WhichOneof("type") != "file_urls_response":
            return
        self._n_asked -= 1
        # An unused address stays unused. A page deletes what it dropped before once the next file is there.
        for before in self._own:
            self._issued[before] = False
        while len(self._own) >= _REMEMBERED:
            self._issued.pop(self._own.popleft(), None)
        for urls in answer.file_urls_response.file_urls:
            key = key_of(urls.upload_url)
            if key is not None:
                self._issued[key] = True
                self._own.append(key)


def _read(content: bytes) -> BackMsg | None:
    """Parse a frame; None if it holds no message."""
    message = BackMsg()
    try:
        message.ParseFromString(content)
    except DecodeError:
        return None
    return message


def _asks_for_page(scope: Scope) -> bool:
    return scope["type"] == "http" and Headers(scope=scope).get("accept", "").startswith("text/html")

"""What a run of a page sends to the browser goes out together.

Streamlit sends what a run has written every five milliseconds, and the browser draws the page anew after each time.
"""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

# The first figures of a long run are on the screen before its last ones are known.
LONGEST_S = 0.05
# The message that a run is over is a few bytes long; longer ones need not be read.
_SHORT = 64


class Bundles:
    """ASGI middleware: holds the messages of a websocket until a run is over, the first of them at most `LONGEST_S`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        held = _Held(send)
        try:
            await self._app(scope, receive, held.send)
        finally:
            held.forget()


class _Held:
    """The messages of one websocket that are not sent yet."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._messages: list[Message] = []
        # Nothing is added while messages go out, so that a slow browser is noticed as before.
        self._lock = asyncio.Lock()
        self._timer: asyncio.Task[None] | None = None

    async def send(self, message: Message) -> None:
        if self._timer is not None and self._timer.done():
            # Raises what sending raised.
            self._timer.result()
            self._timer = None
        async with self._lock:
            self._messages.append(message)
            if message["type"] != "websocket.send" or _ends_run(message.get("bytes")):
                await self._flush()
            elif self._timer is None:
                self._timer = asyncio.create_task(self._flush_later())

    def forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    async def _flush_later(self) -> None:
        await asyncio.sleep(LONGEST_S)
        async with self._lock:
            await self._flush()

    async def _flush(self) -> None:
        messages, self._messages = self._messages, []
        for message in messages:
            await self._send(message)


def _ends_run(sent: bytes | None) -> bool:
    return sent is not None and len(sent) < _SHORT and ForwardMsg.FromString(sent).HasField("script_finished")

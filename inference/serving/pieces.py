"""Answers handed on piece by piece, each once the one before it was taken off the process's hands."""

from __future__ import annotations

import asyncio

from inference.serving.asgi import ASGIApp, Message, Receive, Scope, Send
from inference.serving.connection import SLOWEST

_PIECE = 1 << 16


class Pieces:
    """ASGI middleware that sends long answers as fast as they are read, with a patience of `seconds` beside that."""

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        self._app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def in_pieces(message: Message) -> None:
            await send_in_pieces(message, scope, send, self._seconds)

        await self._app(scope, receive, in_pieces)


async def send_in_pieces(message: Message, scope: Scope, send: Send, seconds: float) -> bool:
    """Send a message as fast as its body is read, and say whether it was; what is not read in time is broken off.

    All at once it would be the server's to keep, for as long as the connection lasts.
    """
    if len(message.get("body", b"")) <= _PIECE:
        await send(message)
        return True
    body = memoryview(message["body"])
    try:
        async with asyncio.timeout(seconds + len(body) / SLOWEST):
            for start in range(0, len(body), _PIECE):
                stop = start + _PIECE
                more = message.get("more_body", False) or stop < len(body)
                await send({**message, "body": bytes(body[start:stop]), "more_body": more})
    except TimeoutError:
        scope["state"]["abort"]()
        return False
    return True

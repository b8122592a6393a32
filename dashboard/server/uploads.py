"""Uploads: taken only where a visit asked for one, no larger than the page takes, and few at once."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import runtime
from streamlit.runtime.stats import CacheStat

_ADDRESS = "/_stcore/upload_file/"
# What a form adds to the file that it holds.
_FRAMING = 10_000
_SHORT, _SHORT_S = 1 << 20, 5
_PATIENCE_S, _SLOWEST = 30, 250_000
# A session and one of its files.
Key = tuple[str, str]


class _SlowError(Exception):
    """A file that does not arrive in time."""


class Uploads:
    """ASGI middleware: lets in files that were asked for, and no other body at all."""

    def __init__(self, app: ASGIApp, *, issued: MutableMapping[Key, bool], most_bytes: int, total_bytes: int) -> None:
        """Files of at most `most_bytes`, `total_bytes` together, each once, to the places in `issued`.

        A place is there for as long as its visit lasts; it is True until a file goes there.
        """
        self._app = app
        self._issued = issued
        self._most_bytes = most_bytes
        self._total_bytes = total_bytes
        self._arriving = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        headers, key = Headers(scope=scope), key_of(scope["path"])
        size = _size(headers)
        refusal = self._refusal(scope["method"], key, size)
        if refusal is not None:
            await _skip(size, receive)
            await refusal(scope, receive, send)
        elif scope["method"] == "PUT" and key is not None and size is not None:
            self._issued[key] = False
            # The page has read what came before, or never will.
            runtime.get_instance().uploaded_file_mgr.remove_session_files(key[0])
            await self._take(size, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, method: str, key: Key | None, size: int | None) -> Response | None:
        if key is None:
            return None if size == 0 else _refuse(413, "Nothing is taken at this address; send no body.")
        if key not in self._issued or (method == "PUT" and not self._issued[key]):
            return _refuse(404, "This file was not asked for; drop it on the page again.")
        if method != "PUT":
            # A page says which session its file is to be taken away from.
            is_short = size is not None and size <= _FRAMING
            return None if is_short else _refuse(413, "Nothing is taken with this method; send no file.")
        if size is None:
            return _refuse(411, "The file has to say how long it is; send Content-Length.")
        if size > self._most_bytes + _FRAMING:
            return _refuse(413, f"The file is larger than {self._most_bytes / 1e6:,g} MB, the most that is taken.")
        if self._arriving + stored_bytes() + size > self._total_bytes and self._arriving + stored_bytes():
            return _refuse(503, "Too many files are arriving at once; try again in 10 s.", {"Retry-After": "10"})
        return None

    async def _take(self, size: int, scope: Scope, receive: Receive, send: Send) -> None:
        is_answered = False
        until = asyncio.get_running_loop().time() + _PATIENCE_S + size / _SLOWEST

        async def receive_in_time() -> Message:
            try:
                async with asyncio.timeout_at(until):
                    return await receive()
            except TimeoutError:
                raise _SlowError from None

        async def send_noted(message: Message) -> None:
            nonlocal is_answered
            is_answered = True
            await send(message)

        self._arriving += size
        try:
            await self._app(scope, receive_in_time, send_noted)
        except _SlowError:
            if not is_answered:
                await _refuse(408, "The file did not arrive in time; send it faster, or a smaller one.")(
                    scope, receive, send
                )
        finally:
            self._arriving -= size


def key_of(address: str) -> Key | None:
    """The session and the file that an address of uploads names, None for other addresses."""
    _, found, rest = address.partition(_ADDRESS)
    session, _, file = rest.partition("/")
    return (session, file) if found else None


def stored_bytes() -> int:
    """What Streamlit holds of files that came and were not read yet."""
    stats = runtime.get_instance().uploaded_file_mgr.get_stats()
    return sum(stat.byte_length for each in stats.values() for stat in each if isinstance(stat, CacheStat))


def _size(headers: Headers) -> int | None:
    """The length of a request's body, None where it is not said."""
    if "transfer-encoding" in headers:
        return None
    length = headers.get("content-length", "0")
    return int(length) if length.isdecimal() else None


async def _skip(size: int | None, receive: Receive) -> None:
    """Read a short body: who is still sending when the connection ends may never see the answer."""
    if size is not None and size <= _SHORT:
        with suppress(TimeoutError):
            async with asyncio.timeout(_SHORT_S):
                while (await receive()).get("more_body"):
                    pass


def _refuse(status: int, sentence: str, headers: dict[str, str] | None = None) -> Response:
    # What was on its way is not read: the connection ends with the answer.
    return PlainTextResponse(sentence, status, {"Connection": "close", **(headers or {})})

"""Accept uploads only where a visit asked for one, up to the page's limit, and few at once."""

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
# Bytes that a multipart form adds to its file.
_FRAMING = 10_000
_SHORT, _SHORT_S = 1 << 20, 5
_PATIENCE_S, _SLOWEST = 30, 250_000
# The ids of a session and of one of its files.
Key = tuple[str, str]


class _SlowError(Exception):
    """Raised if a file does not arrive in time."""


class Uploads:
    """ASGI middleware: let in the files that a visit asked for, and no other request body."""

    def __init__(self, app: ASGIApp, *, issued: MutableMapping[Key, bool], most_bytes: int, total_bytes: int) -> None:
        """Accept files up to `most_bytes` (`total_bytes` together), each once, at the addresses in `issued`.

        An address stays for as long as its visit lasts; its value is True until a file was sent there.
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
            # The page has read the files before this one, or never will.
            runtime.get_instance().uploaded_file_mgr.remove_session_files(key[0])
            await self._take(size, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, method: str, key: Key | None, size: int | None) -> Response | None:
        if key is None:
            return None if size == 0 else _refuse(413, "This address takes no files; send no body.")
        if key not in self._issued or (method == "PUT" and not self._issued[key]):
            return _refuse(404, "This file was not asked for; drop it on the page again.")
        if method != "PUT":
            # A page names in the body the session whose file it deletes.
            is_short = size is not None and size <= _FRAMING
            return None if is_short else _refuse(413, "This method takes no files; use PUT.")
        if size is None:
            return _refuse(411, "The request does not state its length; send Content-Length.")
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
    """The session and file in an upload's address; None for any other address."""
    _, is_upload, rest = address.partition(_ADDRESS)
    session, _, file = rest.partition("/")
    return (session, file) if is_upload else None


def stored_bytes() -> int:
    """Bytes that Streamlit holds of files that no page has read yet."""
    stats = runtime.get_instance().uploaded_file_mgr.get_stats()
    return sum(stat.byte_length for each in stats.values() for stat in each if isinstance(stat, CacheStat))


def _size(headers: Headers) -> int | None:
    """The length of a request's body; None if the request does not declare it."""
    if "transfer-encoding" in headers:
        return None
    length = headers.get("content-length", "0")
    return int(length) if length.isdecimal() else None


async def _skip(size: int | None, receive: Receive) -> None:
    """Read a short body, because a client that is still sending when the connection closes may miss the answer."""
    if size is not None and size <= _SHORT:
        with suppress(TimeoutError):
            async with asyncio.timeout(_SHORT_S):
                while (await receive()).get("more_body"):
                    pass


def _refuse(status: int, sentence: str, headers: dict[str, str] | None = None) -> Response:
    # The body is not read, so the connection closes with the answer.
    return PlainTextResponse(sentence, status, {"Connection": "close", **(headers or {})})

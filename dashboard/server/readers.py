"""A browser's own token, in a cookie, so that what is saved on the server is found again."""

from __future__ import annotations

import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.visit.reader import COOKIE, is_token

_YEAR = 365 * 24 * 3600


class Readers:
    """ASGI middleware that gives a browser without a token one, with the page itself."""

    def __init__(self, app: ASGIApp, base_path: str) -> None:
        """Let the cookie be for `base_path` and what is below it."""
        self._app = app
        self._path = base_path or "/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_new(scope):
            await self._app(scope, receive, send)
            return

        async def with_token(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("set-cookie", self._cookie())
            await send(message)

        await self._app(scope, receive, with_token)

    def _cookie(self) -> str:
        return f"{COOKIE}={secrets.token_hex(16)}; Path={self._path}; Max-Age={_YEAR}; HttpOnly; SameSite=Lax"


def _is_new(scope: Scope) -> bool:
    """Whether a browser asks for a page and has no token yet."""
    headers = Headers(scope=scope)
    is_page = scope["method"] == "GET" and headers.get("accept", "").startswith("text/html")
    return is_page and not is_token(cookie_parser(headers.get("cookie", "")).get(COOKIE, ""))

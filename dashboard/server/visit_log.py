"""Log each browser connection as a visit, and each refusal."""

from __future__ import annotations

import secrets
import time
from typing import Any

from dashboard import journal
from dashboard.journal import VISIT_HEADER, Who

_STREAM = "/_stcore/stream"
_UPLOAD, _MEDIA = "/_stcore/upload_file", "/media"
_LONGEST_USER = 128


class VisitLog:
    """ASGI middleware: give each visit an id before anything else handles it."""

    def __init__(self, app: Any, user_header: str) -> None:
        """Take the signed-in user from `user_header` (in lower case; may be empty)."""
        self._app = app
        self._user_header = user_header.encode("latin-1")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await self._visit(scope, receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _visit(self, scope: Any, receive: Any, send: Any) -> None:
        visit, name = secrets.token_hex(6), VISIT_HEADER.encode()
        who = self._who(scope, visit)
        headers = [each for each in scope["headers"] if each[0] != name]
        scope["headers"] = [*headers, (name, visit.encode())]
        began = time.monotonic()

        async def noted(message: Any) -> None:
            if message["type"] == "websocket.accept":
                journal.visits[visit] = who
                journal.note("session_start", who)
            elif message["type"] == "websocket.http.response.start" or (
                message["type"] == "websocket.close" and visit not in journal.visits
            ):
                journal.warn("refused", who, route="stream", status=message.get("status", 403))
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            if journal.visits.pop(visit, None) is not None:
                journal.note("session_end", who, seconds=round(time.monotonic() - began, 1))

    async def _request(self, scope: Any, receive: Any, send: Any) -> None:
        async def noted(message: Any) -> None:
            if message["type"] == "http.response.start" and message["status"] >= 400:
                # Log only the kind of address, because the address itself may hold any text.
                journal.warn(
                    "refused",
                    self._who(scope, None),
                    route=_route(scope["path"]),
                    status=message["status"],
                    method=scope["method"] if scope["method"] in {"GET", "HEAD", "POST", "PUT", "DELETE"} else "other",
                )
            await send(message)

        await self._app(scope, receive, noted)

    def _who(self, scope: Any, visit: str | None) -> Who:
        client = scope.get("client")
        users = [value for name, value in scope["headers"] if name == self._user_header]
        user = users[0].decode("utf-8", "replace")[:_LONGEST_USER] if self._user_header and users else None
        return Who(visit, client[0] if client else None, user)


def _route(path: str) -> str:
    for part, name in ((_STREAM, "stream"), (_UPLOAD, "upload"), (_MEDIA, "file"), ("/health", "health")):
        if part in path:
            return name
    return "page"

"""Close the addresses of Streamlit that are for its developers or for programs."""

from __future__ import annotations

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

# Names and sizes of caches; page runs without a visit; pages driven by programs, which bypass the limit of visits.
_CLOSED = ("/_stcore/metrics", "/_stcore/script-health-check", "/_stcore/agent/")


class Closed:
    """ASGI middleware: answer 404 at addresses that no page of the dashboard requests."""

    def __init__(self, app: ASGIApp, base_path: str = "") -> None:
        self._app = app
        self._closed = tuple(f"{base_path}{path}" for path in _CLOSED)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(self._closed):
            await PlainTextResponse("There is nothing at this address.", 404)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

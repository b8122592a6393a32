"""Streamlit's page with more in it: the dashboard's style sheet, a script, and word that Plotly's will be needed.

With the sheet there from the start, nothing moves once it has come; the script comes while the page is made.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.components.page_style import style_element

# Behind the head, to which Streamlit adds rules of its own that would win over equal ones before them.
_BODY_BEGINS = b"<body>"
# The page is the file of Streamlit with more in it: neither packed nor as old as that.
_OF_THE_FILE = {b"accept-encoding", b"if-none-match", b"if-modified-since", b"range"}


class Styled:
    """ASGI middleware: adds the style sheet, the address `script` to load ahead, and the script `own` to each page."""

    def __init__(self, app: ASGIApp, script: str, own: str) -> None:
        self._app = app
        ahead = f'<link rel="preload" as="script" href="{script}">'
        self._more = f'{ahead}{style_element()}<script defer src="{own}"></script>'.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        accepted = dict(scope.get("headers", ())).get(b"accept", b"")
        if scope["type"] != "http" or b"text/html" not in accepted:
            await self._app(scope, receive, send)
            return
        headers = [(name, value) for name, value in scope["headers"] if name not in _OF_THE_FILE]
        await self._app({**scope, "headers": headers}, receive, _Page(send, self._more).send)


class _Page:
    """One answer, held back until it is whole where it is HTML."""

    def __init__(self, send: Send, more: bytes) -> None:
        self._send, self._more, self._body = send, more, b""
        self._start: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if headers.get("content-type", "").startswith("text/html"):
                self._start = message
                return
        elif self._start is not None:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._finish(self._start)
            return
        await self._send(message)

    async def _finish(self, start: Message) -> None:
        headers = MutableHeaders(scope=start)
        body = self._body.replace(_BODY_BEGINS, _BODY_BEGINS + self._more, 1)
        if "content-length" in headers and self._body:
            headers["content-length"] = str(len(body))
        for name in ("etag", "last-modified", "accept-ranges"):
            del headers[name]
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})

"""Headers that tell a browser what an answer may do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from inference.serving.asgi import ASGIApp, Message, Receive, Scope, Send

_COMMON: Mapping[bytes, bytes] = {
    b"x-content-type-options": b"nosniff",
    # Addresses hold filters and numbers of applications.
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # For browsers that do not know frame-ancestors.
    b"x-frame-options": b"SAMEORIGIN",
}


class ResponseHeaders:
    """ASGI middleware that adds them where an answer does not have them; `policy` is the Content-Security-Policy.

    Cookies of an answer that goes over TLS come back over TLS alone.
    """

    def __init__(self, app: ASGIApp, policy: Callable[[Scope], str]) -> None:
        self._app, self._policy = app, policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        added = _with_policy(self._policy(scope))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.get("headers", ())
                present = {name.lower() for name, _ in headers}
                more = [each for each in added if each[0] not in present]
                message["headers"] = [*(map(_secured, headers) if scope["scheme"] == "https" else headers), *more]
            await send(message)

        await self._app(scope, receive, send_with_headers)


@lru_cache(maxsize=8)
def _with_policy(policy: str) -> tuple[tuple[bytes, bytes], ...]:
    return (*_COMMON.items(), (b"content-security-policy", policy.encode("latin-1")))


def _secured(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    name, value = header
    is_open = name.lower() == b"set-cookie" and b"; secure" not in value.lower()
    return name, value + b"; Secure" * is_open

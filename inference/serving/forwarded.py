"""What a trusted proxy says of the request that it passes on."""

from __future__ import annotations

from collections.abc import Sequence

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from inference.serving.asgi import ASGIApp, Receive, Scope, Send, values_of


class Forwarded(ProxyHeadersMiddleware):
    """Uvicorn's own middleware for X-Forwarded-For and -Proto, which takes the host from X-Forwarded-Host as well.

    Of anybody but the `proxies` none of them is believed.
    """

    def __init__(self, app: ASGIApp, proxies: Sequence[str]) -> None:
        super().__init__(app, list(proxies))  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # type: ignore[override]
        if scope["type"] != "lifespan" and (scope.get("client") or [None])[0] in self.trusted_hosts:
            # Several are left as they are, and turned away with the Host headers that they are then.
            hosts = [(b"host", host.encode("latin-1")) for host in values_of(scope, b"x-forwarded-host")]
            if hosts:
                scope["headers"] = [*(each for each in scope["headers"] if each[0] != b"host"), *hosts]
        await super().__call__(scope, receive, send)  # type: ignore[arg-type]

"""The dashboard as one ASGI application: what every request passes through, addresses of our own, then Streamlit."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from streamlit.web.server.starlette import App

from dashboard.server.content_policy import ContentPolicy
from dashboard.server.lookups import forbid_lookups
from inference.serving.authority import Authority
from inference.serving.forwarded import Forwarded
from inference.serving.gate import Gate
from inference.serving.headers import ResponseHeaders
from inference.serving.settings import WebSettings


def make_app(script: Path, web: WebSettings, hosts: Collection[Authority]) -> App:
    """Streamlit serving `script` under the names `hosts`, behind what stands here."""
    forbid_lookups()
    return App(script, middleware=_middleware(web, hosts), routes=_routes(web.base_path))


def _middleware(web: WebSettings, hosts: Collection[Authority]) -> tuple[Middleware, ...]:
    """What sees each request and each websocket before Streamlit does, outermost first."""
    return (
        Middleware(Forwarded, proxies=web.proxies),
        Middleware(Gate, hosts=hosts, origins=web.origins),
        Middleware(ResponseHeaders, policy=ContentPolicy(web.origins)),
    )


def _routes(base_path: str) -> tuple[BaseRoute, ...]:  # noqa: ARG001 - for the first of them
    """Addresses beside Streamlit's, which begin with /_stcore, /media, /component or /static, below `base_path`."""
    return ()

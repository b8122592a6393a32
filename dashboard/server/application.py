"""The dashboard as one ASGI application: what every request passes through, addresses of our own, then Streamlit."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from streamlit.web.server.starlette import App

from dashboard.limits import Limits
from dashboard.server.content_policy import ContentPolicy
from dashboard.server.lookups import forbid_lookups
from dashboard.server.uploads import Key, Uploads
from dashboard.server.visits import Visits
from data.batch_limits import LIMITS
from inference.serving.authority import Authority
from inference.serving.forwarded import Forwarded
from inference.serving.gate import Gate
from inference.serving.headers import ResponseHeaders
from inference.serving.settings import WebSettings


def make_app(script: Path, web: WebSettings, hosts: Collection[Authority], limits: Limits) -> App:
    """Streamlit serving `script` under the names `hosts`, behind what stands here."""
    forbid_lookups()
    return App(script, middleware=_middleware(web, hosts, limits), routes=_routes(web.base_path))


def _middleware(web: WebSettings, hosts: Collection[Authority], limits: Limits) -> tuple[Middleware, ...]:
    """What sees each request and each websocket before Streamlit does, outermost first."""
    issued: dict[Key, bool] = {}
    return (
        Middleware(Forwarded, proxies=web.proxies),
        Middleware(Gate, hosts=hosts, origins=web.origins),
        Middleware(ResponseHeaders, policy=ContentPolicy(web.origins)),
        Middleware(Visits, most=limits.visits, issued=issued),
        Middleware(Uploads, issued=issued, most_bytes=LIMITS.file_bytes, total_bytes=limits.uploads_bytes),
    )


def _routes(base_path: str) -> tuple[BaseRoute, ...]:  # noqa: ARG001 - for the first of them
    """Addresses beside Streamlit's, which begin with /_stcore, /media, /component or /static, below `base_path`."""
    return ()

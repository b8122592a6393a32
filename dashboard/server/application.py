"""The dashboard as one ASGI application: what every request passes through, addresses of our own, then Streamlit."""

from __future__ import annotations

from pathlib import Path

from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from streamlit.web.server.starlette import App

from dashboard.limits import Limits
from dashboard.server.uploads import Key, Uploads
from dashboard.server.visits import Visits
from data.batch_limits import LIMITS


def make_app(script: Path, limits: Limits) -> App:
    """Streamlit serving `script`, behind what stands here."""
    return App(script, middleware=_middleware(limits), routes=_routes())


def _middleware(limits: Limits) -> tuple[Middleware, ...]:
    """What sees each request and each websocket before Streamlit does, outermost first."""
    issued: dict[Key, bool] = {}
    return (
        Middleware(Visits, most=limits.visits, issued=issued),
        Middleware(Uploads, issued=issued, most_bytes=LIMITS.file_bytes, total_bytes=limits.uploads_bytes),
    )


def _routes() -> tuple[BaseRoute, ...]:
    """Addresses beside Streamlit's, which begin with /_stcore, /media, /component or /static."""
    return ()

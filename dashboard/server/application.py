"""The dashboard as one ASGI application: what every request passes through, addresses of our own, then Streamlit."""

from __future__ import annotations

from pathlib import Path

from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from streamlit.web.server.starlette import App


def make_app(script: Path) -> App:
    """Streamlit serving `script`, behind what stands here."""
    return App(script, middleware=_middleware(), routes=_routes())


def _middleware() -> tuple[Middleware, ...]:
    """What sees each request and each websocket before Streamlit does, outermost first."""
    return ()


def _routes() -> tuple[BaseRoute, ...]:
    """Addresses beside Streamlit's, which begin with /_stcore, /media, /component or /static."""
    return ()

"""The dashboard as one ASGI application: what every request passes through, addresses of our own, then Streamlit."""

from __future__ import annotations

from pathlib import Path

from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route
from streamlit.web.server.starlette import App

from dashboard.server.health import Health
from dashboard.server.visits import Visits


def make_app(script: Path, health: Health, user_header: str = "") -> App:
    """Streamlit serving `script`, behind what stands here; `user_header` names who is signed in."""
    return App(script, middleware=_middleware(user_header), routes=_routes(health))


def _middleware(user_header: str) -> tuple[Middleware, ...]:
    """What sees each request and each websocket before Streamlit does, outermost first."""
    return (Middleware(Visits, user_header=user_header),)


def _routes(health: Health) -> tuple[BaseRoute, ...]:
    """Addresses beside Streamlit's, which begin with /_stcore, /media, /component or /static."""
    return (Route("/health", health.answer),)

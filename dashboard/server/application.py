"""The dashboard as one ASGI application: middleware, routes of our own, then Streamlit."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route
from streamlit.web.server.starlette import App

from dashboard.charts.inline import script_address
from dashboard.components.late_file import keep_buttons
from dashboard.limits import Limits
from dashboard.server import follow, plotly_script
from dashboard.server.closed import Closed
from dashboard.server.content_policy import ContentPolicy
from dashboard.server.health import Health
from dashboard.server.lookups import forbid_lookups
from dashboard.server.readers import Readers
from dashboard.server.styled import Styled
from dashboard.server.uploads import Key, Uploads
from dashboard.server.visit_log import VisitLog
from dashboard.server.visits import Visits
from data.files.batch_limits import LIMITS
from inference.serving.authority import Authority
from inference.serving.connection import Connection
from inference.serving.forwarded import Forwarded
from inference.serving.gate import Gate
from inference.serving.headers import ResponseHeaders
from inference.serving.pieces import Pieces
from inference.serving.settings import WebSettings


def make_app(
    script: Path,
    web: WebSettings,
    hosts: Collection[Authority],
    limits: Limits,
    health: Health,
    user_header: str = "",
) -> App:
    """Streamlit serving `script` under the names `hosts` behind our middleware; `user_header` names the user."""
    forbid_lookups()
    keep_buttons()
    middleware = _middleware(web, hosts, limits, user_header)
    return App(script, middleware=middleware, routes=_routes(web.base_path, health))


def _middleware(
    web: WebSettings, hosts: Collection[Authority], limits: Limits, user_header: str
) -> tuple[Middleware, ...]:
    """Middleware for requests and websockets before Streamlit, outermost first."""
    issued: dict[Key, bool] = {}
    most_bytes = max(LIMITS.file_bytes, limits.open_bytes)
    return (
        Middleware(Forwarded, proxies=web.proxies, believed=(user_header,)),
        # Before the gate, so that refusals are logged too.
        Middleware(VisitLog, user_header=user_header),
        Middleware(Gate, hosts=hosts, origins=web.origins),
        Middleware(ResponseHeaders, policy=ContentPolicy(web.origins)),
        Middleware(Closed, base_path=web.base_path),
        Middleware(Readers, base_path=web.base_path),
        Middleware(
            Styled,
            script=f"{web.base_path}/{script_address()}",
            own=f"{web.base_path}/{follow.script_address()}",
        ),
        Middleware(Pieces, seconds=Connection.seconds),
        Middleware(Visits, most=limits.visits, issued=issued),
        Middleware(Uploads, issued=issued, most_bytes=most_bytes, total_bytes=limits.uploads_bytes),
    )


def _routes(base_path: str, health: Health) -> tuple[BaseRoute, ...]:
    """Routes below `base_path` beside Streamlit's, which begin with /_stcore, /media, /component or /static."""
    return (
        Route(f"{base_path}/health", health.answer),
        Route(f"{base_path}/{script_address()}", plotly_script.answer),
        Route(f"{base_path}/{follow.script_address()}", follow.answer_script),
        Route(f"{base_path}/{follow.table_address()}", follow.answer_table),
    )

"""What lets a page follow the cutoff's slider: the script in the browser, and the tables that it shows rows of."""

from __future__ import annotations

import asyncio
import hashlib
from functools import cache

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from dashboard.follow.tables import TABLES
from dashboard.server.plotly_script import FOR_EVER
from data.settings import ROOT

_SCRIPT = ROOT / "dashboard" / "static" / "drag.js"
_FOLDER = "follow"


@cache
def script_address() -> str:
    """Where the script is served, below the dashboard's own address; tables lie beside it."""
    return f"{_FOLDER}/{hashlib.sha256(_script()).hexdigest()[:16]}.js"


def table_address() -> str:
    """Where tables are served, as a route."""
    return f"{_FOLDER}/{{name}}"


@cache
def _script() -> bytes:
    return _SCRIPT.read_bytes()


async def answer_script(_: Request) -> Response:
    """Answer a request for the script."""
    return Response(_script(), media_type="text/javascript", headers={"cache-control": FOR_EVER})


async def answer_table(request: Request) -> Response:
    """Answer a request for a table, which is made now if it is the first."""
    # Making one takes up to a second of Python, in which the event loop must go on.
    packed = await asyncio.to_thread(TABLES.table, request.path_params["name"])
    if packed is None:
        return PlainTextResponse("No page announced this table lately.", 404)
    headers = {"content-encoding": "gzip", "cache-control": "private, max-age=3600"}
    return Response(packed, media_type="application/octet-stream", headers=headers)

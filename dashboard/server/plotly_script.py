"""Plotly's script, as it comes with its package, at an address that names its content."""

from __future__ import annotations

import asyncio
import gzip
from functools import cache

from starlette.requests import Request
from starlette.responses import Response

from dashboard.charts.inline import drawing_script

FOR_EVER = "public, max-age=31536000, immutable"


async def answer(request: Request) -> Response:
    """Answer a request for the script, packed where the browser takes it so."""
    is_packed = "gzip" in request.headers.get("accept-encoding", "")
    # Packing takes a tenth of a second, once.
    content = await asyncio.to_thread(_packed if is_packed else _plain)
    headers = {"cache-control": FOR_EVER, "vary": "accept-encoding"}
    if is_packed:
        headers["content-encoding"] = "gzip"
    return Response(content, media_type="text/javascript", headers=headers)


@cache
def _plain() -> bytes:
    return drawing_script().encode()


@cache
def _packed() -> bytes:
    return gzip.compress(_plain(), 4)

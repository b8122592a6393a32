"""Plotly's script at the address of its content, in one piece or packed."""

from __future__ import annotations

import asyncio
import gzip
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from dashboard.charts.inline import drawing_script, script_address
from dashboard.server import plotly_script


async def fetched(coding: str) -> tuple[httpx.Headers, bytes]:
    app = Starlette(routes=[Route(f"/{script_address()}", plotly_script.answer)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        request = client.stream("GET", f"/{script_address()}", headers={"accept-encoding": coding})
        async with request as answer:
            return answer.headers, b"".join([part async for part in answer.aiter_raw()])


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_the_script_is_kept_for_a_year_and_packed_for_who_reads_it_so(coding: str) -> None:
    # In a thread of its own: another test may have left Playwright's loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        headers, content = pool.submit(lambda: asyncio.run(fetched(coding))).result()
    assert (gzip.decompress(content) if coding == "gzip" else content) == drawing_script().encode()
    assert headers["content-type"] == "text/javascript; charset=utf-8"
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers.get("content-encoding", "identity") == coding
    assert int(headers["content-length"]) == len(content)

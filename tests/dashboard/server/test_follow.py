"""The script that follows the slider, and the tables beside it."""

from __future__ import annotations

import asyncio
import gzip
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from dashboard.follow.tables import Tables
from dashboard.server import follow
from data.settings import ROOT
from tests.dashboard.follow.test_tables import recipe


def ask(path: str) -> httpx.Response:
    routes = [
        Route(f"/{follow.script_address()}", follow.answer_script),
        Route(f"/{follow.table_address()}", follow.answer_table),
    ]

    async def answered() -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=routes))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(f"/{path}")

    # In a thread of its own: another test may have left Playwright's loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(answered())).result()


def test_the_script_is_kept_under_the_name_of_its_content() -> None:
    answer = ask(follow.script_address())
    assert answer.text == (ROOT / "dashboard" / "static" / "drag.js").read_text(encoding="utf-8")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_a_table_is_for_the_one_reader_who_knows_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Tables()
    monkeypatch.setattr(follow, "TABLES", kept)
    name = kept.announce(["a"], recipe(a=lambda e: f"{e.confusion.approved} of 2"))
    answer = ask(f"follow/{name}")
    assert answer.content == gzip.decompress(kept.table(name) or b"")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"] == "private, max-age=3600"
    assert ask(f"follow/{'0' * 32}").status_code == 404

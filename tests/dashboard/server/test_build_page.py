"""What the dashboard's address answers while a build makes what it shows."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from dashboard.building import Building, steps_of
from dashboard.charts.inline import script_address
from dashboard.server.build_page import WhileBuilding
from data.settings import load_settings
from inference.serving.gate import LOOPBACK
from inference.serving.settings import WebSettings

BROWSER = {"accept": "text/html,application/xhtml+xml"}


async def dashboard(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("the dashboard")(scope, receive, send)


@pytest.fixture
def building() -> Building:
    return Building(steps_of(load_settings({}), is_synthetic=True))


def ask(building: Building, path: str, base: str = "", **headers: str) -> httpx.Response:
    app = WhileBuilding(dashboard, building, WebSettings(base_path=base), LOOPBACK)

    async def answered() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            return await client.get(f"{base}{path}", headers=headers)

    # In a thread of its own: another test may have left Playwright's loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(answered())).result()


@pytest.mark.parametrize("path", ["/", "/cutoff?cutoff=0.2"])
def test_every_page_is_the_builds_until_there_is_something_to_show(building: Building, path: str) -> None:
    page = ask(building, path, **BROWSER)
    assert page.status_code == 200
    assert re.findall("<b>(.*?)</b>", page.text) == [step.title for step in building.steps]
    assert page.headers["cache-control"] == "no-store"
    assert "script-src 'self'" in page.headers["content-security-policy"]
    building.end(0)
    assert ask(building, path, **BROWSER).text == "the dashboard"
    # A page that is still open learns it.
    assert ask(building, "/building/state").json()["status"] == "usable"


@pytest.mark.parametrize("path", ["/health", "/_stcore/health", "/_stcore/host-config", "/"])
def test_programs_are_told_that_it_is_not_ready(building: Building, path: str) -> None:
    assert ask(building, path, accept="*/*").status_code == 503
    building.end(0)
    assert ask(building, path, accept="*/*").text == "the dashboard"


def test_health_says_how_far_the_build_is(building: Building) -> None:
    body = ask(building, "/health").json()
    assert (body["status"], [step["state"] for step in body["steps"]]) == ("building", ["waiting"] * 5)
    building.take(b'{"problem": "/home/ann/loans.csv: is no table."}')
    building.end(2)
    assert ask(building, "/health").json()["status"] == "failed"
    assert "/home/ann" not in ask(building, "/health").text


def test_what_a_browser_may_keep_comes_beforehand_and_below_the_base_path(building: Building) -> None:
    page = ask(building, "/", base="/scores", **BROWSER).text
    ahead = re.findall('rel="prefetch" href="([^"]+)"', page)
    assert f"/scores/{script_address()}" in ahead
    assert [path for path in ahead if re.fullmatch(r"/scores/static/js/index\.[\w-]+\.js", path)]
    for path in [*ahead, "/scores/app/static/inter.woff2"]:
        assert ask(building, path.removeprefix("/scores"), base="/scores").text == "the dashboard"
    assert 'src="/scores/building/page.js"' in page
    assert "fetch(" in ask(building, "/building/page.js", base="/scores").text


def test_a_stranger_is_turned_away_as_from_the_dashboard(building: Building) -> None:
    assert ask(building, "/", **BROWSER, host="evil.example").status_code == 421

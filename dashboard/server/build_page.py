"""The page that stands at the dashboard's address while a build makes what it shows, and the server's turn to it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from html import escape
from pathlib import Path

import orjson
import streamlit
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from dashboard.building import Building, Step
from dashboard.charts.inline import script_address
from dashboard.server.content_policy import ContentPolicy
from dashboard.server.health import product_version
from data.settings import ROOT
from inference.serving.asgi import ASGIApp, Receive, Refusal, Scope, Send, plain_answer, send_answer
from inference.serving.authority import Authority
from inference.serving.forwarded import Forwarded
from inference.serving.gate import Gate
from inference.serving.headers import ResponseHeaders
from inference.serving.settings import WebSettings

_STATIC = ROOT / "dashboard" / "static"
_SHELL = Path(streamlit.__file__).parent / "static" / "index.html"
_NEEDED = re.compile(r'(?:src|href)="\./(static/[^"]+\.(?:js|css))"')
_STATE, _SCRIPT = "building/state", "building/page.js"
_NOT_YET = "Scoreroom is being built; its first page says how far that is.\n"
_HEADERS = {"cache-control": "no-store"}


class WhileBuilding:
    """ASGI application: a page about the build while there is nothing to show, then `app`.

    `app` runs from the start, so that what a browser can keep of it (its scripts, fonts and icons) comes beforehand.
    """

    def __init__(
        self,
        app: ASGIApp,
        building: Building,
        web: WebSettings,
        hosts: Collection[Authority],
    ) -> None:
        self._app, self._building = app, building
        base = web.base_path
        self._state = f"{base}/{_STATE}"
        self._of_app = tuple(f"{base}/{path}" for path in ("static/", "app/static/", script_address()))
        self._page = _page(building.steps, base)
        middleware = (
            Middleware(Forwarded, proxies=web.proxies),
            Middleware(Gate, hosts=hosts, origins=web.origins),
            Middleware(ResponseHeaders, policy=ContentPolicy(web.origins)),
        )
        routes = (
            Route(self._state, self._answer_state),
            Route(f"{base}/{_SCRIPT}", _answer_script),
            Route(f"{base}/health", self._answer_health),
            Route("/{path:path}", self._answer_page),
        )
        self._waiting = Starlette(routes=routes, middleware=middleware)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_of_page = scope["type"] == "http" and scope["path"] == self._state
        if scope["type"] == "lifespan" or (self._building.is_usable and not is_of_page):
            await self._app(scope, receive, send)
        elif scope["type"] == "http" and not scope["path"].startswith(self._of_app):
            await self._waiting(scope, receive, send)
        elif scope["type"] == "http":
            await self._app(scope, receive, send)
        else:
            await send_answer(plain_answer(Refusal(503, _NOT_YET.strip())), scope, send)

    async def _answer_state(self, _: Request) -> Response:
        return _json(self._building.look(), 200)

    async def _answer_health(self, _: Request) -> Response:
        # The problem may name a path, which only the page shows.
        told = {name: value for name, value in self._building.described().items() if name != "problem"}
        return _json({**told, "version": product_version()}, 503)

    async def _answer_page(self, request: Request) -> Response:
        # Programs ask for health and data, browsers for a page, at whatever address a link names.
        if "text/html" in request.headers.get("accept", "") and "/_stcore/" not in request.url.path:
            return HTMLResponse(self._page, headers=_HEADERS)
        return PlainTextResponse(_NOT_YET, 503, {**_HEADERS, "retry-after": "5"})


async def _answer_script(_: Request) -> Response:
    return Response((_STATIC / "building.js").read_bytes(), media_type="text/javascript", headers=_HEADERS)


def _json(told: object, code: int) -> Response:
    return Response(orjson.dumps(told, option=orjson.OPT_INDENT_2), code, _HEADERS, "application/json")


def _page(steps: Sequence[Step], base: str) -> str:
    """The page as HTML; its script fills in how far the build is."""
    rows = "".join(
        f'<li data-step="{escape(step.name)}"><span class="mark" aria-hidden="true"></span>'
        f'<div class="words"><b>{escape(step.title)}</b><p>{escape(step.what)}</p></div>'
        '<span class="time"></span></li>'
        for step in steps
    )
    needed = [*_NEEDED.findall(_SHELL.read_text(encoding="utf-8")), script_address()]
    ahead = "".join(f'<link rel="prefetch" href="{base}/{path}">' for path in needed)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Building - Scoreroom</title>
<link rel="icon" href="{base}/app/static/icon.svg">
<noscript><meta http-equiv="refresh" content="5"></noscript>
{ahead}
<style>
@font-face {{ font-family: Inter; src: url("{base}/app/static/inter.woff2"); font-weight: 100 900; }}
{(_STATIC / "building.css").read_text(encoding="utf-8")}</style>
</head>
<body data-state="{base}/{_STATE}">
<main>
<img src="{base}/app/static/logo.svg" alt="Scoreroom" height="28">
<h1>Building the portfolio and its model</h1>
<p class="lead">This happens once. The page turns into the dashboard by itself.</p>
<div class="bar" role="progressbar" aria-label="Build" aria-valuemin="0" aria-valuemax="100" aria-valuenow="0">
<div></div></div>
<p class="now"><span class="left"></span><span class="passed"></span></p>
<p class="heard" role="status"></p>
<p class="problem" role="alert" hidden></p>
<ol>{rows}</ol>
</main>
<script src="{base}/{_SCRIPT}"></script>
</body>
</html>
"""

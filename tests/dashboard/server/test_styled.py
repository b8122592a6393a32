"""The page that a browser gets has the style sheet in it; everything else passes as it is."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from dashboard.components.page_style import style_element
from dashboard.server.styled import Styled

SHELL = "<html><head></head><body><div></div></body></html>"
BROWSER = {"accept": "text/html,*/*", "if-none-match": '"old"', "accept-encoding": "gzip"}
asked: list[dict[bytes, bytes]] = []


async def streamlit(scope: Scope, receive: Receive, send: Send) -> None:
    asked.append(dict(scope["headers"]))
    answers: dict[str, Response] = {
        "/": HTMLResponse(SHELL, headers={"etag": '"old"'}),
        "/media": PlainTextResponse("<body>"),
    }
    await answers[scope["path"]](scope, receive, send)


def ask(method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    async def answered() -> httpx.Response:
        transport = httpx.ASGITransport(Styled(streamlit, "/scores/plotly/1.js", "/scores/follow/2.js"))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request(method, path, headers=headers)

    asked.clear()
    # In a thread of its own: another test may have left Playwright's loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(answered())).result()


def test_a_page_has_the_sheet_before_its_first_element() -> None:
    answer = ask("GET", "/", BROWSER)
    ahead = '<link rel="preload" as="script" href="/scores/plotly/1.js">'
    own = '<script defer src="/scores/follow/2.js"></script>'
    assert answer.text == SHELL.replace("<body>", f"<body>{ahead}{style_element()}{own}")
    assert int(answer.headers["content-length"]) == len(answer.content)
    # The tag is that of Streamlit's file, which stays when the sheet changes.
    assert "etag" not in answer.headers
    assert not {b"if-none-match", b"accept-encoding"} & set(asked[0])


def test_other_answers_pass_as_they_are() -> None:
    assert ask("GET", "/media", BROWSER).text == "<body>"
    plain = ask("GET", "/", {"accept": "*/*"})
    assert plain.text == SHELL
    assert plain.headers["etag"] == '"old"'

"""An application below a base path: what reaches it, under which paths, and what is refused."""

from __future__ import annotations

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from inference.serving.asgi import Answer, ASGIApp, Refusal
from inference.serving.base_path import BasePath, path_below
from tests.inference.serving.conftest import run


def page(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{path_below(request.scope)} {request.url_for('page').path}")


APP = Starlette(routes=[Route("/page", page, name="page")])


def get(app: ASGIApp, path: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            return await client.get(path)

    return run(ask())


def test_an_application_knows_its_own_paths_and_links_below_the_base_path() -> None:
    answer = get(BasePath(APP, "/score"), "/score/page")
    assert (answer.status_code, answer.text) == (200, "/page /score/page")


def test_everything_else_is_refused_and_says_where_it_is() -> None:
    app = BasePath(APP, "/score")
    # The second one only begins like the base path.
    for path in ("/page", "/scores/page", "/score", "/"):
        answer = get(app, path)
        assert (answer.status_code, answer.text) == (404, "Everything is below /score/ here.\n")


def test_without_a_base_path_nothing_is_refused() -> None:
    assert get(BasePath(APP, ""), "/page").text == "/page /page"


def test_an_application_words_its_own_refusals() -> None:
    def answer(refusal: Refusal) -> Answer:
        return Answer(refusal.status, {"content-type": "text/x-own"}, b"own")

    refused = get(BasePath(APP, "/score", answer), "/page")
    assert (refused.status_code, refused.headers["content-type"], refused.text) == (404, "text/x-own", "own")

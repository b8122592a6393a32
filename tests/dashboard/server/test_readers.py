"""The token of a browser: given with a page, once, and only to a browser that has none."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.datastructures import Headers

from dashboard.server.readers import Readers

TOKEN = "0123456789abcdef" * 2


def answer(headers: Mapping[str, str], method: str = "GET", kind: str = "http") -> list[str]:
    """The cookies that an answer to this request sets."""
    cookies: list[str] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        cookies.extend(Headers(raw=message["headers"]).getlist("set-cookie"))

    scope = {"type": kind, "method": method, "headers": [(k.encode(), v.encode()) for k, v in headers.items()]}
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(Readers(app, "/risk")(scope, None, send))).result()  # type: ignore[arg-type]
    return cookies


def test_a_browser_without_a_token_gets_one_of_its_own_with_the_page() -> None:
    first, second = answer({"accept": "text/html,*/*"}), answer({"accept": "text/html,*/*", "cookie": "other=1"})
    form = r"scoreroom_reader=([0-9a-f]{32}); Path=/risk; Max-Age=31536000; HttpOnly; SameSite=Lax"
    matches = [re.fullmatch(form, cookie) for cookie in (*first, *second)]
    assert len({match[1] for match in matches if match}) == 2


def test_a_token_stays_and_one_that_the_server_did_not_make_is_replaced() -> None:
    page = {"accept": "text/html"}
    assert answer(page | {"cookie": f"other=1; scoreroom_reader={TOKEN}"}) == []
    assert len(answer(page | {"cookie": "scoreroom_reader=me"})) == 1


def test_nothing_but_a_page_sets_a_cookie() -> None:
    assert answer({"accept": "*/*"}) == []
    assert answer({"accept": "text/html"}, method="POST") == []
    assert answer({"accept": "text/html"}, kind="websocket") == []

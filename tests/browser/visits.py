"""Visits of a browser, each with an empty cache and without cookies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page


@contextmanager
def open_visit(browser: Browser) -> Iterator[Page]:
    """A fresh visit; AssertionError at its end where the page reported an error or asked another host for anything."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None)
    page.on("request", lambda request: None if _is_local(request.url) else problems.append(request.url))
    yield page
    context.close()
    assert problems == [], problems


def _is_local(url: str) -> bool:
    return url.startswith(("http://localhost:", "ws://localhost:", "data:", "blob:", "file:"))

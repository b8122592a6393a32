"""Visits of a browser: each without cookies and storage, and a failure where its page has one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page

VIEWPORT = {"width": 1440, "height": 900}


@contextmanager
def open_visit(browser: Browser) -> Iterator[Page]:
    """A first visit, with an empty cache; AssertionError at its end as of `watched`."""
    context = browser.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]
    with watched(context) as page:
        yield page
    context.close()


@contextmanager
def open_returning_visit(profile: BrowserContext) -> Iterator[Page]:
    """A visit whose scripts and styles the browser has from earlier ones, and nothing else of them."""
    origins: set[str] = set()
    with watched(profile) as page:
        page.on("framenavigated", lambda frame: origins.add("{0.scheme}://{0.netloc}".format(urlsplit(frame.url))))
        yield page
    # The empty page that the browser opened with is there even where a test closes its own.
    session = profile.new_cdp_session(profile.pages[0])
    for origin in origins:
        session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "local_storage,indexeddb"})
    session.detach()
    profile.clear_cookies()
    profile.clear_permissions()


@contextmanager
def watched(context: BrowserContext) -> Iterator[Page]:
    """A page; AssertionError at its end where it reported an error or asked another host for anything."""
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None)
    page.on("request", lambda request: None if _is_local(request.url) else problems.append(request.url))
    try:
        yield page
    finally:
        page.close()
    assert problems == [], problems


def _is_local(url: str) -> bool:
    return url.startswith(("http://localhost:", "ws://localhost:", "data:", "blob:", "file:"))

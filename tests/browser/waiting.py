"""Waiting for what a page is to become."""

from __future__ import annotations

import time

from playwright.sync_api import Error, Page

PATIENCE_S, STEP_MS = 30.0, 50


def until(page: Page, expression: str) -> None:
    """Wait until a JavaScript expression, or what a function returns, is true in `page`.

    Playwright's own way to wait evaluates text inside the page, which the page's content policy forbids.
    """
    end = time.monotonic() + PATIENCE_S
    while not _is_so(page, expression):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(STEP_MS)


def _is_so(page: Page, expression: str) -> bool:
    try:
        return bool(page.evaluate(expression))
    except Error as error:
        # The page is going elsewhere.
        if "context was destroyed" not in error.message:
            raise
        return False

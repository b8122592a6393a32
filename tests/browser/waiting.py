"""Waiting for what a page is to become."""

from __future__ import annotations

import json
import time
from typing import Any

from playwright.sync_api import Error, Page, expect

PATIENCE_S, STEP_MS = 30.0, 50
# What a figure holds of the palettes where they differ: surfaces of heat maps, and small text.
SCALES = "graphs => graphs.map(g => JSON.stringify((g.data || []).map(d => d.colorscale || null)))"
TICKS = "graphs => graphs.map(g => JSON.stringify([g.layout?.xaxis?.tickfont, g.layout?.yaxis?.tickfont]))"


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


def colours(page: Page, script: str = SCALES) -> str:
    values: Any = page.locator(".js-plotly-plot").evaluate_all(script)
    return json.dumps(values)


def wait_for_colours(page: Page, wanted: str, other: str, script: str = SCALES) -> None:
    graphs = page.locator(".js-plotly-plot")
    expect(graphs.first).to_be_visible()
    end = time.monotonic() + PATIENCE_S
    while wanted not in (shown := colours(page, script)) or other in shown:
        assert time.monotonic() < end, f"{wanted} does not take the place of {other}: {shown}"
        page.wait_for_timeout(STEP_MS)

"""A popover low on a page in a real browser: its content arrives after it was placed, and is seen all the same."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.waiting import until


@pytest.mark.parametrize("height", [900, 600])
def test_a_popover_at_the_lower_edge_shows_its_content(height: int, page: Page, dashboard: str) -> None:
    page.set_viewport_size({"width": 1440, "height": height})
    page.goto(f"{dashboard}/calibration?cal.tab=Risk+bands")
    # A figure that is drawn later would push the button out of sight.
    expect(page.locator(".js-plotly-plot .xtick").first).to_be_attached()
    body = page.get_by_test_id("stPopoverBody")
    opener = page.get_by_role("button", name="How is this computed?").last
    # As low as it goes while it can still be pressed.
    opener.evaluate("node => node.scrollIntoView({block: 'end'})")
    opener.click()
    expect(body.locator("p, li").first).to_be_attached()
    expect(body.get_by_test_id("stVerticalBlock").first).to_be_visible()
    until(
        page,
        "() => { const box = document.querySelector('[data-testid=stPopoverBody]').getBoundingClientRect();"
        " return box.height >= 120 && box.top >= 0 && box.bottom <= innerHeight; }",
    )
    page.keyboard.press("Escape")
    expect(body).to_have_count(0)

"""Every page in both themes: no serious finding of axe-core, figures of the theme, nothing wider than the window."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from dashboard.app import PAGES
from dashboard.charts.template import DARK, LIGHT
from tests.browser.waiting import TICKS, until, wait_for_colours

SERIOUS = ("serious", "critical")
WIDTHS = (768, 1280, 1920)
# The pages that open with a figure whose axes have ticks.
FIGURES = ("", "discrimination", "calibration", "cutoff", "segments", "stability")
# What Streamlit draws itself and no option of its changes; each is named with what is wrong with it.
NOT_OURS: dict[str, str] = {}


def opened(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_be_visible()
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


FITS = """[document.documentElement, document.querySelector('[data-testid="stMain"]')]
  .every((place) => place.scrollWidth <= place.clientWidth)"""
BACKGROUND = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"


def serious(page: Page) -> set[str]:
    found = Axe().run(page).response["violations"]
    return {f"{rule['id']}: {rule['nodes'][0]['html'][:200]}" for rule in found if rule["impact"] in SERIOUS}


# Both in one visit, because to open a page takes longer than to look at it.
@pytest.mark.parametrize("path", [page.path for page in PAGES])
def test_axe_finds_nothing_serious_and_nothing_scrolls_sideways(page: Page, dashboard: str, path: str) -> None:
    page.set_viewport_size({"width": 1440, "height": 1400})
    opened(page, f"{dashboard}/{path}?f.NAME_INCOME_TYPE=Working&against=~rest")
    if path in FIGURES:
        wait_for_colours(page, LIGHT.muted, DARK.muted, TICKS)
    assert serious(page) - NOT_OURS.keys() == set()
    light = page.evaluate(BACKGROUND)
    page.emulate_media(color_scheme="dark")
    until(page, f"{BACKGROUND} !== {light!r}")
    if path in FIGURES:
        wait_for_colours(page, DARK.muted, LIGHT.muted, TICKS)
    else:
        # The page asks for whatever looks otherwise in the other theme.
        page.wait_for_timeout(500)
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_be_visible()
    assert serious(page) - NOT_OURS.keys() == set()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        # Charts follow the page's width a moment later.
        until(page, FITS)

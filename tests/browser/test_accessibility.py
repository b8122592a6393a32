"""Every page in both themes: no serious finding of axe-core, and figures of the theme."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from dashboard.app import PAGES
from dashboard.charts.template import DARK, LIGHT
from dashboard.components.frame import PageSpec
from tests.browser.frame import go_to
from tests.browser.waiting import TICKS, until, wait_for_colours

SERIOUS = ("serious", "critical")
# The pages that open with a figure whose axes have ticks.
FIGURES = ("", "discrimination", "calibration", "cutoff", "segments", "stability")
# What Streamlit draws itself and no option of its changes; each is named with what is wrong with it.
NOT_OURS: dict[str, str] = {}


BACKGROUND = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"


def serious(page: Page) -> set[str]:
    found = Axe().run(page).response["violations"]
    return {f"{rule['id']}: {rule['nodes'][0]['html'][:200]}" for rule in found if rule["impact"] in SERIOUS}


# All in one visit, because to open a page takes longer than to look at it.
def test_axe_finds_nothing_serious_on_any_page_in_either_theme(page: Page, dashboard: str) -> None:
    page.set_viewport_size({"width": 1440, "height": 1400})
    page.goto(f"{dashboard}/?f.NAME_INCOME_TYPE=Working&against=~rest")
    found: set[str] = set()
    scheme = "light"
    for each in PAGES:
        go_to(page, each.title)
        found |= {f"{each.title}: {fault}" for fault in _judged(page, each, scheme)}
        before, scheme = page.evaluate(BACKGROUND), "dark" if scheme == "light" else "light"
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        until(page, f"{BACKGROUND} !== {before!r}")
        found |= {f"{each.title}: {fault}" for fault in _judged(page, each, scheme)}
    assert found == set()


def _judged(page: Page, each: PageSpec, scheme: str) -> set[str]:
    """What is wrong with a page once it is drawn in the colours of `scheme`."""
    expect(page.get_by_role("heading", level=1, name=each.title, exact=True)).to_be_visible()
    if each.path in FIGURES:
        shown, other = (LIGHT, DARK) if scheme == "light" else (DARK, LIGHT)
        wait_for_colours(page, shown.muted, other.muted, TICKS)
    else:
        # The page asks for whatever looks otherwise in the other theme.
        page.wait_for_timeout(500)
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_be_visible()
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    return serious(page) - NOT_OURS.keys()

"""The frame in a real browser: how much room it leaves, at which widths, and that nothing moves while a page loads."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from dashboard.app import PAGES
from tests.browser.frame import go_to
from tests.browser.visits import open_visit
from tests.browser.waiting import until

HIGHEST_BAR, MOST_SHIFT = 56, 0.05
SIZES = ((390, 844), (768, 1024), (1024, 768), (1440, 900), (1920, 1080), (1280, 800))
# From this width on the first figure is whole, and from the next one figures reach down to the window's last fifth.
WHOLE, FILLED = 1280, 1920
# The pages on which two figures stand side by side, and those that open with a tab and a figure in it.
PAIRS, OPEN_WITH_A_FIGURE = ("Discrimination", "Calibration"), ("Segments", "Stability", "Cutoff", "Explanation")
# Added up from the first paint on, without what follows a reader's own step by less than half a second.
WATCH = """window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });"""
BAR = "document.querySelector('.st-key-bar').parentElement.getBoundingClientRect()"
SIDEWAYS = """[document.documentElement, document.querySelector('[data-testid="stMain"]')]
  .some((place) => place.scrollWidth > place.clientWidth)"""
CHART_ENDS = "document.querySelector('.js-plotly-plot')?.getBoundingClientRect().bottom ?? 0"
CHARTS = """[...document.querySelectorAll('.js-plotly-plot')].map((chart) => chart.getBoundingClientRect())"""
ABREAST = f"{CHARTS}.length === 2 && {CHARTS}[0].top === {CHARTS}[1].top"
# Words that end in an ellipsis where they should not.
CUT = """[...document.querySelectorAll('[data-testid="stMain"] *')].filter((node) => {
  const style = getComputedStyle(node);
  const isCard = node.closest('[data-testid="stMetric"]');
  const cuts = style.textOverflow === 'ellipsis' || (isCard && style.overflowX === 'hidden');
  return cuts && node.scrollWidth > node.clientWidth + 1 && node.clientWidth > 1
    && node.checkVisibility() && !node.closest('[data-testid="stFileUploader"]');
}).map((node) => node.textContent)"""
LONE = """[...document.querySelectorAll('[class*="st-key-cards-"]')].some((grid) => {
  const rows = Object.groupBy([...grid.children], (card) => Math.round(card.getBoundingClientRect().top));
  return Object.values(rows).some((row) => row.length === 1 && row[0].offsetWidth < grid.offsetWidth - 1);
})"""


def wait(page: Page) -> None:
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_be_visible()
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


def test_every_page_leaves_room_for_its_first_chart(page: Page, dashboard: str) -> None:
    page.add_init_script(WATCH)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(dashboard)
    for each in PAGES:
        go_to(page, each.title)
        expect(page.get_by_role("heading", level=1, name=each.title, exact=True)).to_be_visible()
        wait(page)
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            # Charts follow the page's width a moment later.
            until(page, f"!({SIDEWAYS}) && !({LONE}) && {BAR}.height <= {HIGHEST_BAR}")
            until(page, f"({CUT}).length === 0")
            if width >= WHOLE:
                until(page, f"({CHART_ENDS}) <= {height}")
            if width == FILLED and each.title in (*PAIRS, *OPEN_WITH_A_FIGURE):
                until(page, f"({CHART_ENDS}) >= {0.8 * height}")
            if width == FILLED and each.title in PAIRS:
                until(page, ABREAST)


def test_nothing_moves_while_a_page_loads_and_the_bar_stays(browser: Browser, dashboard: str) -> None:
    with open_visit(browser) as page:
        _check_that_nothing_moves(page, dashboard)


def _check_that_nothing_moves(page: Page, dashboard: str) -> None:
    page.add_init_script(WATCH)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{dashboard}/calibration?f.NAME_INCOME_TYPE=Pensioner&against=~rest")
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    wait(page)
    assert page.evaluate("window.shifted") <= MOST_SHIFT
    page.get_by_test_id("stMain").evaluate("node => node.scrollTo(0, 300)")
    page.wait_for_timeout(100)
    assert page.evaluate(BAR)["top"] == page.get_by_test_id("stHeader").evaluate("node => node.offsetHeight + 0.25")


def test_the_panel_takes_no_width_until_the_slash_opens_it(page: Page, dashboard: str) -> None:
    page.goto(dashboard)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    wait(page)
    assert page.get_by_test_id("stMain").bounding_box()["x"] == 0  # type: ignore[index]
    page.keyboard.press("/")
    expect(page.get_by_test_id("stSidebar").get_by_role("searchbox")).to_be_focused()


def test_on_a_phone_the_controls_are_in_one_sheet(page: Page, dashboard: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{dashboard}/discrimination?f.NAME_INCOME_TYPE=Pensioner&f.CODE_GENDER=F&f.DAYS_BIRTH=-21915..-3652.5")
    card = page.get_by_test_id("stMetric").first
    expect(card).to_be_visible()
    wait(page)
    assert card.bounding_box()["y"] < 250  # type: ignore[index]
    chip = page.get_by_role("button", name="Income type: Pensioner")
    expect(chip).to_be_hidden()
    page.get_by_role("button", name="Filters (3)").click()
    chip.click()
    expect(page.get_by_role("button", name="Filters (2)")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Cutoff (PD), %")).to_be_visible()
    # Where the bar has room for one chip, the other is in a list, and removed from there as by itself.
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("button", name="1 more filter").click()
    page.get_by_role("button", name="Remove Age: 10 to 60 years").click()
    expect(page.get_by_role("button", name="more filter")).to_be_hidden()
    expect(page.get_by_role("button", name="Gender: Female")).to_be_visible()
    until(page, "!location.search.includes('DAYS_BIRTH')")

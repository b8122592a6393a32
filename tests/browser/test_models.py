"""Models in a real browser: switched in the bar and by the back button, compared, and their page in both themes."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest
from playwright.sync_api import Page, expect

from data.settings import Settings
from inference.inventory.store import delete
from tests.browser.frame import go_to
from tests.browser.test_accessibility import BACKGROUND, serious
from tests.browser.test_layout import BAR, CUT, HIGHEST_BAR, SIDEWAYS, SIZES, wait
from tests.browser.waiting import until
from tests.dashboard.challengers import add_scores


@pytest.fixture(name="challenger")
def fixture_challenger(built: Settings) -> Iterator[str]:
    pds = pl.read_parquet(built.predictions)["default_probability"].to_numpy()
    add_scores(built, "challenger", pds[::-1] * 0.5 + pds * 0.5)
    yield "challenger"
    delete(built, "challenger")


def test_a_model_is_switched_in_the_bar_and_its_page_is_fit_to_be_read(
    page: Page, dashboard: str, challenger: str
) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{dashboard}/discrimination?f.NAME_INCOME_TYPE=Working&against=~model.{challenger}")
    wait(page)
    auc = page.get_by_test_id("stMetricValue").first
    before = auc.inner_text()
    page.get_by_test_id("stPopover").get_by_role("button", name="Models", exact=True).click()
    page.get_by_role("button", name=challenger).click()
    until(page, f"location.search.includes('model={challenger}')")
    expect(auc).not_to_have_text(before)
    # Both the other way round.
    expect(page.get_by_test_id("stMetric").first).to_contain_text("champion")
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        until(page, f"!({SIDEWAYS}) && {BAR}.height <= {HIGHEST_BAR}")
    page.go_back()
    expect(auc).to_have_text(before)
    page.go_forward()
    expect(auc).not_to_have_text(before)
    go_to(page, "Models")
    expect(page.get_by_role("button", name="Delete ...")).to_be_visible()
    found = serious(page)
    shown = page.evaluate(BACKGROUND)
    page.emulate_media(color_scheme="dark")
    until(page, f"{BACKGROUND} !== {shown!r}")
    page.wait_for_timeout(500)
    assert (found | serious(page)) == set()
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        until(page, f"!({SIDEWAYS}) && {BAR}.height <= {HIGHEST_BAR} && ({CUT}).length === 0")


def test_the_rows_of_a_swap_set_open_as_a_cohort(page: Page, dashboard: str, challenger: str, built: Settings) -> None:
    rows = pl.read_parquet(built.predictions, columns=["is_default", "default_probability"])
    pds = rows["default_probability"]
    other = pds.reverse() * 0.5 + pds * 0.5
    into, out = (pds >= 0.08) & (other < 0.08), (pds < 0.08) & (other >= 0.08)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{dashboard}/compare?cutoff=8&cmp.tab=Swap%20set")
    verdict = page.locator(".st-key-compare-verdict")
    expect(verdict).to_contain_text(f"{into.sum():,} applicants would be swapped in (approved by {challenger} alone)")
    expect(verdict).to_contain_text(f"{out.sum():,} applicants would be swapped out")
    page.get_by_role("button", name=f"Open {into.sum():,} rows as a cohort").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Applications")
    line = page.locator(".st-key-bar-cohort")
    expect(line).to_contain_text(f"{into.sum():,} of {rows.height:,}")
    expect(line).to_contain_text(f"{rows['is_default'].filter(into).sum():,} defaults")
    page.reload()
    expect(line).to_contain_text(f"{into.sum():,} of {rows.height:,}")
    page.get_by_role("button", name=f"Swapped in: {challenger} approves").click()
    expect(line).to_contain_text(f"{rows.height:,} of {rows.height:,}")

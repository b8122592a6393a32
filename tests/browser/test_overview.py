"""The overview in a real browser: what is shown is what was worked out, and a link brings it back."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import quote

import numpy as np
import polars as pl
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from data.settings import Settings
from tests.browser.frame import filter_by, panel
from tests.browser.waiting import PATIENCE_S, STEP_MS, until


def metric(page: Page, label: str) -> str:
    card = page.get_by_test_id("stMetric").filter(has=page.get_by_text(label, exact=True)).first
    return card.get_by_test_id("stMetricValue").inner_text()


def wait_for_metric(page: Page, label: str, value: str) -> None:
    card = page.get_by_test_id("stMetric").filter(has=page.get_by_text(label, exact=True)).first
    expect(card.get_by_test_id("stMetricValue")).to_have_text(value)


def share(frame: pl.DataFrame, condition: pl.Expr) -> str:
    """How large a part of the rows meets the condition, as the page words it."""
    return f"{100 * frame.filter(condition).height / frame.height:.2f} %"


def approval(frame: pl.DataFrame, cutoff: float) -> str:
    return share(frame, pl.col("default_probability").cast(pl.Float64) < cutoff)


def test_page_opens_with_its_figures_charts_and_font(page: Page, dashboard: str, frame: pl.DataFrame) -> None:
    with page.expect_response(lambda response: response.url.endswith("inter.woff2")) as font:
        page.goto(dashboard)
    wait_for_metric(page, "Applications", f"{frame.height:,}")
    wait_for_metric(page, "Default rate", share(frame, pl.col("is_default")))
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    # The font comes from the app itself.
    assert font.value.ok
    until(page, "document.fonts.check('16px Inter')")


def step_down_to(handle: Locator, wanted: float) -> None:
    """Press a slider's key until it stays at `wanted`: while a page is still being drawn a press may be taken back."""
    end, stays = time.monotonic() + PATIENCE_S, 0
    while stays < 2:
        assert time.monotonic() < end, f"the slider is at {handle.input_value()}"
        if float(handle.input_value()) > wanted:
            handle.press("ArrowLeft")
            stays = 0
        else:
            handle.page.wait_for_timeout(10 * STEP_MS)
            stays += 1
    assert float(handle.input_value()) == wanted


def test_the_cutoff_slider_changes_the_approval_rate(page: Page, dashboard: str, frame: pl.DataFrame) -> None:
    page.goto(dashboard)
    wait_for_metric(page, "Approval rate", approval(frame, 0.0909))
    handle = page.get_by_role("slider", name="Cutoff (PD)")
    step_down_to(handle, 9)
    wait_for_metric(page, "Approval rate", approval(frame, 0.09))
    assert "cutoff=9" in page.url


# Three links with all that is wrong, because to open a page takes longer than to look at it.
@pytest.mark.parametrize(
    "query",
    [
        "cutoff=-5&f.NAME_INCOME_TYPE=Nobody&unknown=1&f.no_such_column=2&applicant=" + "9" * 400,
        "cutoff=nan&f.DAYS_BIRTH=abc&f.DAYS_BIRTH=1e999&against=<script>window.hacked=1</script>",
        "cutoff=<script>window.hacked=1</script>&f.NAME_INCOME_TYPE=<img src=x onerror=window.hacked=1>"
        "&c.<img src=x onerror=window.hacked=1>=f.DAYS_BIRTH=-20000..-10000",
    ],
    ids=("numbers", "comparison", "markup"),
)
def test_a_hostile_link_shows_the_page_as_if_it_were_not_there(
    page: Page, dashboard: str, frame: pl.DataFrame, query: str
) -> None:
    page.goto(f"{dashboard}/?{quote(query, safe='=&')}")
    wait_for_metric(page, "Applications", f"{frame.height:,}")
    wait_for_metric(page, "Approval rate", approval(frame, 0.0909))
    assert page.evaluate("window.hacked") is None
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_an_applicant_is_scored_without_rerunning_the_page(page: Page, dashboard: str, built: Settings) -> None:
    row = pl.read_parquet(built.predictions).row(5, named=True)
    page.goto(dashboard)
    box = panel(page).get_by_label("Application number (SK_ID_CURR)")
    box.fill(str(row["application_id"]))
    box.press("Enter")
    wait_for_metric(page, "PD, out of fold", f"{100 * row['default_probability']:.2f} %")


def test_dark_mode_is_dark(browser: Browser, dashboard: str) -> None:
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(dashboard)
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    assert page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor") == (
        "rgb(17, 22, 29)"
    )
    context.close()


def test_markup_in_imported_names_stays_text(page: Page, serve: object, tmp_path: Path) -> None:
    assert callable(serve)
    rng = np.random.default_rng(3)
    evil = "<img src=x onerror=window.hacked=1>"
    path = tmp_path / "theirs.csv"
    pl.DataFrame(
        {"target": rng.integers(0, 2, 500), "pd": rng.random(500), evil: rng.choice([evil, "**bold**"], 500)}
    ).write_csv(path)
    address = serve("--predictions", str(path))
    page.goto(address)
    wait_for_metric(page, "Applications", "500")
    filter_by(page, evil)
    # The accessible name is the label as it was given to Streamlit, markup kept from being any.
    page.get_by_role("combobox", name="img src=x onerror").click()
    page.get_by_role("option", name=evil).click()
    # The list, then the box that it is in: what lies behind them is hidden from a screen reader.
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name=f"{evil}: {evil}")).to_be_visible()
    assert page.evaluate("window.hacked") is None


def test_a_figure_has_its_data_as_a_file_and_says_how_it_is_computed(
    page: Page, dashboard: str, frame: pl.DataFrame, tmp_path: Path
) -> None:
    page.goto(dashboard)
    menu = page.get_by_role("button", name="Save, data, method").first
    menu.click()
    # What leaves the page as a picture says what it is of.
    with page.expect_download() as picture:
        page.get_by_role("menuitem", name="Save as SVG").click()
    drawn = picture.value.path().read_text(encoding="utf-8")
    for words in ("Defaults got higher PDs", f"{frame.height:,} of {frame.height:,}", "cutoff 9.09 %"):
        assert words in drawn.replace("\u00a0", " ")
    menu.click()
    page.get_by_role("menuitem", name="Data").click()
    drawer = page.get_by_role("dialog")
    # The whole height is the table's.
    expect(drawer.get_by_test_id("stDataFrame")).to_be_visible()
    assert drawer.get_by_test_id("stDataFrame").evaluate("table => table.getBoundingClientRect().height") > 500
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    path = tmp_path / "figure.csv"
    download.value.save_as(path)
    bars = pl.read_csv(path)
    assert bars["Defaults"].sum() == frame["is_default"].sum()
    assert bars["Non-defaults"].sum() == (~frame["is_default"]).sum()
    # As while a file is being made, when the button that asked for it has lost the focus.
    page.evaluate(
        """() => {
            document.activeElement.blur();
            document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
        }"""
    )
    expect(drawer).to_have_count(0)
    menu.press("Enter")
    # By the keyboard alone: up from the first item is the last.
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The share of each outcome's applications per bar of PD")).to_be_visible()

"""Cohorts in a real browser: filters, links, the back button, names, comparison, and a server that starts again."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Protocol

import polars as pl
from playwright.sync_api import Browser, Page, expect

from dashboard.visit.links import FORMAT, MOST_NAMED, VERSION
from tests.browser.frame import filter_by, go_to
from tests.browser.visits import open_visit
from tests.browser.waiting import until

PENSIONERS = pl.col("NAME_INCOME_TYPE") == "Pensioner"


def cohort_line(frame: pl.DataFrame, cohort: pl.DataFrame) -> str:
    """How the page words the size of `cohort`."""
    share = f"{100 * cohort.height / frame.height:.1f} %"
    return f"{cohort.height:,} of {frame.height:,} ({share}), {cohort['is_default'].sum():,} defaults"


def expect_cohort(page: Page, frame: pl.DataFrame, condition: pl.Expr | None = None) -> None:
    cohort = frame if condition is None else frame.filter(condition)
    expect(page.get_by_text(cohort_line(frame, cohort))).to_be_visible()


def choose_pensioners(page: Page) -> None:
    filter_by(page, "Income type")
    page.get_by_role("combobox", name="Income type").click()
    page.get_by_role("option", name="Pensioner").click()


def close_popover(page: Page) -> None:
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")


def test_a_filter_narrows_the_cohort_and_its_chip_widens_it(page: Page, dashboard: str, frame: pl.DataFrame) -> None:
    page.goto(dashboard)
    expect_cohort(page, frame)
    choose_pensioners(page)
    expect_cohort(page, frame, PENSIONERS)
    close_popover(page)
    page.get_by_role("button", name="Income type: Pensioner").click()
    expect_cohort(page, frame)


def test_levels_are_offered_with_their_counts(page: Page, dashboard: str, frame: pl.DataFrame) -> None:
    page.goto(dashboard)
    filter_by(page, "Income type")
    page.get_by_role("combobox", name="Income type").click()
    expect(page.get_by_role("option", name=f"Pensioner ({frame.filter(PENSIONERS).height:,})")).to_be_visible()


def test_a_range_is_moved_with_the_keyboard(page: Page, dashboard: str, frame: pl.DataFrame) -> None:
    page.goto(dashboard)
    filter_by(page, "PD")
    handle = page.get_by_role("slider", name="PD (%) — start")
    handle.focus()
    handle.press("ArrowRight")
    # The first stop above the lowest PD of some tenths of a percent, as the chip says.
    chip = page.get_by_role("button", name="PD: ")
    expect(chip).to_have_text(re.compile("and more"))
    low = float(chip.inner_text().split(": ")[1].split(" ")[0]) / 100
    expect_cohort(page, frame, pl.col("default_probability").cast(pl.Float64) >= low)


def test_a_link_shows_the_same_screen_in_a_fresh_browser(
    page: Page, browser: Browser, dashboard: str, frame: pl.DataFrame
) -> None:
    page.goto(f"{dashboard}/discrimination?f.NAME_INCOME_TYPE=Pensioner&against=~rest&disc.tab=KS&cutoff=7.5")
    expect_cohort(page, frame, PENSIONERS)
    filter_by(page, "Contract type")
    page.get_by_role("combobox", name="Contract type").click()
    page.get_by_role("option", name="Cash loans").click()
    both = PENSIONERS & (pl.col("NAME_CONTRACT_TYPE") == "Cash loans")
    expect_cohort(page, frame, both)
    until(page, "location.search.includes('Cash')")
    with open_visit(browser) as other:
        other.goto(page.evaluate("location.href"))
        expect_cohort(other, frame, both)
        expect(other.get_by_role("tab", name="KS")).to_have_attribute("aria-selected", "true")
        expect(other.get_by_role("combobox", name="Compare with")).to_have_value("vs the rest")
        expect(other.get_by_role("spinbutton", name="Cutoff (PD), %")).to_have_value("7.50")


def test_the_back_button_undoes_a_filter_and_goes_back_a_page(page: Page, dashboard: str, frame: pl.DataFrame) -> None:
    page.goto(f"{dashboard}/?cutoff=9.09")
    expect_cohort(page, frame)
    choose_pensioners(page)
    expect_cohort(page, frame, PENSIONERS)
    close_popover(page)
    go_to(page, "Calibration")
    expect(page.get_by_role("heading", name="Calibration")).to_be_visible()
    expect_cohort(page, frame, PENSIONERS)
    until(page, "location.href.includes('calibration?') && location.search.includes('Pensioner')")
    page.go_back()
    expect(page.get_by_role("heading", name="Today")).to_be_visible()
    expect_cohort(page, frame, PENSIONERS)
    page.go_back()
    expect_cohort(page, frame)
    page.go_forward()
    expect_cohort(page, frame, PENSIONERS)
    # Nothing that nobody chose came in on the way.
    expect(page).to_have_url(
        f"{dashboard}/?portfolio=home-credit-default-risk&cutoff=9.09&f.NAME_INCOME_TYPE=Pensioner"
    )


def test_going_back_to_a_page_that_was_left_at_once_keeps_the_cohort(
    page: Page, dashboard: str, frame: pl.DataFrame
) -> None:
    page.goto(f"{dashboard}/?f.NAME_INCOME_TYPE=Pensioner")
    expect_cohort(page, frame, PENSIONERS)
    until(page, "location.search.includes('cutoff')")
    # What a click on a link leaves behind when the next click comes before the server has answered.
    page.evaluate("history.pushState({}, '', '/segments')")
    go_to(page, "Calibration")
    expect(page.get_by_role("heading", name="Calibration")).to_be_visible()
    until(page, "location.href.includes('calibration?')")
    page.go_back()
    expect(page.get_by_role("heading", name="Segments")).to_be_visible()
    expect_cohort(page, frame, PENSIONERS)
    until(page, "location.href.includes('segments?') && location.search.includes('Pensioner')")
    # A click on a segment sets it beside the others; the cohort stays.
    page.locator(".scatterlayer .point").first.click(force=True)
    expect(page.get_by_role("button", name="Compare with it")).to_be_visible()
    expect_cohort(page, frame, PENSIONERS)


def test_cohorts_are_kept_by_name_chosen_again_and_compared(page: Page, dashboard: str, frame: pl.DataFrame) -> None:
    page.goto(f"{dashboard}/?f.NAME_INCOME_TYPE=Pensioner")
    expect_cohort(page, frame, PENSIONERS)
    page.get_by_role("button", name="Cohorts", exact=True).click()
    page.get_by_label("Save cohort as").fill("Pensioners")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("button", name="Pensioners", exact=True)).to_be_visible()
    close_popover(page)
    page.get_by_role("button", name="Reset filters").click()
    expect_cohort(page, frame)
    page.get_by_role("combobox", name="Compare with").click()
    page.get_by_role("option", name="vs Pensioners").click()
    pensioners = frame.filter(PENSIONERS)["is_default"]
    expect(page.get_by_text(f"Pensioners: {100 * pensioners.sum() / len(pensioners):.2f} %").first).to_be_visible()


def test_saved_cohorts_are_there_at_the_bare_address_and_a_link_never_overwrites_one(
    page: Page, dashboard: str, frame: pl.DataFrame
) -> None:
    page.goto(f"{dashboard}/?f.NAME_INCOME_TYPE=Pensioner")
    page.get_by_role("button", name="Cohorts", exact=True).click()
    page.get_by_label("Save cohort as").fill("Mine")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("button", name="Mine", exact=True)).to_be_visible()
    assert "c.Mine" not in page.url
    page.goto(f"{dashboard}/?c.Mine=f.CODE_GENDER%3DM&against=Mine")
    until(page, "new URLSearchParams(location.search).get('against') === 'Mine (2)'")
    page.goto(dashboard)
    page.get_by_role("button", name="Cohorts", exact=True).click()
    page.get_by_role("button", name="Mine", exact=True).click()
    expect_cohort(page, frame, PENSIONERS)
    page.get_by_role("button", name="Edit", exact=True).click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("button", name="Mine", exact=True)).not_to_be_visible()
    page.goto(dashboard)
    page.get_by_role("button", name="Cohorts", exact=True).click()
    # What was looked at stays at hand, saved or not.
    expect(page.get_by_role("button", name="Income type: Pensioner")).to_be_visible()
    expect(page.get_by_role("button", name="Mine", exact=True)).not_to_be_visible()


def test_cohorts_go_out_and_come_in_as_a_file(
    page: Page, browser: Browser, dashboard: str, frame: pl.DataFrame, tmp_path: Path
) -> None:
    page.goto(f"{dashboard}/?c.Pensioners=f.NAME_INCOME_TYPE%3DPensioner")
    page.get_by_role("button", name="Cohorts", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as JSON").click()
    path = tmp_path / "cohorts.json"
    download.value.save_as(path)
    assert json.loads(path.read_text())["cohorts"] == [
        {"name": "Pensioners", "filters": [["f.NAME_INCOME_TYPE", "Pensioner"]]}
    ]
    with open_visit(browser) as other:
        other.goto(dashboard)
        other.get_by_role("button", name="Cohorts", exact=True).click()
        other.locator("input[type=file]").set_input_files(path)
        other.get_by_role("button", name="Pensioners", exact=True).click()
        expect_cohort(other, frame, PENSIONERS)


def test_no_more_cohorts_are_saved_than_fifty(page: Page, dashboard: str, tmp_path: Path) -> None:
    listed = [{"name": f"Cohort {i}", "filters": [["f.CODE_GENDER", "F"]]} for i in range(MOST_NAMED)]
    path = tmp_path / "cohorts.json"
    path.write_text(json.dumps({"format": FORMAT, "version": VERSION, "cohorts": listed}))
    page.goto(f"{dashboard}/?f.CODE_GENDER=M")
    page.get_by_role("button", name="Cohorts", exact=True).click()
    page.locator("input[type=file]").set_input_files(path)
    expect(page.get_by_role("button", name="Cohort 49", exact=True)).to_be_visible()
    page.get_by_label("Save cohort as").fill("One more")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("That would be 51 saved cohorts, and 50 are kept; delete some first.")).to_be_visible()


def test_a_file_that_holds_no_cohorts_is_refused_with_a_notice(page: Page, dashboard: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.json"
    path.write_text('{"format": "something else"}')
    page.goto(dashboard)
    page.get_by_role("button", name="Cohorts", exact=True).click()
    page.locator("input[type=file]").set_input_files(path)
    expect(page.get_by_text("This is not a file of cohorts")).to_be_visible()


def test_an_empty_cohort_says_what_to_do(page: Page, dashboard: str) -> None:
    page.goto(f"{dashboard}/segments?f.DAYS_BIRTH=-1..0")
    expect(page.get_by_text("No applications match these filters.")).to_be_visible()


class CanRestart(Protocol):
    """What this file needs of a server."""

    address: str

    def restart(self) -> None: ...


# Kept once the page's script has run on a server that is there again.
RUN_AGAIN = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  const seen = [];
  window.runAgain = new Promise((done) => {
    new MutationObserver(() => {
      const { testConnectionState, testScriptState } = app.dataset;
      const step = ["PINGING_SERVER", "CONNECTED", "running", "notRunning"][seen.length];
      if (step === testConnectionState || (seen.length > 1 && step === testScriptState)) seen.push(step);
      if (seen.length === 4) done(true);
    }).observe(app, { attributes: true });
  });
}"""


def test_a_page_outlives_its_server(page: Page, server: CanRestart, frame: pl.DataFrame) -> None:
    page.goto(f"{server.address}/calibration?f.NAME_INCOME_TYPE=Pensioner")
    expect_cohort(page, frame, PENSIONERS)
    # All of the page's own scripts have come; one that is asked for while the server is away does not come at all.
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    page.evaluate(RUN_AGAIN)
    server.restart()
    # The page asks again at ever longer intervals whether its server is back, and says so over the page meanwhile.
    assert page.evaluate("window.runAgain")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Reset filters").click()
    expect_cohort(page, frame)

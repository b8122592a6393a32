"""The rows of a cohort in a real browser: a row opens its applicant, and the files hold the cohort's rows."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Browser, Page, expect
from polars.testing import assert_frame_equal

from tests.browser.visits import open_visit

QUERY = "f.NAME_INCOME_TYPE=Pensioner&f.CODE_GENDER=F&cutoff=8"
# The table is a canvas: a header's and a row's height in pixels.
HEADER, ROW = 35, 35


@pytest.fixture
def cohort(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("NAME_INCOME_TYPE") == "Pensioner", pl.col("CODE_GENDER") == "F")


def open_applications(page: Page, dashboard: str, cohort: pl.DataFrame) -> None:
    page.goto(f"{dashboard}/applications?{QUERY}")
    expect(page.get_by_text(f"Rows 1–25 of {cohort.height:,}")).to_be_visible()
    expect(page.get_by_test_id("stDataFrame").locator("canvas").first).to_be_visible()


def test_a_file_holds_the_cohort_s_rows_and_decisions(
    page: Page, dashboard: str, cohort: pl.DataFrame, tmp_path: Path
) -> None:
    open_applications(page, dashboard, cohort)
    with page.expect_download() as download:
        page.get_by_role("button", name="Cohort as Parquet").click()
    path = tmp_path / "rows.parquet"
    download.value.save_as(path)
    found = pl.read_parquet(path)
    assert found["application_id"].to_list() == cohort["application_id"].to_list()
    declined = cohort["default_probability"].cast(pl.Float64) >= 0.08
    assert [word == "Declined" for word in found["decision"].cast(pl.String)] == declined.to_list()
    assert_frame_equal(found.select(cohort.columns), cohort)


def test_a_file_is_there_for_a_slow_browser_while_others_work(
    page: Page, browser: Browser, dashboard: str, cohort: pl.DataFrame
) -> None:
    open_applications(page, dashboard, cohort)
    with page.expect_download() as download:
        page.get_by_role("button", name="Cohort as CSV").click()
    address = download.value.url
    # Streamlit drops what no visit holds on to with the second run that anybody ends.
    with open_visit(browser) as other:
        for path in ("model-card", "score-file", "model-card"):
            other.goto(f"{dashboard}/{path}")
            expect(other.get_by_role("heading", level=1)).to_be_visible()
            expect(other.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    assert page.request.get(address).body() == download.value.path().read_bytes()


def test_choosing_a_row_opens_the_applicant(page: Page, dashboard: str, cohort: pl.DataFrame) -> None:
    open_applications(page, dashboard, cohort)
    riskiest = cohort.sort("default_probability", descending=True, maintain_order=True)
    page.get_by_test_id("stDataFrame").click(position={"x": 15, "y": HEADER + 2.5 * ROW})
    number = riskiest["application_id"][2]
    # The panel opens for whoever is chosen.
    expect(page.get_by_label("Application number (SK_ID_CURR)")).to_have_value(str(number))
    expected = f"{100 * riskiest['default_probability'][2]:.2f} %"
    expect(page.get_by_test_id("stSidebar").get_by_test_id("stMetricValue").last).to_have_text(expected)
    assert f"applicant={number}" in page.url

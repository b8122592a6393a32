"""From a file to its figures by hand: dropped, a question answered, looked at, switched away from and back."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import polars as pl
from playwright.sync_api import Page, expect
from sklearn.metrics import roc_auc_score

from dashboard.report.paper_book import tables_xlsx
from data.settings import Settings
from tests.browser.hand import Hand
from tests.made_loans import make_loans

MOST_CLICKS = 8


def test_a_dropped_file_s_auc_is_scikit_learn_s_in_a_few_clicks(
    page: Page, dashboard: str, built: Settings, tmp_path: Path
) -> None:
    loans = make_loans(2_000)
    auc = roc_auc_score(loans["defaulted"].to_numpy(), loans["pd"].to_numpy())
    path = tmp_path / "Kredite.xlsx"
    # A class of 1 and 2: which one is the default is asked.
    german = loans.select(
        pl.col("loan").alias("Antrag-Nr."),
        pl.col("income").alias("Einkommen (€)"),
        pl.col("pd").alias("Ausfallwahrscheinlichkeit"),
        pl.col("defaulted").add(1).alias("Ausfall"),
    )
    path.write_bytes(tables_xlsx([("Kredite", {name: german[name].to_list() for name in german.columns})]))
    clicks = 0

    def click(what: str, name: str) -> None:
        nonlocal clicks
        clicks += 1
        Hand(page).click(page.get_by_role(what, name=name, exact=True))  # type: ignore[arg-type]

    page.goto(dashboard)
    expect(page.get_by_text("What can I do here?")).to_be_visible()
    clicks += 1
    Hand(page).go_to("Open")
    clicks += 1
    page.locator("input[type=file]").set_input_files(path)
    expect(page.get_by_role("heading", name="Kredite.xlsx")).to_be_visible()
    clicks += 1
    Hand(page).click(page.locator("label").filter(has_text="2 is the default"))
    expect(page.get_by_text("2 = default")).to_be_visible()
    click("button", "Look at these predictions")
    card = page.get_by_test_id("stMetric").filter(has_text="ROC AUC")
    expect(card.get_by_test_id("stMetricValue")).to_have_text(f"{auc:.3f}")
    assert clicks <= MOST_CLICKS
    try:
        expect(page).to_have_url(re.compile(r"/open\?.*portfolio=kredite"))
        link = page.url.replace("/open?", "/?")
        # Another visit follows the link to the same portfolio, and its own is the server's without one.
        page.goto(link)
        rows = page.get_by_test_id("stMetric").filter(has_text="Applications").get_by_test_id("stMetricValue")
        expect(rows).to_have_text("2,000")
        Hand(page).click(page.get_by_role("button", name="Portfolios", exact=True))
        Hand(page).click(page.get_by_role("button", name="Home Credit Default Risk"))
        expect(rows).to_have_text("10,000")
        # Only what is in the browser's history can be gone back from.
        expect(page).not_to_have_url(re.compile("kredite"))
        page.go_back()
        expect(rows).to_have_text("2,000")
    finally:
        shutil.rmtree(built.library)

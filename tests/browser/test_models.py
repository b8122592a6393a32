"""Models in a real browser: switched in the bar and by the back button, compared, brought by drop, and promoted."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import lightgbm as lgb
import numpy as np
import polars as pl
import pytest
from playwright.sync_api import Page, expect
from sklearn.metrics import roc_auc_score

from data.definition.at_hand import load_definition
from data.settings import Settings, load_settings
from inference.features.definition_features import feature_set
from inference.inventory.entry import CHAMPION
from inference.inventory.store import delete, list_models, read_scores
from inference.publishing.pipeline import build
from tests.browser.frame import go_to
from tests.browser.test_accessibility import BACKGROUND, serious
from tests.browser.test_layout import BAR, CUT, HIGHEST_BAR, SIDEWAYS, SIZES, wait
from tests.browser.waiting import until
from tests.conftest import silent
from tests.dashboard.challengers import add_scores
from tests.inference.bringing.conftest import TOML, make_loans


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
    # Five columns of text with intervals, on a phone.
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{dashboard}/calibration?cal.tab=Significance%20tests&against=~model.{challenger}")
    expect(page.get_by_role("columnheader", name="Difference, 95 %")).to_be_attached()
    until(page, f"!({SIDEWAYS})")


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


@pytest.fixture(name="loans")
def fixture_loans(built: Settings) -> Iterator[Settings]:
    """A small portfolio of the library, whose champion may change."""
    folder = built.library / "loans"
    folder.mkdir(parents=True)
    (folder / "portfolio.toml").write_text(TOML, encoding="utf-8")
    make_loans().write_csv(folder / "loans.csv")
    settings = load_settings({**os.environ, "SCOREROOM_PORTFOLIO": str(folder)})
    build(settings, silent)
    yield settings
    shutil.rmtree(folder)


def test_a_model_file_is_brought_by_drop_shown_and_made_the_champion(
    page: Page, dashboard: str, loans: Settings, tmp_path: Path
) -> None:
    table = pl.read_parquet(loans.applications)
    matrix, bad = (
        feature_set(load_definition(loans)).matrix(table)[:, [0, 2]],
        table["status"].cast(pl.Int64).to_numpy(),
    )
    data = lgb.Dataset(matrix, bad, feature_name=["income", "age"])
    booster = lgb.train({"objective": "binary", "num_leaves": 7, "verbose": -1, "num_threads": 1}, data, 30)
    booster.save_model(tmp_path / "mine.txt")
    auc = float(roc_auc_score(bad, np.asarray(booster.predict(matrix))))
    page.goto(f"{dashboard}/models?portfolio=loans")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(tmp_path / "mine.txt")
    page.get_by_role("textbox", name="Name", exact=True).last.fill("dropped")
    page.get_by_role("button", name="Import it").click()
    expect(page.get_by_text("Importing dropped: done.")).to_be_visible()
    # It is shown, and listed with its AUC.
    until(page, "location.search.includes('model=dropped')")
    # For those who do not see the table's canvas it holds numbers unrounded.
    expect(page.locator("canvas tr", has_text="dropped")).to_contain_text(str(auc)[:10])
    page.get_by_test_id("stPopover").get_by_role("button", name="Models", exact=True).click()
    expect(page.get_by_role("button", name="dropped imported model, as imported")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Make it the champion ...").click()
    assert [entry.kind for entry in list_models(loans) if entry.is_champion] == ["lightgbm"]
    page.get_by_role("button", name="Make it the champion: yes").click()
    expect(page.get_by_text("Making dropped the champion: done.")).to_be_visible()
    until(page, "!location.search.includes('model=')")
    assert [entry.kind for entry in list_models(loans) if entry.is_champion] == ["imported"]
    assert roc_auc_score(bad, read_scores(loans, CHAMPION)) == pytest.approx(auc, abs=1e-9)
    expect(page.locator(".bar-lines").first).to_contain_text("Imported model")

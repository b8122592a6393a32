"""A file of applications dropped in a real browser: judged, scored, taken out, looked at, and gone once removed."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from playwright.sync_api import Browser, Page, expect
from polars.testing import assert_frame_equal

from data.files.batch_limits import LIMITS
from data.home_credit import embedded
from data.settings import Settings
from inference.model.session import ScoringSession
from tests.browser.frame import go_to
from tests.browser.visits import open_visit
from tests.browser.waiting import until

ROWS, BAD = 400, {3: ("AMT_CREDIT", "much"), 7: ("DAYS_BIRTH", "12")}
FORMULA, MARKUP = "=1+1", "<b>x</b>"
CUTOFF = 0.0909
HINT = "A file is kept in the memory of this visit alone, until it is removed or the visit ends."
# The table is a canvas: a header's and a row's height in pixels.
HEADER, ROW = 35, 35


@dataclass(frozen=True)
class Dropped:
    """A file with two bad cells, its good rows, and their PDs one by one."""

    path: Path
    good: pl.DataFrame
    pds: np.ndarray[tuple[int], np.dtype[np.float32]]

    def approval(self, cutoff: float) -> str:
        return f"{100 * float((self.pds.astype(np.float64) < cutoff).mean()):.2f} %"


@pytest.fixture(scope="module")
def dropped(built: Settings, tmp_path_factory: pytest.TempPathFactory) -> Dropped:
    table = pl.read_parquet(built.applications, n_rows=ROWS).drop("TARGET")
    notes = pl.Series("remark", [FORMULA, MARKUP] * (ROWS // 2))
    table = table.with_columns(notes).select(*reversed(table.columns[:60]), "remark", *table.columns[60:])
    text = table.select(pl.all().cast(pl.String))
    for place, (column, wrong) in BAD.items():
        text = text.with_columns(
            pl.when(pl.int_range(ROWS) == place).then(pl.lit(wrong)).otherwise(column).alias(column)
        )
    path = tmp_path_factory.mktemp("dropped") / "new.csv"
    text.write_csv(path)
    good = table.filter(~pl.int_range(ROWS).is_in(list(BAD)))
    session = ScoringSession.open(built.model, embedded.DEFINITION)
    rows = good.drop("SK_ID_CURR", "remark").iter_rows(named=True)
    return Dropped(path, good, np.array([session.score(row) for row in rows], dtype=np.float32))


def expect_card(page: Page, label: str, value: str) -> None:
    cards = page.get_by_test_id("stMain").get_by_test_id("stMetric")
    card = cards.filter(has=page.get_by_text(label, exact=True))
    expect(card.get_by_test_id("stMetricValue")).to_have_text(value)


def drop(page: Page, path: Path) -> None:
    box = page.get_by_test_id("stFileUploader").locator("input[type=file]")
    # While a run puts another uploader in its place, both stand there.
    expect(box).to_have_count(1)
    box.set_input_files(path)


def open_with(page: Page, dashboard: str, dropped: Dropped) -> None:
    """The page with the file dropped and scored."""
    page.goto(f"{dashboard}/score-file")
    drop(page, dropped.path)
    expect_result(page, dropped)


def expect_result(page: Page, dropped: Dropped) -> None:
    expect(page.get_by_role("heading", name=dropped.path.name)).to_be_visible()
    expect_card(page, "Applications scored", f"{ROWS - len(BAD)}")


def download(page: Page, button: str, path: Path) -> Path:
    with page.expect_download() as found:
        page.get_by_role("button", name=button).click()
    found.value.save_as(path)
    return path


def test_a_file_is_judged_by_row_and_column_and_shown_as_a_cohort(
    page: Page, dashboard: str, dropped: Dropped, tmp_path: Path
) -> None:
    open_with(page, dashboard, dropped)
    expect(page.get_by_text("2 rows left out")).to_be_visible()
    expect(page.get_by_text("Carried through as they are, 1 column that no application has: remark.")).to_be_visible()
    expect_card(page, "Mean PD", f"{100 * float(dropped.pds.mean(dtype=np.float64)):.2f} %")
    expect_card(page, "Approval rate", dropped.approval(CUTOFF))
    expect(page.get_by_role("tabpanel").locator(".js-plotly-plot")).to_have_count(1)
    page.get_by_role("tab", name="What was wrong").click()
    expect(page.get_by_text(f"2 values in 2 rows of {ROWS} cannot be used")).to_be_visible()
    faults = pl.read_csv(download(page, "Report as CSV", tmp_path / "faults.csv"))
    # Line 1 is the header.
    expected = [(place + 2, column, wrong) for place, (column, wrong) in BAD.items()]
    assert faults.select("Line", "Column", "Found").rows() == expected
    with zipfile.ZipFile(download(page, "Report as XLSX", tmp_path / "faults.xlsx")) as book:
        texts = book.read("xl/sharedStrings.xml").decode()
    assert all(f">{text}<" in texts for cell in BAD.values() for text in cell)


def test_scores_go_out_as_files(page: Page, dashboard: str, dropped: Dropped, tmp_path: Path) -> None:
    open_with(page, dashboard, dropped)
    stored = pl.read_parquet(download(page, "Scores as Parquet", tmp_path / "scores.parquet"))
    shares = stored["default_probability"].to_list()
    assert stored["pd_percent"].to_list() == pytest.approx([100 * share for share in shares], rel=1e-6)
    assert len(f"{stored['pd_percent'][0]:.15g}") < 12
    names = ["SK_ID_CURR", *(name for name in dropped.good.columns if name != "SK_ID_CURR")]
    assert stored.columns[: len(names)] == names
    assert np.array_equal(stored["default_probability"].cast(pl.Float32).to_numpy(), dropped.pds)
    declined = dropped.pds.astype(np.float64) >= CUTOFF
    assert (stored["decision"].to_numpy() == np.where(declined, "decline", "approve")).all()
    assert (stored["reason_1"].is_not_null().to_numpy() == declined).all()
    assert stored["remark"].to_list() == dropped.good["remark"].to_list()
    written = pl.read_csv(download(page, "Scores as CSV", tmp_path / "scores.csv"), infer_schema_length=None)
    assert set(written["remark"]) == {f"'{FORMULA}", MARKUP}
    assert_frame_equal(
        written.select("default_probability", "SK_ID_CURR", "decision", "reason_1"),
        stored.select("default_probability", pl.col("SK_ID_CURR").cast(pl.Int64), "decision", "reason_1"),
        check_exact=True,
    )


def test_a_row_is_opened_as_a_new_applicant(page: Page, dashboard: str, dropped: Dropped) -> None:
    open_with(page, dashboard, dropped)
    page.get_by_role("tab", name="Rows").click()
    expect(page.get_by_role("button", name="Look at this applicant")).to_be_disabled()
    expect(page.get_by_test_id("stDataFrame").locator("canvas").first).to_be_visible()
    page.get_by_test_id("stDataFrame").click(position={"x": 15, "y": HEADER + 1.5 * ROW})
    page.get_by_role("button", name="Look at this applicant").click()
    second = int(np.argsort(-dropped.pds, kind="stable")[1])
    side = page.get_by_test_id("stSidebar")
    expect(side.get_by_test_id("stMetricValue")).to_have_text(f"{100 * float(dropped.pds[second]):.2f} %")
    expect(side.get_by_text("New applicant, ")).to_be_visible()
    side.get_by_role("link", name="Explain, change, decide").click()
    expect(page.get_by_role("heading", name="New applicant")).to_be_visible()
    credit = dropped.good["AMT_CREDIT"][second]
    expect(page.get_by_role("spinbutton", name="Credit amount")).to_have_value(f"{credit:g}")
    # The file is still there when the reader comes back.
    go_to(page, "Score a file")
    expect_result(page, dropped)


def test_another_cutoff_decides_again_when_it_is_asked_to(page: Page, dashboard: str, dropped: Dropped) -> None:
    open_with(page, dashboard, dropped)
    box = page.get_by_role("spinbutton", name="Cutoff (PD), %")
    box.fill("8.70")
    box.press("Enter")
    expect(page.get_by_text("Decisions and reasons are at 9.09 %")).to_be_visible()
    expect_card(page, "Approval rate", dropped.approval(CUTOFF))
    assert dropped.approval(0.087) != dropped.approval(CUTOFF)
    page.get_by_role("button", name="Decide at 8.70 %").click()
    expect_card(page, "Approval rate", dropped.approval(0.087))
    expect(page.get_by_text("Decisions and reasons are at")).to_have_count(0)


def make_wide(folder: Path) -> Path:
    path = folder / "wide.csv"
    path.write_text("\n".join(",".join(f"{start}{place}" for place in range(10_000)) for start in ("c", "1")))
    return path


def make_bomb(folder: Path) -> Path:
    path, block = folder / "bomb.zip", b"1" * 1_000_000
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("bomb.csv", "w", force_zip64=True) as member,
    ):
        for _ in range(LIMITS.unpacked_bytes // len(block) + 1):
            member.write(block)
    return path


def make_other_table(folder: Path) -> Path:
    path = folder / "bureau.csv"
    path.write_text("SK_ID_CURR,SK_ID_BUREAU,<b>x</b>\n100001,5,=1+1\n")
    return path


REFUSED: dict[Callable[[Path], Path], str] = {
    make_wide: f"wide.csv: has more than {LIMITS.columns:,} columns, the most that is taken (found 10,000)",
    make_bomb: f"bomb.zip: unpacks to more than {LIMITS.unpacked_bytes / 1e6:,g} MB, the most that is taken",
    make_other_table: "bureau.csv: holds 0 of the 76 columns that the model needs, so it is another table",
}


def test_a_file_is_shown_as_a_cohort_and_the_portfolio_again(page: Page, dashboard: str, dropped: Dropped) -> None:
    open_with(page, dashboard, dropped)
    page.get_by_role("button", name="Show it as a cohort").click()
    bar = page.locator(".st-key-bar-file")
    expect(bar).to_contain_text(dropped.path.name)
    expect(bar).to_contain_text(f"{len(dropped.pds)} applications scored today")
    expect(page.get_by_role("heading", name="Today")).to_be_visible()
    expect_card(page, "Approval rate", dropped.approval(CUTOFF))
    go_to(page, "Applications")
    expect(page.get_by_text(f"of {len(dropped.pds)}").first).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Today")).to_be_visible()
    expect(bar).to_contain_text(dropped.path.name)
    page.get_by_role("button", name="Back to the portfolio").click()
    expect(bar).to_have_count(0)
    expect(page.locator(".st-key-bar-portfolio").first).to_be_visible()
    # The step back shows the file again, which the visit still holds; the address is written last.
    until(page, "!location.search.includes('file=')")
    page.go_back()
    expect(bar).to_contain_text(dropped.path.name)


def test_a_file_that_is_refused_leaves_what_was_there(
    page: Page, dashboard: str, dropped: Dropped, tmp_path: Path
) -> None:
    open_with(page, dashboard, dropped)
    for make, sentence in REFUSED.items():
        drop(page, make(tmp_path))
        expect(page.get_by_text(sentence)).to_be_visible()
        expect_result(page, dropped)
        expect_card(page, "Approval rate", dropped.approval(CUTOFF))
        expect(page.get_by_test_id("stException")).to_have_count(0)


def test_what_is_removed_is_gone_and_nobody_else_sees_it(
    page: Page, browser: Browser, dashboard: str, dropped: Dropped
) -> None:
    open_with(page, dashboard, dropped)
    with open_visit(browser) as other:
        other.goto(page.url)
        expect(other.get_by_text(HINT)).to_be_visible()
        expect(other.get_by_test_id("stMain").get_by_test_id("stMetric")).to_have_count(0)
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_text(HINT)).to_be_visible()
    expect(page.get_by_text(dropped.path.name)).to_have_count(0)
    page.reload()
    expect(page.get_by_text(HINT)).to_be_visible()
    expect(page.get_by_test_id("stMain").get_by_test_id("stMetric")).to_have_count(0)

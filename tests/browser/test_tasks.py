"""The tasks that analysts come with, done in a real browser: in how many clicks, and whether what is read is right."""

from __future__ import annotations

import re
import time
from math import log
from pathlib import Path

import numpy as np
import polars as pl
from playwright.sync_api import Browser, Locator, Page, expect
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from data.home_credit import embedded
from data.settings import Settings
from inference.model.session import ScoringSession
from tests.browser.hand import Hand
from tests.browser.visits import open_visit
from tests.browser.waiting import PATIENCE_S, STEP_MS

CUTOFF, MARGIN, LGD = 0.0909, 0.05, 0.45
YOUNG = pl.col("DAYS_BIRTH") >= -30 * 365.25
PENSIONER = pl.col("NAME_INCOME_TYPE") == "Pensioner"
PENSIONERS = "f.NAME_INCOME_TYPE=Pensioner"


def percent(share: float, digits: int = 2) -> str:
    return f"{100 * share:.{digits}f} %"


def rate(frame: pl.DataFrame) -> str:
    return percent(float(frame["is_default"].cast(pl.Float64).mean()))  # type: ignore[arg-type]


def exact(pds: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """PDs as the decimals that stand in the file."""
    return np.array([float(str(np.float32(pd))) for pd in pds])


def card(page: Page, label: str) -> Locator:
    main = page.get_by_test_id("stMain").get_by_test_id("stMetric")
    return main.filter(has=page.get_by_text(label, exact=True)).first


def value(page: Page, label: str) -> Locator:
    return card(page, label).get_by_test_id("stMetricValue")


def rows(page: Page) -> list[list[str]]:
    """The rows of the table in sight: what it holds for those who do not see its canvas, once that stays the same.

    A run that puts another table in its place leaves it empty for a moment.
    """
    table = page.get_by_test_id("stMain").get_by_test_id("stDataFrame").locator("canvas table")
    script = "all => all.map(row => [...row.querySelectorAll('td')].map(cell => cell.textContent))"
    end = time.monotonic() + PATIENCE_S
    before: list[list[str]] = []
    found: list[list[str]] = []
    while not found or found != before:
        assert time.monotonic() < end, f"no table stays: {found}"
        page.wait_for_timeout(5 * STEP_MS)
        before, found = found, table.locator("tbody tr").evaluate_all(script)
    return found


def test_the_worst_region_by_default_rate_with_its_interval(page: Page, dashboard: str, frame: pl.DataFrame) -> None:
    page.goto(dashboard)
    hand = Hand(page)
    hand.go_to("Segments")
    hand.type(page.get_by_role("combobox", name="Column", exact=True), "Region rating")
    regions = frame.group_by("REGION_RATING_CLIENT").agg(pl.len(), pl.col("is_default").sum().alias("bad"))
    worst, n, bad = max(regions.iter_rows(), key=lambda row: row[2] / row[1])
    expect(page.get_by_text("Default rate by Region rating, with 95 % intervals")).to_be_visible()
    ends = binomtest(bad, n).proportion_ci(method="wilson")
    name, applications, _, shown, interval, *_ = rows(page)[0]
    assert (name, int(applications)) == (str(worst), n)
    assert np.isclose(float(shown), 100 * bad / n)
    assert interval == f"{100 * ends.low:.2f}–{100 * ends.high:.2f}"
    assert hand.clicks <= 5


def test_the_young_against_the_rest(page: Page, dashboard: str, frame: pl.DataFrame) -> None:
    page.goto(dashboard)
    hand = Hand(page)
    hand.click(page.get_by_role("button", name="Filter", exact=True))
    hand.type(page.get_by_role("combobox", name="Column", exact=True), "Age")
    hand.type(page.get_by_role("textbox", name="Age, to"), "30")
    young, rest = frame.filter(YOUNG), frame.filter(~YOUNG)
    expect(value(page, "Default rate")).to_have_text(rate(young))
    hand.choose("Compare with", "vs the rest")
    expect(card(page, "Default rate")).to_contain_text(f"Rest: {rate(rest)}")
    auc = roc_auc_score(young["is_default"], exact(young["default_probability"]))
    expect(value(page, "ROC AUC")).to_have_text(f"{auc:.3f}")
    assert hand.clicks <= 5


def test_the_best_cutoff_before_and_after(page: Page, dashboard: str, frame: pl.DataFrame) -> None:
    page.goto(dashboard)
    hand = Hand(page)
    hand.go_to("Cutoff")
    hand.click(page.get_by_role("tab", name="Profit"))
    bad, exposure = frame["is_default"].to_numpy().astype(bool), frame["exposure"].to_numpy()
    pds = exact(frame["default_probability"])
    earned = np.where(bad, -LGD, MARGIN) * exposure
    # In ten-thousandths, which is what a cutoff can be.
    units = np.rint(pds * 1e4 - 0.5 + 1e-9).astype(int) + 1
    profits = np.concatenate([[0.0], np.cumsum(np.bincount(units, earned, minlength=10_001))])
    best = int(profits.argmax()) - 1
    expect(value(page, "Best cutoff")).to_have_text(percent(best / 1e4))
    now, then = pds < CUTOFF, pds < best / 1e4
    line = page.locator("p", has_text=re.compile("^Cutoff 9.09 % →")).inner_text()
    shown = [float(number) for number in re.findall(r"([\d.]+) %", line)[2:]]
    wanted = [100 * part for part in (now.mean(), then.mean(), bad[now].mean(), bad[then].mean())]
    assert np.allclose(shown, wanted, rtol=5e-3)
    amount, size = re.search(r"profit \+([\d.]+) ?([kM]?)", line).groups()  # type: ignore[union-attr]
    gain = float(amount) * {"": 1, "k": 1e3, "M": 1e6}[size]
    assert np.isclose(gain, earned[then].sum() - earned[now].sum(), rtol=5e-3)
    hand.click(page.get_by_role("button", name="Use this cutoff"))
    expect(page.get_by_text("You are at the best cutoff.")).to_be_visible()
    assert hand.clicks <= 4


def test_a_cohort_is_shared(page: Page, browser: Browser, dashboard: str, frame: pl.DataFrame) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(dashboard)
    hand = Hand(page)
    hand.click(page.get_by_role("button", name="Filter", exact=True))
    hand.type(page.get_by_role("combobox", name="Column", exact=True), "Income type")
    hand.type(page.get_by_role("combobox", name="Income type"), "Pensioner")
    pensioners = frame.filter(PENSIONER)
    expect(value(page, "Applications")).to_have_text(f"{pensioners.height:,}")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    hand.click(page.get_by_role("button", name="Cohorts", exact=True))
    hand.click(page.get_by_role("button", name="Copy link"))
    expect(page.get_by_role("button", name="Link copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    with open_visit(browser) as other:
        other.goto(link)
        expect(value(other, "Applications")).to_have_text(f"{pensioners.height:,}")
        expect(value(other, "Default rate")).to_have_text(rate(pensioners))
        # Without a clipboard, as where a page comes without TLS, the link is ready to be copied by hand.
        other.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
        other.get_by_role("button", name="Cohorts", exact=True).click()
        other.get_by_role("button", name="Copy link").click()
        expect(other.get_by_role("button", name="Link selected")).to_be_visible()
        assert other.evaluate("getSelection().toString().trim()") == link
    assert hand.clicks <= 5


def test_an_applicant_is_looked_up(page: Page, dashboard: str, frame: pl.DataFrame) -> None:
    page.goto(dashboard)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    hand = Hand(page)
    number, pd = frame.sort("default_probability").select("application_id", "default_probability").row(-7)
    hand.press("/")
    side = page.get_by_test_id("stSidebar")
    hand.type(side.get_by_role("searchbox"), str(number))
    expect(side.get_by_test_id("stMetricValue").last).to_have_text(percent(pd))
    expect(side.get_by_text("Declined", exact=False).first).to_be_visible()
    assert pd >= CUTOFF
    assert hand.clicks <= 3


def test_the_columns_that_moved_most(page: Page, dashboard: str, frame: pl.DataFrame) -> None:
    page.goto(f"{dashboard}/?{PENSIONERS}")
    hand = Hand(page)
    hand.go_to("Stability")
    hand.click(page.get_by_role("tab", name="Columns"))
    table = [(name, float(index)) for name, index, _, shift, *_ in rows(page) if shift != "part of the filter"]
    assert [index for _, index in table] == sorted((index for _, index in table), reverse=True)
    groups = frame.group_by("CODE_GENDER").agg(PENSIONER.sum().alias("here"), (~PENSIONER).sum().alias("there"))
    shares = [(row["here"] / groups["here"].sum(), row["there"] / groups["there"].sum()) for row in groups.to_dicts()]
    moved = sum((here - there) * log(here / there) for here, there in shares)
    assert np.isclose(dict(table)["Gender"], moved)
    assert hand.clicks <= 3


def test_a_cohort_is_saved_and_opened_from_the_bare_address(page: Page, dashboard: str, frame: pl.DataFrame) -> None:
    page.goto(f"{dashboard}/?{PENSIONERS}")
    hand = Hand(page)
    hand.click(page.get_by_role("button", name="Cohorts", exact=True))
    hand.type(page.get_by_label("Save cohort as"), "Retired")
    hand.click(page.get_by_role("button", name="Save", exact=True))
    expect(page.get_by_role("button", name="Retired", exact=True)).to_be_visible()
    page.goto(dashboard)
    hand.click(page.get_by_role("button", name="Cohorts", exact=True))
    hand.click(page.get_by_role("button", name="Retired", exact=True))
    expect(value(page, "Default rate")).to_have_text(rate(frame.filter(PENSIONER)))
    assert hand.clicks <= 5


def test_a_chart_s_data_as_a_file(page: Page, dashboard: str, frame: pl.DataFrame) -> None:
    page.goto(f"{dashboard}/discrimination")
    hand = Hand(page)
    # The menu comes with the drawing.
    expect(page.locator(".chart[data-drawn]")).to_have_count(2)
    hand.click(page.get_by_role("button", name="Save, data, method: A default gets"))
    hand.click(page.get_by_role("menuitem", name="Data, CSV, Excel"))
    points = pl.read_csv(hand.download(page.get_by_role("button", name="Download CSV")))
    pds, bad = exact(frame["default_probability"]), frame["is_default"].to_numpy().astype(bool)
    # A point is drawn for some of the cutoffs only; those that are hold exactly.
    for cutoff, good_share, bad_share in points.drop_nulls().sample(30, seed=1).iter_rows():
        declined = pds >= cutoff / 100 - 1e-12
        assert np.isclose(bad_share, 100 * declined[bad].mean(), atol=0.01), cutoff
        assert np.isclose(good_share, 100 * declined[~bad].mean(), atol=0.01), cutoff
    assert hand.clicks <= 3


def test_a_file_is_scored(page: Page, dashboard: str, built: Settings, tmp_path: Path) -> None:
    table = pl.read_parquet(built.applications, n_rows=40).drop("TARGET")
    table.write_csv(tmp_path / "new.csv")
    page.goto(dashboard)
    hand = Hand(page)
    hand.go_to("Score a file")
    hand.drop(page.get_by_test_id("stFileUploader").locator("input[type=file]"), tmp_path / "new.csv")
    scores = pl.read_csv(hand.download(page.get_by_role("button", name="Scores as CSV")))
    session = ScoringSession.open(built.model, embedded.DEFINITION)
    wanted = [session.score(row) for row in table.drop("SK_ID_CURR").iter_rows(named=True)]
    assert np.array_equal(scores["default_probability"].cast(pl.Float32).to_numpy(), np.array(wanted, dtype=np.float32))
    assert hand.clicks <= 4


def test_the_rows_of_a_cohort_as_a_file(page: Page, dashboard: str, frame: pl.DataFrame) -> None:
    page.goto(f"{dashboard}/?{PENSIONERS}&f.CODE_GENDER=F&cutoff=8")
    hand = Hand(page)
    hand.go_to("Applications")
    found = pl.read_csv(hand.download(page.get_by_role("button", name="Cohort as CSV")))
    cohort = frame.filter(PENSIONER, pl.col("CODE_GENDER") == "F")
    assert found["application_id"].to_list() == cohort["application_id"].to_list()
    declined = exact(cohort["default_probability"]) >= 0.08
    assert [word == "Declined" for word in found["decision"]] == declined.tolist()
    assert hand.clicks <= 3

"""One applicant in a real browser: from the look-up in the panel to the decision record, wide and narrow."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from data.facts import describe_table
from data.home_credit import embedded
from data.settings import Settings
from inference.model.session import ScoringSession
from tests.browser.frame import panel
from tests.browser.visits import open_visit
from tests.browser.waiting import until

DESKTOP, NARROW = 1440, 768
CUTOFF = 0.0909
NOTE = "<script>window.hacked=1</script> Spoke to <b>the employer</b> & agreed.\nSecond line."
ANALYST, WHY = "A. Analyst", "Payslip <i>missing</i>"
FIGURES = ("Why", "Sensitivity", "People like this one")
TABS = ("Why", "Decision", "Sensitivity", "People like this one", "Scenarios", "Record")
# Every change of the page behind the panel from now on; the charts keep a mark until they are mounted anew.
WATCH = """() => {
  const page = document.querySelector('[data-testid="stMain"]');
  page.querySelectorAll(".js-plotly-plot").forEach((chart) => { chart.marked = true; });
  window.changes = 0;
  new MutationObserver((found) => { window.changes += found.length; })
    .observe(page, { subtree: true, childList: true, attributes: true, characterData: true });
}"""
UNMARKED = "[...document.querySelectorAll('.js-plotly-plot')].filter((chart) => !chart.marked).length"


@dataclass(frozen=True)
class Portfolio:
    """The applications of the built portfolio, and the model that the tests score them with."""

    table: pl.DataFrame
    session: ScoringSession
    pds: np.ndarray[Any, np.dtype[np.float32]]
    predictions: pl.DataFrame

    def values(self, number: int) -> dict[str, Any]:
        row = self.table.row(by_predicate=pl.col("SK_ID_CURR") == number, named=True)
        return {name: value for name, value in row.items() if name not in ("SK_ID_CURR", "TARGET")}

    def pd(self, number: int, **edits: object) -> str:
        return worded(self.session.score(self.values(number) | edits))

    def filed(self, number: int) -> str:
        """The PD by a model that had not seen the application, which it has as long as nothing is edited."""
        row = self.predictions.row(by_predicate=pl.col("application_id") == number, named=True)
        return worded(row["default_probability"])

    @property
    def ids(self) -> pl.Series:
        return self.table["SK_ID_CURR"]


@pytest.fixture(scope="module")
def portfolio(built: Settings) -> Portfolio:
    table, session = pl.read_parquet(built.applications), ScoringSession.open(built.model, embedded.DEFINITION)
    return Portfolio(table, session, session.score_frame(table), pl.read_parquet(built.predictions))


@pytest.fixture(scope="module")
def declined(portfolio: Portfolio) -> int:
    """A declined applicant who is approved with a loan of half the size."""
    halved = portfolio.table.with_columns((pl.col("AMT_CREDIT") / 2).round())
    flips = (portfolio.pds >= 0.11) & (portfolio.session.score_frame(halved) < CUTOFF)
    unseen = dict(portfolio.predictions.select("application_id", "default_probability").iter_rows())
    flips &= np.array([unseen[number] >= CUTOFF for number in portfolio.ids])
    return int(portfolio.ids[int(np.flatnonzero(flips)[0])])


@dataclass(frozen=True, slots=True)
class Recorded:
    """A visit in which an applicant's record was written, and the file that came of it as JSON and HTML."""

    page: Page
    json: Path
    html: Path

    @property
    def content(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.json.read_text())
        return found


# One visit for all tests of records, because to write one takes longer than what they ask of it.
@pytest.fixture(scope="module")
def recorded(
    browser: Browser, dashboard: str, portfolio: Portfolio, declined: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Recorded]:
    """The declined applicant with half the loan, referred by an analyst with a reason and a note."""
    folder = tmp_path_factory.mktemp("records")
    with open_visit(browser) as page:
        path = write_record(page, dashboard, portfolio, declined, folder)
        yield Recorded(page, path, download(page, "Record as HTML", folder / "record.html"))


def worded(pd: float) -> str:
    return f"{100 * pd:.2f} %"


def card(page: Page, label: str) -> Locator:
    """The value of a card of the page; while a run moves a card, the old and the new one both stand there."""
    cards = page.get_by_test_id("stMain").get_by_test_id("stMetric")
    return cards.filter(has=page.get_by_text(label, exact=True)).get_by_test_id("stMetricValue").first


def open_applicant(page: Page, dashboard: str, portfolio: Portfolio, number: int, query: str = "") -> None:
    page.goto(f"{dashboard}/applicant?applicant={number}{query}")
    expect(card(page, "PD, out of fold")).to_have_text(portfolio.filed(number))


def set_number(page: Page, label: str, value: float) -> None:
    # What is typed while a run still writes the page may be typed into a box that is replaced.
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    box = page.get_by_role("spinbutton", name=label, exact=True)
    box.fill(str(value))
    box.press("Enter")


def half_credit(portfolio: Portfolio, number: int) -> int:
    credit: float = portfolio.values(number)["AMT_CREDIT"]
    return round(credit / 2)


def tab(page: Page, name: str) -> Locator:
    """The tab `name`, opened; what is in it."""
    page.get_by_role("tab", name=name, exact=True).click()
    return page.get_by_role("tabpanel", name=name, exact=True)


def drop_record(page: Page, path: Path) -> None:
    box = page.get_by_test_id("stFileUploader").locator("input[type=file]")
    # A run that ends meanwhile would take the box for empty.
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    if not page.get_by_test_id("stFileUploader").is_visible():
        page.get_by_text("Open a decision record").click()
    box.set_input_files(path)


def download(page: Page, button: str, path: Path) -> Path:
    with page.expect_download() as found:
        page.get_by_role("button", name=button).click()
    found.value.save_as(path)
    return path


def test_the_panel_suggests_and_scores_while_the_page_behind_it_stands(
    page: Page, dashboard: str, portfolio: Portfolio
) -> None:
    page.goto(dashboard)
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    side = panel(page)
    # What folding the panel out moves has come to rest, and with it all that the page's own run changed.
    page.wait_for_timeout(1_500)
    page.evaluate(WATCH)
    number = int(portfolio.ids.sort()[57])
    side.get_by_label("Application number (SK_ID_CURR)").press_sequentially(str(number)[:-1])
    alike = [str(other) for other in portfolio.ids.sort() if str(other).startswith(str(number)[:-1])]
    expect(side.locator(".st-key-applicant-suggestions button")).to_have_text(alike[:6])
    side.get_by_role("button", name=alike[2], exact=True).click()
    chosen = int(alike[2])
    expect(side.get_by_test_id("stMetricValue").last).to_have_text(portfolio.filed(chosen))
    pd = portfolio.session.score(portfolio.values(chosen))
    expect(side.locator(".stMarkdownBadge").last).to_contain_text("Declined" if pd >= CUTOFF else "Approved")
    expect(side.get_by_role("listitem")).to_have_count(3)
    until(page, f"location.search.includes('applicant={chosen}')")
    assert page.evaluate("window.changes") == 0
    assert page.evaluate(UNMARKED) == 0
    # The same watch sees a page that does run.
    side.get_by_role("link", name="Explain, change, decide").click()
    expect(card(page, "PD, out of fold")).to_have_text(portfolio.filed(chosen))
    assert page.evaluate("window.changes") > 0
    until(page, f"{UNMARKED} > 0")


def test_the_panel_picks_an_application_of_the_cohort(page: Page, dashboard: str, portfolio: Portfolio) -> None:
    page.goto(f"{dashboard}/?f.NAME_INCOME_TYPE=Pensioner")
    side = panel(page)
    box = side.get_by_label("Application number (SK_ID_CURR)")
    pensioners = portfolio.table["NAME_INCOME_TYPE"] == "Pensioner"
    side.get_by_role("button", name="First", exact=True).click()
    expect(box).to_have_value(str(portfolio.ids.filter(pensioners)[0]))
    side.get_by_role("button", name="Random", exact=True).click()
    expect(box).not_to_have_value(str(portfolio.ids.filter(pensioners)[0]))
    assert int(box.input_value()) in portfolio.ids.filter(pensioners).to_list()
    shown = box.input_value()
    side.get_by_role("button", name="Borderline", exact=True).click()
    expect(box).not_to_have_value(shown)
    filed = dict(portfolio.predictions.select("application_id", "default_probability").iter_rows())
    distance = np.abs(np.array([filed[number] for number in portfolio.ids]) - CUTOFF)
    nearest = np.sort(distance[pensioners.to_numpy()])[24]
    # Log-odds are kept in steps, which moves a PD by less than this.
    assert distance[portfolio.ids.to_list().index(int(box.input_value()))] <= nearest + 1e-4
    side.get_by_role("button", name="New", exact=True).click()
    expect(side.get_by_text("New applicant", exact=True)).to_be_visible()
    facts = describe_table(portfolio.table.lazy(), embedded.DEFINITION)
    typical = portfolio.session.score({name: found.typical for name, found in facts.items()})
    expect(side.get_by_test_id("stMetricValue").last).to_have_text(worded(typical))


def test_an_edit_rescores_is_marked_and_is_taken_back(
    page: Page, dashboard: str, portfolio: Portfolio, declined: int
) -> None:
    open_applicant(page, dashboard, portfolio, declined)
    before, half = portfolio.values(declined)["AMT_CREDIT"], half_credit(portfolio, declined)
    after = portfolio.pd(declined, AMT_CREDIT=float(half))
    undo = page.locator(".st-key-undo-AMT_CREDIT").get_by_role("button")

    def expect_changed() -> None:
        expect(card(page, "PD, published model")).to_have_text(after)
        expect(card(page, "Decision")).to_have_text("Approved")
        expect(page.get_by_text(f"before: {portfolio.pd(declined)}")).to_be_visible()
        expect(undo).to_contain_text(f"{before:,.0f}")

    def expect_as_it_was() -> None:
        expect(card(page, "PD, out of fold")).to_have_text(portfolio.filed(declined))
        expect(card(page, "Decision")).to_have_text("Declined")
        expect(undo).to_have_count(0)
        expect(page.get_by_role("spinbutton", name="Credit amount")).to_have_value(f"{before:.0f}")

    set_number(page, "Credit amount", half)
    expect_changed()
    page.go_back()
    expect_as_it_was()
    page.go_forward()
    expect_changed()
    undo.click()
    expect_as_it_was()
    set_number(page, "Credit amount", half)
    expect_changed()
    page.get_by_role("button", name="Back to the file's values").click()
    expect_as_it_was()
    expect(page.get_by_role("button", name="Back to the file's values")).to_be_disabled()


def test_every_tab_says_its_part_within_the_screen(
    page: Page, dashboard: str, portfolio: Portfolio, declined: int
) -> None:
    open_applicant(page, dashboard, portfolio, declined)
    told = {
        "Why": f"PD {portfolio.pd(declined)}: ",
        "Decision": "What would change the decision",
        "Sensitivity": "alone changes; this applicant has",
        "People like this one": "of the 200 most similar applicants defaulted",
        "Scenarios": "saved scenarios are compared here",
        "Record": "digests of model and data",
    }
    for name in (*TABS[1:], TABS[0]):
        found = tab(page, name)
        expect(found.get_by_text(told[name]).first).to_be_visible()
        expect(found.locator(".js-plotly-plot")).to_have_count(int(name in FIGURES))
        for width in (NARROW, DESKTOP):
            page.set_viewport_size({"width": width, "height": 1_000})
            main = page.get_by_test_id("stMain")
            assert main.evaluate("(page) => page.scrollWidth <= page.clientWidth"), (name, width)
    form, said = "document.querySelector('.st-key-applicant-form')", "document.querySelector('[role=tablist]')"
    # Beside each other where there is room, else what is said above the form.
    until(page, f"{form}.getBoundingClientRect().right <= {said}.getBoundingClientRect().left")
    page.set_viewport_size({"width": NARROW, "height": 1_000})
    until(page, f"{said}.getBoundingClientRect().bottom <= {form}.getBoundingClientRect().top")
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_change_that_would_do_it_does_it(page: Page, dashboard: str, portfolio: Portfolio, declined: int) -> None:
    open_applicant(page, dashboard, portfolio, declined)
    promised = tab(page, "Decision").locator("strong").filter(has_text=" %").first.inner_text()
    page.get_by_role("button", name="Try it").first.click()
    expect(card(page, "Decision")).to_have_text("Approved")
    expect(card(page, "PD, published model")).to_have_text(promised)


def test_the_map_of_two_fields_follows_the_choice(
    page: Page, dashboard: str, portfolio: Portfolio, declined: int
) -> None:
    open_applicant(page, dashboard, portfolio, declined, "&appl.tab=Sensitivity&appl.field=AMT_CREDIT")
    page.get_by_role("combobox", name="And", exact=True).fill("Annuity")
    page.get_by_role("option", name="Annuity", exact=True).click()
    expect(page.get_by_role("tabpanel").locator(".js-plotly-plot .heatmaplayer")).to_have_count(1)
    until(page, "location.search.includes('appl.second=AMT_ANNUITY')")


def test_scenarios_are_compared_and_a_link_brings_them_and_the_edits(
    page: Page, browser: Browser, dashboard: str, portfolio: Portfolio, declined: int
) -> None:
    open_applicant(page, dashboard, portfolio, declined, "&appl.tab=Scenarios")
    half = half_credit(portfolio, declined)
    keep(page, "As applied for")
    set_number(page, "Credit amount", half)
    after = portfolio.pd(declined, AMT_CREDIT=float(half))
    expect(card(page, "PD, published model")).to_have_text(after)
    keep(page, "Half <b>the</b> loan")
    set_number(page, "Annuity", 12_345)
    last = portfolio.pd(declined, AMT_CREDIT=float(half), AMT_ANNUITY=12_345.0)
    expect(card(page, "PD, published model")).to_have_text(last)
    until(page, "location.search.includes('12345')")
    with open_visit(browser) as other:
        other.goto(page.evaluate("location.href"))
        for visit in (page, other):
            rows = visit.locator(".st-key-scenario-comparison tr")
            expect(rows.nth(0).locator("th")).to_have_text(
                ["", "As filed", "On the screen", "As applied for", "Half <b>the</b> loan"]
            )
            expect(row(visit, "PD")).to_have_text(
                ["PD", portfolio.filed(declined), last, portfolio.filed(declined), after]
            )
            expect(row(visit, "Decision").nth(3)).to_have_text("Declined")
            credit = portfolio.values(declined)["AMT_CREDIT"]
            expect(row(visit, "Credit amount")).to_have_text(
                ["Credit amount", f"{credit:,.0f}", f"{half:,}", f"{credit:,.0f}", f"{half:,}"]
            )
        expect(other.get_by_role("spinbutton", name="Annuity")).to_have_value("12345")
        other.get_by_role("button", name="As applied for").click()
        expect(card(other, "PD, out of fold")).to_have_text(portfolio.filed(declined))


def keep(page: Page, name: str) -> None:
    page.get_by_label("Save scenario as").fill(name)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("[class*=st-key-scenario-choose]").filter(has_text=name)).to_be_visible()


def row(page: Page, name: str) -> Locator:
    """The cells of a row of the comparison."""
    rows = page.locator(".st-key-scenario-comparison tr")
    return rows.filter(has=page.get_by_role("cell", name=name, exact=True)).locator("td")


def write_record(page: Page, dashboard: str, portfolio: Portfolio, number: int, folder: Path) -> Path:
    """The JSON record of the applicant with half the loan and a note."""
    open_applicant(page, dashboard, portfolio, number, "&appl.tab=Record")
    half = half_credit(portfolio, number)
    set_number(page, "Credit amount", half)
    expect(card(page, "PD, published model")).to_have_text(portfolio.pd(number, AMT_CREDIT=float(half)))
    # The PD is on the screen before the run has come to the record; on a busy machine, well before.
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    analyst = page.get_by_role("textbox", name="Name of the analyst")
    if analyst.input_value() == "":
        analyst.fill(ANALYST)
        analyst.press("Enter")
    page.get_by_text("Refer", exact=True).click()
    # The model approves it: without a reason there is no record.
    expect(page.get_by_text("Say why the decision is not the model's")).to_be_visible()
    expect(page.get_by_role("button", name="Record as JSON")).to_be_disabled()
    reason = page.get_by_role("textbox", name="Reason (required: the model says approve)")
    reason.fill(WHY)
    reason.press("Enter")
    expect(page.get_by_role("button", name="Record as JSON")).to_be_enabled()
    page.get_by_label("Note of the analyst").fill(NOTE)
    return download(page, "Record as JSON", folder / "record.json")


def test_a_record_says_what_was_decided_and_is_opened_again(
    recorded: Recorded, browser: Browser, dashboard: str, portfolio: Portfolio, declined: int, tmp_path: Path
) -> None:
    record = recorded.content
    edited = portfolio.values(declined) | {"AMT_CREDIT": float(half_credit(portfolio, declined))}
    assert record["inputs"] == edited
    # The record keeps every bit of the PD.
    assert record["default_probability"] == portfolio.session.score(edited)
    assert (record["note"], record["cutoff"], record["decision"]) == (NOTE, CUTOFF, "approve")
    assert (record["analyst"], record["human_decision"], record["human_reason"]) == (ANALYST, "refer", WHY)
    assert [change["name"] for change in record["changes"]] == ["AMT_CREDIT"]
    altered = tmp_path / "altered.json"
    altered.write_text(json.dumps({**record, "default_probability": 0.01}))
    with open_visit(browser) as other:
        other.goto(f"{dashboard}/applicant?appl.tab=Record")
        drop_record(other, recorded.json)
        expect(card(other, "PD, published model")).to_have_text(worded(record["default_probability"]))
        verified = f"Verified. Application {declined}: the record's inputs score to the same PD"
        expect(other.get_by_text(verified)).to_be_visible()
        expect(other.get_by_text(f"{ANALYST} decided to refer it, against the model: {WHY}.")).to_be_visible()
        expect(other.get_by_label("Note of the analyst")).to_have_value(NOTE)
        until(other, f"location.search.includes('applicant={declined}&edits=AMT_CREDIT')")
        assert other.evaluate("window.hacked") is None
        drop_record(other, altered)
        expect(other.get_by_text("the record says 1.00 %")).to_be_visible()
        expect(other.get_by_text("The record was altered")).to_be_visible()
        expect(card(other, "PD, published model")).to_have_text(worded(record["default_probability"]))


def test_a_record_as_html_opens_from_disk(
    recorded: Recorded, browser: Browser, portfolio: Portfolio, declined: int
) -> None:
    with open_visit(browser) as paper:
        said: list[str] = []
        paper.on("console", lambda message: said.append(message.text))
        paper.on("pageerror", lambda error: said.append(str(error)))
        paper.on("request", lambda request: None if request.url == recorded.html.as_uri() else said.append(request.url))
        paper.goto(recorded.html.as_uri())
        for line in (*NOTE.splitlines(), "Referred, against the model", ANALYST, WHY):
            expect(paper.get_by_text(line)).to_be_visible()
        expect(
            paper.get_by_text(portfolio.pd(declined, AMT_CREDIT=float(half_credit(portfolio, declined)))).first
        ).to_be_visible()
        assert paper.locator("script, b").count() == 0
        assert paper.evaluate("window.hacked") is None
        plain = "getComputedStyle(document.body).fontFamily"
        assert "Times" not in paper.evaluate(plain)
        assert paper.evaluate("[...document.styleSheets].some((sheet) => sheet.cssRules.length > 5)")
        assert said == []


def _another_version(record: Mapping[str, Any]) -> bytes:
    return json.dumps({**record, "version": 5}).encode()


def _other_inputs(record: Mapping[str, Any]) -> bytes:
    return json.dumps({**record, "inputs": {**record["inputs"], "AMT_INCOME_TOTAL": "<b>much</b>"}}).encode()


def _other_decision(record: Mapping[str, Any]) -> bytes:
    return json.dumps({**record, "decision": "decline"}).encode()


WRONG: Mapping[str, Callable[[Mapping[str, Any]], bytes]] = {
    "The decision record is of version 5, and 4 is read here": _another_version,
    "<b>much</b>": _other_inputs,
    'In the decision record, "decision" is': _other_decision,
    "This is not a decision record: it does not hold JSON": lambda _: b"Dear colleague",
}


def test_a_file_that_is_no_record_of_ours_is_refused_and_the_page_stands(recorded: Recorded, tmp_path: Path) -> None:
    page, record = recorded.page, recorded.content
    address = page.url
    for place, (sentence, spoil) in enumerate(WRONG.items()):
        path = tmp_path / f"{place}.json"
        path.write_bytes(spoil(record))
        drop_record(page, path)
        expect(page.get_by_text(sentence).first).to_be_visible()
        expect(card(page, "PD, published model")).to_have_text(worded(record["default_probability"]))
        expect(page.get_by_label("Note of the analyst")).to_have_value(NOTE)
        assert page.url == address
    expect(page.get_by_test_id("stException")).to_have_count(0)


# The last of them, because it leaves the applicant.
def test_a_note_stays_with_its_applicant(recorded: Recorded, portfolio: Portfolio, tmp_path: Path) -> None:
    page = recorded.page
    tab(page, "Why")
    expect(tab(page, "Record").get_by_label("Note of the analyst")).to_have_value(NOTE)
    panel(page).get_by_role("button", name="First", exact=True).click()
    expect(page.get_by_role("heading", name=f"Application {portfolio.ids[0]}")).to_be_visible()
    expect(page.get_by_label("Note of the analyst")).to_have_value("")
    assert json.loads(download(page, "Record as JSON", tmp_path / "other.json").read_text())["note"] == ""

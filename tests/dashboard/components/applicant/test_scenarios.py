"""Scenarios through Streamlit's own test harness: kept, compared, chosen, forgotten, shared by link and as files."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.components.applicant.scenarios import _HEADS, Compared, _csv, _json, comparison, differing
from dashboard.components.applicant.standing import PUBLISHED, Standing
from dashboard.visit.drafts import NEW, Draft, Edits, make_edits, read_draft, read_edits, word_edits
from dashboard.visit.links import LONGEST_NAME, MOST_NAMED
from dashboard.visit.visit import APPLICANT, EDITS
from data.home_credit import embedded
from data.settings import Settings
from inference.explain.assessment import Assessment
from inference.model.decision import BAND_EDGES
from inference.model.session import ScoringSession
from inference.values import Value
from scripts._embedded import FEATURES

OpenPage = Callable[..., AppTest]
CUTOFF = 0.0909
SMALLER: Edits = (("AMT_CREDIT", 25_000.5), ("DAYS_BIRTH", -14_611))


@pytest.fixture(name="row")
def fixture_row(built: Settings) -> Mapping[str, Any]:
    return pl.read_parquet(built.applications).row(17, named=True)


def opened(open_page: OpenPage, row: Mapping[str, Any], **query: str) -> AppTest:
    return open_page("applicant", {"applicant": str(row["SK_ID_CURR"]), "appl.tab": "Scenarios", **query})


def kept(app: AppTest) -> dict[str, Draft]:
    """The scenarios that the address says, by name."""
    found = {name: app.query_params[name] for name in app.query_params if name.startswith("s.")}
    texts = {name: text if isinstance(text, str) else text[0] for name, text in found.items()}
    return {name.removeprefix("s."): read_draft(text, embedded.DEFINITION) for name, text in texts.items()}


def keep(app: AppTest, name: str) -> AppTest:
    app.text_input(key="scenario.name").input(name)
    return app.main.button(key="scenario.keep").click().run()


def press(app: AppTest, verb: str, name: str) -> AppTest:
    return app.main.button(key=f"scenario.{verb}.{name}").click().run()


def said(app: AppTest) -> str:
    kinds = ("caption", "markdown", "info", "warning", "subheader")
    texts = (str(text.value) for kind in kinds for text in getattr(app.main, kind))
    return " ".join(texts).replace("\\", "").replace("\u00a0", " ")


def table(app: AppTest) -> dict[str, dict[str, str]]:
    """The comparison by title and row, as the browser is told to show it; empty where there is none."""
    for text in app.main.markdown:
        lines = str(text.value).splitlines()
        if len(lines) > 2 and lines[0].startswith("|  |"):
            cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
            header, _, *rows = [[re.sub(r"\\(.)", r"\1", c).replace("\u00a0", " ") for c in row] for row in cells]
            return {title: {row[0]: row[place] for row in rows} for place, title in enumerate(header) if place}
    return {}


def compared(name: str, draft: Draft, base: Mapping[str, Value]) -> Compared:
    values = draft.values(base)
    judged = cache.assess_values(values, CUTOFF)
    return Compared(name, draft, values, judged, Standing(judged.default_probability, PUBLISHED, CUTOFF, BAND_EDGES))


def test_what_is_on_the_screen_is_kept_under_its_name_and_compared(
    row: Mapping[str, Any], session: ScoringSession, open_page: OpenPage
) -> None:
    app = opened(open_page, row)
    assert "saved scenarios are compared here" in said(app)
    assert table(app) == {}
    app.number_input(key="form.AMT_CREDIT").set_value(25_000.5).run()
    keep(app, "  Smaller   loan ")
    number = str(row["SK_ID_CURR"])
    assert kept(app) == {"Smaller loan": Draft(number, (("AMT_CREDIT", 25_000.5),))}
    assert app.text_input(key="scenario.name").value == ""
    # Beside what was filed, and what stands on the screen.
    app.number_input(key="form.AMT_CREDIT").set_value(50_000.0).run()
    found = table(app)
    assert list(found) == ["As filed", "On the screen", "Smaller loan"]
    assert found["As filed"]["PD by"] == "out of fold"
    assert float(found["As filed"]["Credit amount"].replace(",", "")) == row["AMT_CREDIT"]
    for title, credit, words in (("On the screen", 50_000.0, "50,000"), ("Smaller loan", 25_000.5, "25,000.5")):
        pd = session.score({**row, "AMT_CREDIT": credit})
        decision = "Declined" if pd >= CUTOFF else "Approved"
        assert found[title]["Application"] == number
        assert (found[title]["PD"], found[title]["Decision"]) == (f"{100 * pd:.2f} %", decision)
        assert found[title]["Credit amount"] == words
        assert list(found[title]) == [*_HEADS, "Credit amount"]
        assert found[title]["PD by"] == "published model"


def test_a_scenario_is_shown_again_and_forgotten(
    row: Mapping[str, Any], session: ScoringSession, open_page: OpenPage
) -> None:
    number = str(row["SK_ID_CURR"])
    app = opened(open_page, row, **{"s.Smaller": f"applicant={number}&AMT_CREDIT=25000.5", "s.New": "applicant=new"})
    press(app, "choose", "Smaller")
    assert app.number_input(key="form.AMT_CREDIT").value == 25_000.5
    assert next(str(metric.value) for metric in app.main.metric if metric.label == "PD, published model") == (
        f"{100 * session.score({**row, 'AMT_CREDIT': 25_000.5}):.2f} %"
    )
    assert app.main.button(key="scenario.choose.Smaller").disabled
    press(app, "choose", "New")
    assert "New applicant" in said(app)
    press(app, "drop", "Smaller")
    assert kept(app) == {"New": Draft(NEW)}
    press(app, "drop", "New")
    assert kept(app) == {}
    assert "saved scenarios are compared here" in said(app)


def test_a_link_brings_the_same_scenarios(row: Mapping[str, Any], open_page: OpenPage) -> None:
    app = opened(open_page, row, edits="AMT_CREDIT=25000.5&DAYS_BIRTH=-14611&NAME_EDUCATION_TYPE=~missing")
    name = '50 % & more = "less" | <b>é€😀'
    keep(app, name)
    again = open_page("applicant", dict(app.query_params))
    assert kept(again) == kept(app)
    assert list(kept(again)) == [name]
    assert kept(again)[name].edits == dict(app.session_state["visit"].values)["edits"]
    assert table(again) == table(app)
    assert list(table(again))[2] == name


def test_one_name_holds_one_scenario(row: Mapping[str, Any], open_page: OpenPage) -> None:
    app = keep(opened(open_page, row), "Mine")
    app.number_input(key="form.AMT_CREDIT").set_value(25_000.5).run()
    keep(app, "Mine")
    assert {name: draft.edits for name, draft in kept(app).items()} == {"Mine": (("AMT_CREDIT", 25_000.5),)}


@pytest.mark.parametrize("name", ["", "   ", "~"])
def test_a_scenario_needs_a_name(name: str, row: Mapping[str, Any], open_page: OpenPage) -> None:
    app = keep(opened(open_page, row), name)
    assert "Give the scenario a name to save it." in said(app)
    assert kept(app) == {}
    keep(app, "Mine")
    assert "needs a name" not in said(app)


def test_no_more_scenarios_than_fifty_the_last_ones(row: Mapping[str, Any], open_page: OpenPage) -> None:
    number = row["SK_ID_CURR"]
    many = {f"s.{i}": f"applicant={number}&CNT_CHILDREN={i % 20}" for i in range(MOST_NAMED + 3)}
    app = opened(open_page, row, **many)
    assert "Of the link's scenarios only the last 50 are kept." in said(app)
    assert list(kept(app)) == [str(i) for i in range(3, MOST_NAMED + 3)]
    keep(app, "One more")
    assert len(kept(app)) == MOST_NAMED
    assert list(kept(app))[-1] == "One more"
    assert "3" not in kept(app)
    assert len(table(app)) == MOST_NAMED + 1


def test_a_scenario_of_an_application_that_is_not_there_is_said_so(row: Mapping[str, Any], open_page: OpenPage) -> None:
    app = opened(open_page, row, **{"s.Gone": "applicant=1&AMT_CREDIT=25000.5", "s.New": "applicant=new"})
    assert "Not compared: There is no application 1 in these predictions." in said(app)
    assert list(table(app)) == ["On the screen", "New"]
    press(app, "choose", "Gone")
    assert "There is no application 1 in these predictions." in said(app)
    assert not app.main.metric
    app.main.button(key="page.FIRST").click().run()
    assert app.main.metric
    press(app, "drop", "Gone")
    assert list(kept(app)) == ["New"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("applicant=<b>", "Bad: '<b>' is no application; give its id, or 'new' for a new one."),
        ("applicant=new&AMT_CREDIT=much", "Bad: Credit amount (AMT_CREDIT) is 'much'"),
        ("applicant=new&NOPE=1", "Bad: The application table has no column 'NOPE'"),
    ],
)
def test_a_wrong_scenario_of_a_link_is_left_out_with_a_sentence(
    text: str, sentence: str, row: Mapping[str, Any], open_page: OpenPage
) -> None:
    app = opened(open_page, row, **{"s.Bad": text, "s.Good": "applicant=new"})
    assert sentence in said(app)
    assert list(kept(app)) == ["Good"]


def test_scenarios_outlast_another_application(row: Mapping[str, Any], open_page: OpenPage) -> None:
    app = keep(opened(open_page, row, edits="AMT_CREDIT=25000.5"), "Mine")
    app.sidebar.button(key="panel.FIRST").click().run()
    first, number = app.sidebar.text_input[0].value, str(row["SK_ID_CURR"])
    assert first != number
    shown = {title: rows["Application"] for title, rows in table(app).items()}
    assert shown == {"On the screen": first, "Mine": number}


# --- What differs


BASE: dict[str, Value] = {"AMT_CREDIT": 450_000.0, "DAYS_BIRTH": -12_000, "CODE_GENDER": "F", "FLAG_PHONE": 0}


def test_what_differs_is_what_was_changed_and_what_the_model_sees_differently(
    built: Settings, row: Mapping[str, Any]
) -> None:
    base = {name: value for name, value in row.items() if name not in ("SK_ID_CURR", "TARGET")}
    plain = compared("Plain", Draft("1"), base)
    smaller = compared("Smaller", Draft("1", SMALLER), base)
    # Another base: a field that neither of them edited.
    other = compared("Other", Draft("2"), {**base, "FLAG_PHONE": None, "CODE_GENDER": "XNA"})
    # An edit of what the model does not see is shown where it is one; two that are alike differ in nothing.
    gendered = compared("Gendered", Draft("1", (("CODE_GENDER", "M"),)), base)
    assert differing([plain], FEATURES) == []
    assert differing([plain, plain], FEATURES) == []
    assert differing([plain, smaller], FEATURES) == ["AMT_CREDIT", "DAYS_BIRTH"]
    assert differing([smaller, smaller], FEATURES) == ["AMT_CREDIT", "DAYS_BIRTH"]
    assert differing([plain, other], FEATURES) == ["FLAG_PHONE"]
    assert differing([plain, gendered], FEATURES) == ["CODE_GENDER"]


def test_the_comparison_in_words(built: Settings, row: Mapping[str, Any]) -> None:
    base = {name: value for name, value in row.items() if name not in ("SK_ID_CURR", "TARGET")}
    draft = Draft(NEW, make_edits([*SMALLER, ("FLAG_PHONE", None)], embedded.DEFINITION, base))
    found = comparison([compared("A", Draft("7"), base), compared("A", draft, base)], FEATURES)
    assert list(found) == ["", "A", "A (1)"]
    assert found[""][:6] == list(_HEADS)
    assert found[""][6:] == ["Credit amount", "Age", "Home phone given"]
    assert found["A"][0] == "7"
    assert found["A (1)"][0] == "new"
    assert found["A (1)"][6:] == ["25,000.5", "40 years", "Missing"]


def test_the_files_say_what_the_screen_says(built: Settings, row: Mapping[str, Any]) -> None:
    base = {name: value for name, value in row.items() if name not in ("SK_ID_CURR", "TARGET")}
    drafts = {"On the screen": Draft(str(row["SK_ID_CURR"])), "=1+1": Draft(NEW, SMALLER)}
    shown = [compared(name, draft, base) for name, draft in drafts.items()]
    header, *lines = csv.reader(io.StringIO(_csv(comparison(shown, FEATURES)).decode("utf-8-sig")))
    assert len(lines) == len(comparison(shown, FEATURES)[""])
    assert header[:2] == ["What", "On the screen"]
    # What a spreadsheet would work out stays text.
    assert not header[2].startswith("=")
    assert [line[1] for line in lines] == comparison(shown, FEATURES)["On the screen"]
    told = json.loads(_json(shown, CUTOFF))
    assert (told["format"], told["version"]) == ("scoreroom.scenarios", 1)
    for each, entry in zip(shown, told["scenarios"], strict=True):
        assert read_draft(entry["link"], embedded.DEFINITION) == each.draft
        assert make_edits(entry["edits"].items(), embedded.DEFINITION, {}) == each.draft.edits
        assert isinstance(each.judged, Assessment)
        assert entry["default_probability"] == each.judged.default_probability
        assert (entry["refer_reason"], entry["warnings"]) == ("", list(each.judged.warnings))
        assert entry["cutoff"] == CUTOFF


@pytest.mark.parametrize("names", [("What",), ("What", "What (What)"), ("On the screen", "What")])
def test_a_scenario_called_as_the_first_column_has_one_of_its_own(
    names: tuple[str, ...], built: Settings, row: Mapping[str, Any]
) -> None:
    base = {name: value for name, value in row.items() if name not in ("SK_ID_CURR", "TARGET")}
    drafts = [Draft(str(row["SK_ID_CURR"])), *(Draft(NEW, (("CNT_CHILDREN", place),)) for place in range(len(names)))]
    shown = [compared(name, draft, base) for name, draft in zip(("On the screen", *names), drafts, strict=True)]
    header, *lines = csv.reader(io.StringIO(_csv(comparison(shown, FEATURES)).decode("utf-8-sig")))
    assert header[:2] == ["What", "On the screen"]
    assert len(set(header)) == len(header) == len(shown) + 1
    assert [list(line) for line in zip(*lines, strict=True)] == list(comparison(shown, FEATURES).values())


def test_a_scenario_called_what_is_kept_and_compared(row: Mapping[str, Any], open_page: OpenPage) -> None:
    app = keep(opened(open_page, row, edits="AMT_CREDIT=25000.5"), "What")
    assert list(kept(app)) == ["What"]
    assert table(app)["What"]["Credit amount"] == "25,000.5"


def test_a_name_that_is_taken_is_said_to_hold_another_scenario(row: Mapping[str, Any], open_page: OpenPage) -> None:
    app = keep(opened(open_page, row), "Mine")
    keep(app, "Mine")
    assert "now holds" not in said(app)
    app.number_input(key="form.AMT_CREDIT").set_value(25_000.5).run()
    keep(app, "Mine")
    assert "The scenario Mine now holds the values on the screen." in said(app)


def test_what_is_kept_is_what_was_drawn(row: Mapping[str, Any], open_page: OpenPage) -> None:
    number = str(row["SK_ID_CURR"])
    app = opened(open_page, row, edits="AMT_CREDIT=25000.5")
    # The side panel is ahead of the page.
    app.session_state["visit"] = app.session_state["visit"].with_values({APPLICANT: NEW, EDITS: ()})
    keep(app, "Mine")
    assert kept(app) == {"Mine": Draft(number, (("AMT_CREDIT", 25_000.5),))}


def test_scenarios_that_no_address_can_hold_are_said_to_be(row: Mapping[str, Any], open_page: OpenPage) -> None:
    number = row["SK_ID_CURR"]
    few = {f"s.{place}": f"applicant={number}&CNT_CHILDREN=1" for place in range(3)}
    assert "The page's address holds all of them" in said(opened(open_page, row, **few))
    text = word_edits(tuple((name, None) for name in row if name not in ("SK_ID_CURR", "TARGET")))
    many = {f"s.{place}": f"applicant={number}&{text}" for place in range(4)}
    assert len(text) > 2_000
    app = opened(open_page, row, **many)
    assert "Together they are too long for an address to be shared" in said(app)
    assert len(kept(app)) == 4


def test_the_longest_name_is_kept_whole(row: Mapping[str, Any], open_page: OpenPage) -> None:
    name = "x" * LONGEST_NAME
    assert list(kept(keep(opened(open_page, row), name))) == [name]


def test_an_edit_of_a_scenario_that_says_what_the_file_says_is_none(
    row: Mapping[str, Any], open_page: OpenPage
) -> None:
    number, credit = row["SK_ID_CURR"], row["AMT_CREDIT"]
    same = f"applicant={number}&AMT_CREDIT={credit!r}&FLAG_PHONE={row['FLAG_PHONE']}"
    app = opened(open_page, row, **{"s.Same": same})
    assert read_edits(same.partition("&")[2], embedded.DEFINITION)
    assert list(table(app)["Same"]) == list(_HEADS)
    assert table(app)["Same"]["PD by"] == "out of fold"

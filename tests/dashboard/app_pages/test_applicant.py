"""The applicant's page through Streamlit's own test harness: every tab, for every kind of applicant."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.app_pages.applicant import TAB
from dashboard.components.applicant.record import make_record
from dashboard.components.applicant.view import applicant_view
from dashboard.visit.drafts import Draft, read_edits, word_edits
from dashboard.visit.visit import APPLICANT
from data.home_credit import embedded
from inference.model.session import ScoringSession
from inference.model.sufficiency import SufficiencyRule
from tests.dashboard.applicants import CUTOFF, INPUTS, OpenPage, cards, number_of, opened, said, turned, values_of
from tests.dashboard.sent_figures import titles

# All that may lack without the application being referred.
SUFFICIENCY = SufficiencyRule(embedded.DEFINITION.sufficiency, embedded.DEFINITION)
MUCH_MISSING = word_edits(tuple((name, None) for name in INPUTS if name not in SUFFICIENCY.columns))


def card(app: AppTest, label: str) -> str:
    """All that a card says, in plain letters."""
    proto = next(metric.proto for metric in app.main.metric if metric.label == label)
    return " ".join(str(value) for _, value in proto.ListFields()).replace("\\", "").replace("\u00a0", " ")


# --- Every tab, everybody


# Who is looked at, and what else the link says.
KINDS: dict[str, tuple[str, dict[str, str]]] = {
    "declined": ("riskiest", {}),
    "approved": ("safest", {}),
    "new": ("new", {}),
    "much missing": ("new", {"edits": MUCH_MISSING}),
    "edited": ("riskiest", {"edits": "NAME_INCOME_TYPE=%3Cb%3E%7C&DAYS_EMPLOYED=365243&AMT_CREDIT=1"}),
    "cutoff 0": ("safest", {"cutoff": "0"}),
    "cutoff 100": ("riskiest", {"cutoff": "100"}),
    "sentinel": ("not employed", {}),
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_tab_stands_for_everybody(
    kind: str, ranked: pl.DataFrame, filed: dict[int, float], session: ScoringSession, open_page: OpenPage
) -> None:
    who, query = KINDS[kind]
    not_employed = ranked.filter(pl.col("DAYS_EMPLOYED") == 365_243)
    numbers = {
        "riskiest": number_of(ranked, 0),
        "safest": number_of(ranked, -1),
        "not employed": number_of(not_employed, 0),
    }
    applicant = str(numbers.get(who, "new"))
    app = open_page("applicant", {"applicant": applicant, **query})
    typical = {name: facts.typical for name, facts in cache.column_facts().items()}
    base = typical if applicant == "new" else values_of(ranked, int(applicant))
    pd = session.score({**base, **dict(read_edits(query.get("edits", ""), embedded.DEFINITION))})
    whose = "published model"
    if applicant != "new" and "edits" not in query:
        whose, pd = "out of fold", filed[int(applicant)]
    cutoff = float(query.get("cutoff", "9.09")) / 100
    seen = set()
    for tab in TAB.options:
        turned(app, tab)
        assert not app.main.error
        assert cards(app)[f"PD, {whose}"] == f"{100 * pd:.2f} %"
        assert cards(app)["Decision"] == ("Declined" if pd >= cutoff else "Approved")
        seen.add((said(app), *titles(app)))
    assert len(seen) == len(TAB.options)


def test_the_cards_say_where_the_applicant_stands(
    ranked: pl.DataFrame, frame: pl.DataFrame, filed: dict[int, float], open_page: OpenPage
) -> None:
    number = number_of(ranked, 3_000)
    app = opened(open_page, number, **{"f.NAME_INCOME_TYPE": "Working"})
    pd = filed[number]
    shares = []
    for rows in (frame, frame.filter(pl.col("NAME_INCOME_TYPE") == "Working")):
        bins = np.floor(rows["default_probability"].to_numpy().astype(np.float64) * 10_000)
        own = math.floor(pd * 10_000)
        shares.append(f"{100 * ((bins < own).sum() + (bins == own).sum() / 2) / rows.height:.0f} %")
    assert cards(app)["Riskier than"] == shares[0]
    assert "of the portfolio" in card(app, "Riskier than")
    assert f"{shares[1]} of the cohort" in card(app, "Riskier than")


def test_a_changed_pd_stands_beside_the_one_before_and_the_one_out_of_fold(
    ranked: pl.DataFrame, frame: pl.DataFrame, session: ScoringSession, open_page: OpenPage
) -> None:
    number = number_of(ranked, 0)
    values = values_of(ranked, number)
    app = opened(open_page, number, edits="EXT_SOURCE_3=0.9&FLAG_PHONE=~missing")
    after = session.score({**values, "EXT_SOURCE_3": 0.9, "FLAG_PHONE": None})
    assert cards(app)["PD, published model"] == f"{100 * after:.2f} %"
    assert f"before: {100 * session.score(values):.2f} % " in card(app, "PD, published model")
    own = frame.filter(pl.col("application_id") == number)["default_probability"][0]
    assert f"out of fold, as filed: {100 * own:.2f} %" in card(app, "PD, published model")
    assert "cutoff 9.09 %" in card(app, "Decision")


@pytest.mark.parametrize(
    ("applicant", "sentence"),
    [
        ("", "Press / or the search button above to find an application, or choose one of these."),
        ("1", "There is no application 1 in these predictions."),
        ("12a", "An application number holds digits only."),
    ],
)
def test_without_an_application_one_can_be_chosen(
    applicant: str, sentence: str, frame: pl.DataFrame, open_page: OpenPage
) -> None:
    app = opened(open_page, applicant)
    assert sentence in said(app)
    assert not app.main.metric
    app.main.button(key="page.FIRST").click().run()
    assert f"Application {frame['application_id'][0]}" in said(app)
    assert "PD, out of fold" in cards(app)


def test_edits_of_nobody_are_kept_until_somebody_is_chosen(open_page: OpenPage) -> None:
    app = open_page("applicant", {"edits": "FLAG_PHONE=1"})
    assert "to find an application" in said(app)
    app.main.button(key="page.new").click().run()
    assert "edits" not in app.query_params


def test_the_page_and_the_panel_say_the_same(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    app = opened(open_page, number_of(ranked, 0))
    app.number_input(key="form.AMT_CREDIT").set_value(25_000.5).run()
    assert app.sidebar.metric[-1].value == cards(app)["PD, published model"]
    app.sidebar.button(key="panel.FIRST").click().run()
    assert app.sidebar.metric[-1].value == cards(app)["PD, out of fold"]
    assert said(app).count("1 change") == 0


def test_pds_of_an_applicant_are_said_to_be_the_published_model_s(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    app = opened(open_page, number_of(ranked, 0))
    assert "PDs are the published model's; the portfolio's are out of fold" in said(app)
    assert "published model's, those" not in said(open_page("overview"))
    assert "PDs are out of fold" in said(open_page("overview"))


def test_an_imported_pd_stands_beside_the_published_model_s(
    ranked: pl.DataFrame, session: ScoringSession, tmp_path: Path, open_page: OpenPage
) -> None:
    path, ids = tmp_path / "theirs.csv", ranked["SK_ID_CURR"].head(1_000)
    pl.DataFrame({"number": ids, "y": [0, 1] * 500, "p": [0.0125] * 1_000}).write_csv(path)
    names = [part for pair in ("number=id", "y=outcome", "p=probability") for part in ("--map", pair)]
    app = open_page("applicant", {"applicant": str(ids[0])}, ("--predictions", str(path), *names))
    assert "PDs are the published model's; the portfolio's are as imported" in said(app)
    assert (cards(app)["PD, as imported"], cards(app)["Decision"]) == ("1.25 %", "Approved")
    published = session.score(values_of(ranked, ids[0]))
    assert published >= CUTOFF
    more = f"(+{100 * published - 1.25:.2f} points) and would decline it"
    assert f"gives {100 * published:.2f} % {more}" in said_as(app, "warning")


@pytest.mark.parametrize("is_declined", [True, False])
def test_an_application_has_one_decision_and_the_other_model_s_is_said_to_be_another(
    is_declined: bool, ranked: pl.DataFrame, filed: dict[int, float], open_page: OpenPage
) -> None:
    pds = dict(ranked.select("SK_ID_CURR", "pd").iter_rows())
    disputed = {each for each, pd in pds.items() if (pd >= CUTOFF) != (filed[each] >= CUTOFF)}
    number = min(each for each in disputed if (filed[each] >= CUTOFF) == is_declined)
    decided, would = ("Declined", "approve") if is_declined else ("Approved", "decline")
    app = opened(open_page, number)
    assert (list(cards(app))[:2], cards(app)["Decision"]) == (["PD, out of fold", "Decision"], decided)
    assert [metric.label for metric in app.sidebar.metric] == ["PD, out of fold"]
    (badge,) = [text.value for text in app.sidebar.markdown if "-badge[" in text.value]
    assert decided in badge
    for told in (said_as(app, "warning"), " ".join(str(text.value) for text in app.sidebar.warning)):
        words = told.replace("\\", "").replace("\u00a0", " ")
        assert f"({100 * (pds[number] - filed[number]):+.2f} points) and would {would} it".replace("-", "−") in words
        assert f"At 9.09 % the two disagree on {len(disputed) / 100:.2f} % of the portfolio." in words
    # The table says the same, and so does the record.
    table = open_page("applications", {"app.search": str(number)})
    assert decided in str(table.dataframe[0].value)
    view = applicant_view(cache.open_dataset(cache.Location()), Draft(str(number)), CUTOFF)
    assert view is not None
    assert make_record(view).decision == ("decline" if is_declined else "approve")
    # What was changed has no PD but the published model's.
    changed = opened(open_page, number, edits="FLAG_EMAIL=~missing")
    assert "would" not in said_as(changed, "warning")
    # At another cutoff both may decide alike.
    alike = opened(open_page, number, cutoff="0")
    assert said_as(alike, "warning") == ""
    assert "decides alike" in said_as(alike, "caption")


def said_as(app: AppTest, kind: str) -> str:
    texts = " ".join(str(text.value) for text in getattr(app.main, kind))
    return texts.replace("\\", "").replace("\u00a0", " ")


def test_nobody_has_all_typical_values_at_once(open_page: OpenPage) -> None:
    assert "No applicant has all of them at once" in said(opened(open_page, "new"))
    assert "No applicant has all of them at once" not in said(opened(open_page, "new", edits="AMT_CREDIT=25000.5"))


@pytest.mark.parametrize("name", ["RANDOM", "BORDERLINE"])
@pytest.mark.parametrize("place", ["page", "panel"])
def test_beside_a_number_beyond_all_numbers_another_one_can_be_picked(
    place: str, name: str, ranked: pl.DataFrame, open_page: OpenPage
) -> None:
    app = opened(open_page, 999_999_999_999)
    app.button(key=f"{place}.{name}").click().run()
    assert [error.value for error in app.exception] == []
    assert int(app.session_state["visit"].value(APPLICANT)) in ranked["SK_ID_CURR"].to_list()
    assert "PD, out of fold" in cards(app)


def test_scoring_that_is_off_says_why(tmp_path: Any, open_page: OpenPage) -> None:
    path = tmp_path / "theirs.csv"
    pl.DataFrame({"target": [0] * 99 + [1], "pd": [0.01] * 99 + [0.2]}).write_csv(path)
    app = open_page("applicant", {"applicant": "100020"}, ("--predictions", str(path)))
    assert "Scoring is off. These predictions carry no application id" in said(app)
    assert not app.main.metric

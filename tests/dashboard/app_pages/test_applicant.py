"""The applicant's page through Streamlit's own test harness: every tab, for every kind of applicant."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.app_pages.applicant import TAB
from dashboard.visit.drafts import read_edits, word_edits
from dashboard.visit.visit import APPLICANT
from data.home_credit import embedded
from inference.model.session import ScoringSession
from inference.model.sufficiency import SufficiencyRule
from tests.dashboard.applicants import CUTOFF, INPUTS, OpenPage, cards, number_of, opened, said, turned, values_of

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
    kind: str, ranked: pl.DataFrame, session: ScoringSession, open_page: OpenPage
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
    cutoff = float(query.get("cutoff", "9.09")) / 100
    seen = set()
    for tab in TAB.options:
        turned(app, tab)
        assert not app.main.error
        assert cards(app)["PD, published model"] == f"{100 * pd:.2f} %"
        assert cards(app)["Decision, published model"] == ("Declined" if pd >= cutoff else "Approved")
        seen.add(said(app))
    assert len(seen) == len(TAB.options)


def test_the_cards_say_where_the_applicant_stands(
    ranked: pl.DataFrame, frame: pl.DataFrame, open_page: OpenPage
) -> None:
    number = number_of(ranked, 3_000)
    app = opened(open_page, number, **{"f.NAME_INCOME_TYPE": "Working"})
    pd = float(ranked["pd"][3_000])
    shares = []
    for rows in (frame, frame.filter(pl.col("NAME_INCOME_TYPE") == "Working")):
        bins = np.floor(rows["default_probability"].to_numpy().astype(np.float64) * 10_000)
        own = math.floor(pd * 10_000)
        shares.append(f"{100 * ((bins < own).sum() + (bins == own).sum() / 2) / rows.height:.0f} %")
    assert cards(app)["Riskier than, published model"] == shares[0]
    assert "of the portfolio" in card(app, "Riskier than, published model")
    assert f"{shares[1]} of the cohort" in card(app, "Riskier than, published model")


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
    assert "cutoff 9.09 %" in card(app, "Decision, published model")


@pytest.mark.parametrize(
    ("applicant", "sentence"),
    [
        ("", "Choose an application in the side panel, or one of these."),
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
    assert cards(app)["PD, published model"]


def test_edits_of_nobody_are_kept_until_somebody_is_chosen(open_page: OpenPage) -> None:
    app = open_page("applicant", {"edits": "FLAG_PHONE=1"})
    assert "Choose an application" in said(app)
    app.main.button(key="page.new").click().run()
    assert "edits" not in app.query_params


def test_the_page_and_the_panel_say_the_same(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    app = opened(open_page, number_of(ranked, 0))
    app.number_input(key="form.AMT_CREDIT").set_value(25_000.5).run()
    assert app.sidebar.metric[-1].value == cards(app)["PD, published model"]
    app.sidebar.button(key="panel.FIRST").click().run()
    assert app.sidebar.metric[-1].value == cards(app)["PD, published model"]
    assert said(app).count("1 change") == 0


def test_pds_of_an_applicant_are_said_to_be_the_published_model_s(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    app = opened(open_page, number_of(ranked, 0))
    assert "PDs are the published model's, those of the portfolio out of fold" in said(app)
    assert "published model's, those" not in said(open_page("overview"))
    assert "PDs are out of fold" in said(open_page("overview"))


def test_an_imported_pd_stands_beside_the_published_model_s(
    ranked: pl.DataFrame, session: ScoringSession, tmp_path: Path, open_page: OpenPage
) -> None:
    path, ids = tmp_path / "theirs.csv", ranked["SK_ID_CURR"].head(1_000)
    pl.DataFrame({"number": ids, "y": [0, 1] * 500, "p": [0.0125] * 1_000}).write_csv(path)
    names = [part for pair in ("number=id", "y=outcome", "p=probability") for part in ("--map", pair)]
    app = open_page("applicant", {"applicant": str(ids[0])}, ("--predictions", str(path), *names))
    assert "PDs are the published model's, those of the portfolio as imported" in said(app)
    assert cards(app)["PD, published model"] == f"{100 * session.score(values_of(ranked, ids[0])):.2f} %"
    assert next(metric.label for metric in app.main.metric) == "PD, as imported"
    assert "1.25 % approved in tables" in card(app, "PD, as imported")
    # The one is approved and the other declined, but of which data theirs was made nobody here knows.
    assert "two models disagree" not in said(app)


@pytest.mark.parametrize("is_declined", [True, False])
@pytest.mark.parametrize("is_close", [True, False])
def test_an_application_that_the_model_out_of_fold_decides_otherwise_is_said_to_be_disputed(
    is_declined: bool, is_close: bool, ranked: pl.DataFrame, frame: pl.DataFrame, open_page: OpenPage
) -> None:
    unseen = dict(frame.select("application_id", "default_probability").iter_rows())
    pds = dict(ranked.select("SK_ID_CURR", "pd").iter_rows())
    number = next(
        each
        for each, pd in pds.items()
        if (pd >= CUTOFF) == is_declined
        and (unseen[each] >= CUTOFF) != is_declined
        and (max(abs(pd - CUTOFF), abs(unseen[each] - CUTOFF)) <= 0.01) == is_close
    )
    other, decided = ("approved", "Declined") if is_declined else ("declined", "Approved")
    app = opened(open_page, number)
    # Two models, two decisions: each says whose it is, and the one that the tables show comes first.
    assert list(cards(app))[:3] == ["PD, out of fold", "PD, published model", "Decision, published model"]
    assert f"{other} in tables" in card(app, "PD, out of fold")
    assert cards(app)["Decision, published model"] == decided
    assert [metric.label for metric in app.sidebar.metric] == ["PD, out of fold", "PD, published model"]
    badges = [text.value for text in app.sidebar.markdown if "-badge[" in text.value]
    assert [words.capitalize() in badge for words, badge in zip((other, decided), badges, strict=True)] == [True, True]
    warning = said_as(app, "warning")
    verbs = ("approves", "declines") if is_declined else ("declines", "approves")
    found = re.fullmatch(
        rf"{'A close case, on which the' if is_close else 'The'} two models disagree: the one that had not seen this "
        rf"application gives a PD of ([0-9.]+) % and {verbs[0]} it, the published model gives a PD of ([0-9.]+) % and "
        rf"{verbs[1]} it\. What follows explains the published model, which was trained on the whole portfolio, this "
        r"outcome included\.",
        warning,
    )
    assert found is not None
    worded, own = float(found[1]), float(found[2])
    assert (worded, own) == pytest.approx((100 * unseen[number], 100 * pds[number]), abs=0.005)
    panel = [str(text.value).replace("\\", "") for text in app.sidebar.markdown]
    assert any(text.startswith("Published model: ") and " the cutoff of 9.09" in text for text in panel)
    assert worded != 100 * CUTOFF
    # What is scored once it was changed has no PD of a model that had not seen it.
    changed = opened(open_page, number, edits="FLAG_EMAIL=~missing")
    assert said_as(changed, "warning") == ""
    # At another cutoff both may decide alike.
    assert said_as(opened(open_page, number, cutoff="0"), "warning") == ""


def test_applications_that_both_models_decide_alike_are_not_close(
    ranked: pl.DataFrame, frame: pl.DataFrame, open_page: OpenPage
) -> None:
    unseen = dict(frame.select("application_id", "default_probability").iter_rows())
    for place in (0, -1):
        number = number_of(ranked, place)
        assert (unseen[number] >= CUTOFF) == (ranked["pd"][place] >= CUTOFF)
        assert said_as(opened(open_page, number), "warning") == ""


def said_as(app: AppTest, kind: str) -> str:
    texts = " ".join(str(text.value) for text in getattr(app.main, kind))
    return texts.replace("\\", "").replace("\u00a0", " ")


def test_nobody_has_all_typical_values_at_once(open_page: OpenPage) -> None:
    assert "Nobody has all of them at once" in said(opened(open_page, "new"))
    assert "Nobody has all of them at once" not in said(opened(open_page, "new", edits="AMT_CREDIT=25000.5"))


@pytest.mark.parametrize("name", ["RANDOM", "BORDERLINE"])
@pytest.mark.parametrize("place", ["page", "panel"])
def test_beside_a_number_beyond_all_numbers_another_one_can_be_picked(
    place: str, name: str, ranked: pl.DataFrame, open_page: OpenPage
) -> None:
    app = opened(open_page, 999_999_999_999)
    app.button(key=f"{place}.{name}").click().run()
    assert [error.value for error in app.exception] == []
    assert int(app.session_state["visit"].value(APPLICANT)) in ranked["SK_ID_CURR"].to_list()
    assert cards(app)["PD, published model"]


def test_scoring_that_is_off_says_why(tmp_path: Any, open_page: OpenPage) -> None:
    path = tmp_path / "theirs.csv"
    pl.DataFrame({"target": [0] * 99 + [1], "pd": [0.01] * 99 + [0.2]}).write_csv(path)
    app = open_page("applicant", {"applicant": "100020"}, ("--predictions", str(path)))
    assert "Scoring is off. These predictions carry no application id" in said(app)
    assert not app.main.metric

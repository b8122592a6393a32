"""The side panel through Streamlit's own test harness: finding an application, and what is said of it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.cohort.lookup import BORDERLINE
from dashboard.components.applicant.panel import word_unknown
from dashboard.components.applicant.standing import word_span
from dashboard.visit.drafts import Draft
from dashboard.words.field_words import word_field
from data.definition.columns import Sensitivity
from data.home_credit import embedded
from data.settings import Settings
from inference.explain.assessment import assess
from inference.model.decision import BAND_EDGES
from inference.model.session import ScoringSession

OpenPage = Callable[..., AppTest]
CUTOFF = 0.0909
MESSAGES = ("metric", "caption", "markdown", "warning", "error", "info")


def spoken(app: AppTest) -> str:
    """All that the panel says, without Markdown's escapes and with plain spaces."""
    told = (str(element.value) for kind in MESSAGES for element in getattr(app.sidebar, kind))
    return " ".join(told).replace("\\", "").replace("\u00a0", " ")


def suggested(app: AppTest) -> list[int]:
    keys = (str(button.key) for button in app.sidebar.button)
    return [int(key.removeprefix("suggestion.")) for key in keys if key.startswith("suggestion.")]


def chosen(app: AppTest) -> int | None:
    found = app.query_params.get("applicant")
    return int(found[0] if isinstance(found, list) else found) if found else None


def typed(app: AppTest, text: str) -> AppTest:
    return app.sidebar.text_input[0].input(text).run()


def press(app: AppTest, name: str) -> AppTest:
    return app.sidebar.button(key=f"panel.{name}").click().run()


@pytest.fixture(name="rows")
def fixture_rows(built: Settings) -> pl.DataFrame:
    """The application table as it is stored."""
    return pl.read_parquet(built.applications)


def values_of(rows: pl.DataFrame, identifier: int) -> Mapping[str, float | int | str | None]:
    return rows.filter(pl.col("SK_ID_CURR") == identifier).drop("SK_ID_CURR", "TARGET").row(0, named=True)


@pytest.fixture(name="published")
def fixture_published(rows: pl.DataFrame, session: ScoringSession) -> dict[int, float]:
    """PD of every application by the published model, by number."""
    return dict(zip(rows["SK_ID_CURR"].to_list(), session.score_frame(rows).tolist(), strict=True))


def test_an_application_has_the_pd_that_tables_go_by(frame: pl.DataFrame, open_page: OpenPage) -> None:
    identifier, filed = frame.select("application_id", "default_probability").row(17)
    app = open_page("overview", {"applicant": str(identifier)})
    assert [(m.label, m.value) for m in app.sidebar.metric] == [("PD, out of fold", f"{100 * filed:.2f} %")]


def test_an_edited_application_has_the_published_model_s(
    rows: pl.DataFrame, session: ScoringSession, open_page: OpenPage
) -> None:
    row = rows.row(17, named=True)
    app = open_page("overview", {"applicant": str(row["SK_ID_CURR"]), "edits": "AMT_CREDIT=25000.5"})
    pd = session.score({**row, "AMT_CREDIT": 25_000.5})
    assert [(m.label, m.value) for m in app.sidebar.metric] == [("PD, published model", f"{100 * pd:.2f} %")]


@pytest.mark.parametrize("place", [0, -1])
def test_the_decision_stands_with_its_distance_and_its_band(
    place: int, frame: pl.DataFrame, open_page: OpenPage
) -> None:
    identifier, pd = frame.sort("default_probability").select("application_id", "default_probability").row(place)
    said = spoken(open_page("overview", {"applicant": str(identifier)}))
    decision, side = ("Declined", "above") if pd >= CUTOFF else ("Approved", "below")
    assert f"{decision}]" in said
    assert f"{abs(100 * (pd - CUTOFF)):.2f} points {side} the cutoff of 9.09 %" in said
    assert f"Risk band {'ABCDEF'[sum(pd >= edge for edge in BAND_EDGES)]}" in said


def test_a_pd_that_is_the_cutoff_is_declined(session: ScoringSession, rows: pl.DataFrame, built: Settings) -> None:
    values = values_of(rows, int(rows["SK_ID_CURR"][3]))
    pd = session.score(values)
    at, above = cache.assess_values(values, pd), cache.assess_values(values, math.nextafter(pd, 1))
    assert (at.is_declined, at.distance) == (True, 0.0)
    assert (above.is_declined, above.distance < 0) == (False, True)


def test_the_place_among_the_others_is_that_of_going_through_them(
    frame: pl.DataFrame, published: dict[int, float], open_page: OpenPage
) -> None:
    identifier, pd = frame.select("application_id", "default_probability").row(40)
    said = spoken(open_page("overview", {"applicant": str(identifier), "f.NAME_INCOME_TYPE": "Pensioner"}))
    pensioners = frame.filter(pl.col("NAME_INCOME_TYPE") == "Pensioner")
    shares = []
    for rows in (frame, pensioners):
        bins = np.floor(rows["default_probability"].to_numpy().astype(np.float64) * 10_000)
        own = math.floor(pd * 10_000)
        shares.append(((bins < own).sum() + (bins == own).sum() / 2) / rows.height)
    whole, cohort = (f"{100 * share:.0f} %" for share in shares)
    assert f"Riskier than {whole} of the portfolio and {cohort} of the cohort" in said


@pytest.mark.parametrize(("rank", "cutoff"), [(0, "9.09"), (-1, "9.09"), (5_000, "2.5"), (5_000, "100")])
def test_the_three_reasons_are_those_of_an_assessment(
    rank: int,
    cutoff: str,
    rows: pl.DataFrame,
    published: dict[int, float],
    session: ScoringSession,
    open_page: OpenPage,
) -> None:
    identifier = sorted(published, key=published.__getitem__)[rank]
    app = open_page("overview", {"applicant": str(identifier), "cutoff": cutoff})
    values, limit = values_of(rows, identifier), float(cutoff) / 100
    wanted = assess(values, limit, session, cache.explainer(), cache.reference(limit))
    assert len(wanted.reasons) >= 3
    lines = next(text.value for text in app.sidebar.markdown if "mainly because of" in text.value).splitlines()
    assert lines[0].startswith("Declined" if published[identifier] >= limit else "Approved")
    columns = [embedded.column(reason.field) for reason in wanted.reasons[:3]]
    marks = ["†" if column.sensitivity is Sensitivity.SENSITIVE else "" for column in columns]
    said = [
        f"- **{column.label}**{mark}: {word_field(column, values[column.name])}"
        for column, mark in zip(columns, marks, strict=True)
    ]
    assert [line.replace("\\", "").replace("\u00a0", " ") for line in lines[1:]] == said


def test_what_is_known_of_it_is_said(frame: pl.DataFrame, open_page: OpenPage) -> None:
    for row in (frame.filter("is_default").row(0, named=True), frame.filter(~pl.col("is_default")).row(0, named=True)):
        said = spoken(open_page("overview", {"applicant": str(row["application_id"])}))
        outcome = "and defaulted." if row["is_default"] else "and did not default."
        assert f"has a PD of {100 * row['default_probability']:.2f} %, given by a model that had not seen it" in said
        assert said.count(outcome) == 1


# --- Looking up


def test_the_beginning_of_a_number_is_answered_with_the_first_that_begin_so(
    rows: pl.DataFrame, open_page: OpenPage
) -> None:
    app = typed(open_page("overview"), "1000")
    ids = sorted(rows["SK_ID_CURR"].to_list())
    assert suggested(app) == [number for number in ids if str(number).startswith("1000")][:6]
    assert chosen(app) is None
    first = suggested(app)[2]
    app.sidebar.button(key=f"suggestion.{first}").click().run()
    assert chosen(app) == first
    assert suggested(app) == []
    assert app.sidebar.text_input[0].value == str(first)
    assert f"Application {first}" in spoken(app)


def test_a_whole_number_needs_no_choice(rows: pl.DataFrame, open_page: OpenPage) -> None:
    number = int(rows["SK_ID_CURR"][5])
    app = typed(open_page("overview"), f" {number} ")
    assert chosen(app) == number
    assert f"Application {number}" in spoken(app)


def test_what_is_being_typed_leaves_the_application_until_another_one_is_chosen(
    rows: pl.DataFrame, open_page: OpenPage
) -> None:
    number = int(rows["SK_ID_CURR"][5])
    app = typed(open_page("overview", {"applicant": str(number)}), "1000")
    assert (chosen(app), app.sidebar.text_input[0].value) == (number, "1000")
    assert not app.sidebar.metric
    typed(app, "")
    assert chosen(app) is None
    assert "Type the beginning of an application's number" in spoken(app)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("9", "There is no application 9 in these predictions, and none whose number begins so."),
        ("999999999999", "There is no application 999999999999 in these predictions, and none whose number begins so."),
        ("12a", "An application number holds digits only."),
        ("-1", "An application number holds digits only."),
        ("<b>", "An application number holds digits only."),
    ],
)
def test_what_no_number_begins_with_is_answered_in_a_sentence(text: str, said: str, open_page: OpenPage) -> None:
    app = typed(open_page("overview"), text)
    assert [warning.value for warning in app.sidebar.warning] == [said]
    assert (chosen(app), suggested(app)) == (None, [])


@pytest.mark.parametrize("text", ["١٠٠٠٢٠", "²"])
def test_only_plain_digits_are_a_number(text: str, open_page: OpenPage) -> None:
    app = typed(open_page("overview"), text)
    assert (chosen(app), suggested(app)) == (None, [])
    assert [warning.value for warning in app.sidebar.warning] == ["An application number holds digits only."]
    app = open_page("overview", {"applicant": text})
    assert [warning.value for warning in app.sidebar.warning] == ["An application number holds digits only."]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("12a", "An application number holds digits only."),
        ("1", "There is no application 1 in these predictions."),
        ("999999999999", "There is no application 999999999999 in these predictions."),
    ],
)
def test_a_wrong_number_of_a_link_is_answered_in_a_sentence(text: str, said: str, open_page: OpenPage) -> None:
    app = open_page("overview", {"applicant": text})
    assert [warning.value for warning in app.sidebar.warning] == [said]
    assert word_unknown(cache.open_dataset(cache.Location()), Draft(text)) == said


# --- Picking


def test_a_new_applicant_begins_with_what_is_typical(
    rows: pl.DataFrame, session: ScoringSession, open_page: OpenPage
) -> None:
    app = press(open_page("overview"), "new")
    assert app.query_params["applicant"] in ("new", ["new"])
    assert app.sidebar.text_input[0].value == ""
    typical = {name: facts.typical for name, facts in cache.column_facts().items()}
    assert typical["AMT_CREDIT"] == sorted(rows["AMT_CREDIT"].to_list())[(rows.height - 1) // 2]
    assert app.sidebar.metric[-1].value == f"{100 * session.score(typical):.2f} %"
    assert "New applicant" in spoken(app)
    assert "In the portfolio this application" not in spoken(app)


def test_the_first_of_the_cohort(frame: pl.DataFrame, open_page: OpenPage) -> None:
    pensioners = frame.filter(pl.col("NAME_INCOME_TYPE") == "Pensioner")
    assert chosen(press(open_page("overview", {"f.NAME_INCOME_TYPE": "Pensioner"}), "FIRST")) == int(
        pensioners["application_id"][0]
    )
    assert chosen(press(open_page("overview"), "FIRST")) == int(frame["application_id"][0])


def test_one_of_the_cohort_at_random_is_another_one_each_time(frame: pl.DataFrame, open_page: OpenPage) -> None:
    app = open_page("overview", {"f.NAME_INCOME_TYPE": "Pensioner"})
    pensioners = set(frame.filter(pl.col("NAME_INCOME_TYPE") == "Pensioner")["application_id"])
    shown = [chosen(press(app, "RANDOM")) for _ in range(5)]
    assert set(shown) <= pensioners
    assert all(before != after for before, after in itertools.pairwise(shown))


@pytest.mark.parametrize("cutoff", ["9.09", "25"])
def test_a_borderline_one_is_among_those_nearest_to_the_cutoff(
    cutoff: str, frame: pl.DataFrame, open_page: OpenPage
) -> None:
    app = open_page("overview", {"f.NAME_INCOME_TYPE": "Working", "cutoff": cutoff})
    workers = frame.filter(pl.col("NAME_INCOME_TYPE") == "Working")
    pds = dict(workers.select("application_id", "default_probability").iter_rows())
    distances = {number: abs(pd - float(cutoff) / 100) for number, pd in pds.items()}
    limit = sorted(distances.values())[BORDERLINE - 1]
    for _ in range(5):
        number = chosen(press(app, "BORDERLINE"))
        assert number is not None
        assert distances[number] <= limit


def test_a_kind_of_decision_is_a_cohort_to_pick_from(frame: pl.DataFrame, open_page: OpenPage) -> None:
    app = open_page("overview", {"f.~decision": "false approval", "cutoff": "8"})
    missed = frame.filter(pl.col("is_default"), pl.col("default_probability").cast(pl.Float64) < 0.08)
    assert chosen(press(app, "FIRST")) == int(missed["application_id"][0])


@pytest.mark.parametrize("name", ["RANDOM", "BORDERLINE", "FIRST"])
def test_of_an_empty_cohort_nothing_is_picked(name: str, rows: pl.DataFrame, open_page: OpenPage) -> None:
    number = int(rows["SK_ID_CURR"][5])
    app = press(open_page("overview", {"f.DAYS_BIRTH": "-1..0", "applicant": str(number)}), name)
    assert [each.value for each in app.sidebar.warning] == [
        "The cohort is empty, so that no application can be picked."
    ]
    # What was there stands; nobody is riskier than a share of nobody.
    assert chosen(app) == number
    assert "of the portfolio" in spoken(app)
    assert "of the cohort" not in spoken(app)
    assert not app.run().sidebar.warning


def test_another_application_leaves_the_edits_of_the_last_one_behind(rows: pl.DataFrame, open_page: OpenPage) -> None:
    number = int(rows["SK_ID_CURR"][5])
    app = open_page("overview", {"applicant": str(number), "edits": "AMT_CREDIT=25000.5&CNT_CHILDREN=19"})
    assert f"Application {number}, 2 values changed" in spoken(app)
    press(app, "FIRST")
    assert "edits" not in app.query_params
    assert "changed" not in spoken(app)


def test_edits_are_scored(rows: pl.DataFrame, session: ScoringSession, open_page: OpenPage) -> None:
    row = rows.row(17, named=True)
    app = open_page("overview", {"applicant": str(row["SK_ID_CURR"]), "edits": "EXT_SOURCE_3=0.01&AMT_CREDIT=25000.5"})
    wanted = session.score({**row, "EXT_SOURCE_3": 0.01, "AMT_CREDIT": 25_000.5})
    assert wanted != session.score(row)
    assert app.sidebar.metric[-1].value == f"{100 * wanted:.2f} %"


def test_an_edit_that_says_what_the_file_says_is_none(rows: pl.DataFrame, open_page: OpenPage) -> None:
    row = rows.row(17, named=True)
    edits = f"AMT_CREDIT={row['AMT_CREDIT']!r}&DAYS_BIRTH={row['DAYS_BIRTH']}"
    app = open_page("overview", {"applicant": str(row["SK_ID_CURR"]), "edits": edits})
    assert "changed" not in spoken(app)


# --- Imported predictions


def imported(tmp_path: Path, ids: Sequence[object]) -> tuple[str, ...]:
    """Arguments that start the app on somebody else's predictions for these applications."""
    random = np.random.default_rng(5)
    pds = random.beta(1, 11, len(ids)).round(4)
    path = tmp_path / "theirs.csv"
    outcomes = (random.random(len(ids)) < pds).astype(int)
    pl.DataFrame({"number": ids, "y": outcomes, "p": pds}).write_csv(path)
    told = {"number": "id", "y": "outcome", "p": "probability"}
    return ("--predictions", str(path), *(part for name, role in told.items() for part in ("--map", f"{name}={role}")))


def test_imported_predictions_of_these_applications_are_scored(
    tmp_path: Path, rows: pl.DataFrame, session: ScoringSession, open_page: OpenPage
) -> None:
    ids = rows["SK_ID_CURR"][100:1_100].to_list()
    arguments = imported(tmp_path, ids)
    app = press(open_page("overview", arguments=arguments), "FIRST")
    assert chosen(app) == ids[0]
    theirs = pl.read_csv(arguments[1])
    assert [(m.label, m.value) for m in app.sidebar.metric] == [("PD, as imported", f"{100 * theirs['p'][0]:.2f} %")]
    said = spoken(app)
    assert f"gives {100 * session.score(values_of(rows, ids[0])):.2f} % (" in said
    # Who gave the imported PD, and what that had seen, nobody here knows.
    assert f"PD of {100 * theirs['p'][0]:.2f} %" in said
    assert "had not seen" not in said
    # One that the imported file does not have is not there, though the application table has it.
    other = int(rows["SK_ID_CURR"][0])
    assert f"There is no application {other} in these predictions" in spoken(typed(app, str(other)))
    nearest = press(app, "BORDERLINE")
    distance = np.abs(theirs["p"].to_numpy() - CUTOFF)
    picked = np.flatnonzero(theirs["number"].to_numpy() == chosen(nearest))[0]
    assert (distance < distance[picked]).sum() < BORDERLINE


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (range(1, 1_001), "The ids of these predictions are not those of the application table at hand."),
        ([f"A{i}" for i in range(1_000)], "The ids of these predictions are not those of the application table"),
    ],
)
def test_imported_predictions_of_other_applications_switch_scoring_off(
    ids: Sequence[object], said: str, tmp_path: Path, open_page: OpenPage
) -> None:
    app = open_page("overview", {"applicant": "100020"}, imported(tmp_path, list(ids)))
    assert f"Scoring is off. {said}" in spoken(app)
    assert not app.sidebar.text_input
    assert not app.sidebar.button


@pytest.mark.parametrize(
    ("pd", "span"),
    [
        (0.0, "PD below 2 %"),
        (0.0199, "PD below 2 %"),
        (0.02, "PD from 2 % to 4 %"),
        (0.0909, "PD from 8 % to 16 %"),
        (0.32, "PD of 32 % and more"),
        (1.0, "PD of 32 % and more"),
    ],
)
def test_the_span_of_a_risk_band(pd: float, span: str) -> None:
    assert word_span(pd, BAND_EDGES) == span

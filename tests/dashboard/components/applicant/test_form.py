"""The applicant's form through Streamlit's own test harness: every change scored at once, marked, undone and linked."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.components.applicant import form
from dashboard.components.applicant.form import _word_ends, grouped, shown_number, step_of, stored_number
from dashboard.visit.drafts import make_edits, read_edits, word_edits
from dashboard.visit.visit import APPLICANT, EDITS
from data.definition.columns import Column, Kind, Sensitivity, Unit
from data.definition.definition import Definition, Features
from data.facts import describe_table
from data.home_credit import embedded
from data.settings import Settings, load_settings
from inference.model.session import ScoringSession
from inference.values import Value, ValueFault
from scripts._embedded import FEATURES

OpenPage = Callable[..., AppTest]
NUMBERS = [column for column in embedded.COLUMNS if column.kind is Kind.NUMERIC]


@pytest.fixture(name="rows")
def fixture_rows(built: Settings) -> pl.DataFrame:
    """The application table as it is stored."""
    return pl.read_parquet(built.applications)


@pytest.fixture(name="row")
def fixture_row(rows: pl.DataFrame) -> Mapping[str, Any]:
    """One who is employed, with all that the tests below change."""
    there = rows.filter(
        pl.col("DAYS_EMPLOYED") < 0,
        pl.col("EXT_SOURCE_2", "EXT_SOURCE_3", "OCCUPATION_TYPE").is_not_null(),
        pl.col("FLAG_PHONE") == 0,
        pl.col("AMT_CREDIT") != 25_000.5,
    )
    return there.row(0, named=True)


def opened(open_page: OpenPage, row: Mapping[str, Any], **query: str) -> AppTest:
    app = open_page("applicant", {"applicant": str(row["SK_ID_CURR"]), **query})
    assert [title.value for title in app.title] == ["Applicant"]
    return app


def pd_of(app: AppTest) -> str:
    return next(str(metric.value) for metric in app.main.metric if metric.label.startswith("PD, "))


def worded(pd: float) -> str:
    return f"{100 * pd:.2f} %"


def filed_of(row: Mapping[str, Any]) -> str:
    """The PD by a model that had not seen the application, which it has as long as nothing is edited."""
    table = pl.read_parquet(load_settings().predictions)
    return worded(table.filter(pl.col("application_id") == row["SK_ID_CURR"])["default_probability"][0])


def edits_of(app: AppTest) -> dict[str, Value]:
    """The edits that the address says, as whoever is sent the link gets them."""
    found = app.query_params.get("edits", [""])
    return dict(read_edits(found if isinstance(found, str) else found[0], embedded.DEFINITION))


def said(app: AppTest) -> str:
    texts = [*app.main.caption, *app.main.markdown, *app.main.info]
    return " ".join(str(text.value) for text in texts).replace("\\", "").replace("\u00a0", " ")


def undo(app: AppTest, name: str) -> AppTest:
    return app.button(key=f"undo.{name}").click().run()


def back(app: AppTest) -> AppTest:
    return next(button for button in app.main.button if button.label.startswith("Back to")).click().run()


def is_marked(app: AppTest, name: str) -> bool:
    return any(button.key == f"undo.{name}" for button in app.main.button)


def reopened(open_page: OpenPage, app: AppTest) -> AppTest:
    """The page as whoever is sent its address sees it."""
    return open_page("applicant", dict(app.query_params))


# --- One value at a time


@pytest.mark.parametrize(
    ("name", "shown", "stored"),
    [
        ("AMT_CREDIT", 25_000.5, 25_000.5),
        ("EXT_SOURCE_3", 0.123456789, 0.123456789),
        # Years are stored as days before: 40 x 365.25, and 30.5 x 365.25 = 11,140.125.
        ("DAYS_BIRTH", 40.0, -14_610),
        ("DAYS_BIRTH", 30.5, -11_140),
        ("DAYS_EMPLOYED", 2.0, -730),
        ("DAYS_EMPLOYED", 0.0, 0),
    ],
)
def test_a_number_is_scored_marked_linked_and_undone(
    name: str, shown: float, stored: float, row: Mapping[str, Any], session: ScoringSession, open_page: OpenPage
) -> None:
    app = opened(open_page, row)
    before = app.number_input(key=f"form.{name}").value
    app.number_input(key=f"form.{name}").set_value(shown).run()
    assert edits_of(app) == {name: stored}
    assert pd_of(app) == worded(session.score({**row, name: stored}))
    assert is_marked(app, name)
    assert "Values** · 1 change" in said(app)
    again = reopened(open_page, app)
    assert edits_of(again) == {name: stored}
    assert again.number_input(key=f"form.{name}").value == shown
    assert pd_of(again) == pd_of(app)
    undo(app, name)
    assert (edits_of(app), is_marked(app, name)) == ({}, False)
    assert app.number_input(key=f"form.{name}").value == before
    assert pd_of(app) == filed_of(row)


def test_a_level_is_changed_to_another_one_to_missing_and_back(
    row: Mapping[str, Any], session: ScoringSession, open_page: OpenPage
) -> None:
    app, name = opened(open_page, row), "NAME_EDUCATION_TYPE"
    own = row[name]
    other = next(level for level in embedded.column(name).levels if level != own)
    for chosen, stored in ((other, other), ("", None)):
        app.selectbox(key=f"form.{name}").set_value(chosen).run()
        assert edits_of(app) == {name: stored}
        assert pd_of(app) == worded(session.score({**row, name: stored}))
        assert reopened(open_page, app).selectbox(key=f"form.{name}").value == chosen
    # A choice of what the file says is no change.
    app.selectbox(key=f"form.{name}").set_value(own).run()
    assert (edits_of(app), is_marked(app, name)) == ({}, False)


def test_a_flag_is_changed_among_the_folded_fields(
    row: Mapping[str, Any], session: ScoringSession, open_page: OpenPage
) -> None:
    app = opened(open_page, row)
    assert "FLAG_PHONE" in FEATURES.sources
    assert not any(box.key == "form.FLAG_PHONE" for box in app.selectbox)
    app.session_state["form-others"] = True
    app.run()
    box = app.selectbox(key="form.FLAG_PHONE")
    assert (box.options, box.value) == (["No", "Yes", "Missing"], "0")
    box.set_value("1").run()
    assert edits_of(app) == {"FLAG_PHONE": 1}
    assert pd_of(app) == worded(session.score({**row, "FLAG_PHONE": 1}))
    app.selectbox(key="form.FLAG_PHONE").set_value("").run()
    assert edits_of(app) == {"FLAG_PHONE": None}
    app.selectbox(key="form.FLAG_PHONE").set_value("0").run()
    assert edits_of(app) == {}


def test_a_number_is_taken_away_and_given_back(
    row: Mapping[str, Any], session: ScoringSession, open_page: OpenPage
) -> None:
    app, name = opened(open_page, row), "EXT_SOURCE_3"
    app.multiselect(key="form.~missing.main").select(name).run()
    assert edits_of(app) == {name: None}
    assert app.number_input(key=f"form.{name}").value is None
    assert pd_of(app) == worded(session.score({**row, name: None}))
    assert name in reopened(open_page, app).multiselect(key="form.~missing.main").value
    app.multiselect(key="form.~missing.main").unselect(name).run()
    assert edits_of(app) == {}


def test_a_number_that_the_file_does_not_know_gets_the_middle_one(rows: pl.DataFrame, open_page: OpenPage) -> None:
    name = "EXT_SOURCE_3"
    unknown = rows.filter(pl.col(name).is_null()).row(0, named=True)
    app = opened(open_page, unknown)
    app.multiselect(key="form.~missing.main").unselect(name).run()
    known = sorted(rows[name].drop_nulls().to_list())
    assert edits_of(app) == {name: known[(len(known) - 1) // 2]}
    app.multiselect(key="form.~missing.main").select(name).run()
    assert edits_of(app) == {}


def test_who_is_employed_is_made_not_employed_and_back(
    row: Mapping[str, Any], session: ScoringSession, open_page: OpenPage
) -> None:
    app = opened(open_page, row)
    box = app.checkbox(key="form.~DAYS_EMPLOYED")
    assert (box.label, box.value) == ("Not employed", False)
    box.check().run()
    assert edits_of(app) == {"DAYS_EMPLOYED": 365_243}
    assert pd_of(app) == worded(session.score({**row, "DAYS_EMPLOYED": 365_243}))
    assert app.number_input(key="form.DAYS_EMPLOYED").disabled
    again = reopened(open_page, app)
    assert again.checkbox(key="form.~DAYS_EMPLOYED").value
    again.checkbox(key="form.~DAYS_EMPLOYED").uncheck().run()
    assert edits_of(again) == {}


def test_who_is_not_employed_is_given_a_typical_time_another_one_or_none(
    rows: pl.DataFrame, open_page: OpenPage
) -> None:
    app = opened(open_page, rows.filter(pl.col("DAYS_EMPLOYED") == 365_243).row(0, named=True))
    app.checkbox(key="form.~DAYS_EMPLOYED").uncheck().run()
    known = sorted(rows["DAYS_EMPLOYED"].drop_nulls().filter(rows["DAYS_EMPLOYED"].drop_nulls() != 365_243).to_list())
    assert edits_of(app) == {"DAYS_EMPLOYED": known[(len(known) - 1) // 2]}
    app.number_input(key="form.DAYS_EMPLOYED").set_value(10.0).run()
    assert edits_of(app) == {"DAYS_EMPLOYED": -3_652}
    # A time that is not known is not the same as none to know.
    app.multiselect(key="form.~missing.main").select("DAYS_EMPLOYED").run()
    assert edits_of(app) == {"DAYS_EMPLOYED": None}
    app.checkbox(key="form.~DAYS_EMPLOYED").check().run()
    assert edits_of(app) == {}


def test_a_number_as_the_file_says_it_is_no_change(row: Mapping[str, Any], open_page: OpenPage) -> None:
    app = opened(open_page, row)
    shown = float(app.number_input(key="form.DAYS_BIRTH").value or 0.0)
    assert shown == pytest.approx(-row["DAYS_BIRTH"] / 365.25, abs=0.005)
    app.number_input(key="form.DAYS_BIRTH").set_value(shown + 5).run()
    assert set(edits_of(app)) == {"DAYS_BIRTH"}
    # Two decimals of a year are about as long as four days: the file's own number of days comes back all the same.
    app.number_input(key="form.DAYS_BIRTH").set_value(shown).run()
    assert edits_of(app) == {}


def test_an_amount_is_changed_by_a_tenth_at_a_click(row: Mapping[str, Any], open_page: OpenPage) -> None:
    app = opened(open_page, row)
    up = round(row["AMT_CREDIT"] * 1.1, 2)
    app.button(key="form.+10 %.AMT_CREDIT").click().run()
    assert edits_of(app) == {"AMT_CREDIT": up}
    app.button(key="form.−10 %.AMT_CREDIT").click().run()
    assert edits_of(app) == {"AMT_CREDIT": round(up * 0.9, 2)}
    # A share of a number that is no amount says nothing.
    assert not [button for button in app.button if str(button.key).endswith("%.DAYS_BIRTH")]


def test_all_changes_are_taken_back_at_once(
    row: Mapping[str, Any], session: ScoringSession, open_page: OpenPage
) -> None:
    app = opened(open_page, row, edits="AMT_CREDIT=25000.5&NAME_EDUCATION_TYPE=~missing&DAYS_BIRTH=-9000&FLAG_PHONE=1")
    assert "Values** · 4 changes" in said(app)
    assert [is_marked(app, name) for name in ("AMT_CREDIT", "NAME_EDUCATION_TYPE", "DAYS_BIRTH")] == [True] * 3
    back(app)
    assert (edits_of(app), pd_of(app)) == ({}, filed_of(row))
    assert next(button for button in app.main.button if button.label.startswith("Back to")).disabled


def test_a_new_applicant_goes_back_to_what_is_typical(open_page: OpenPage) -> None:
    app = open_page("applicant", {"applicant": "new", "edits": "AMT_CREDIT=25000.5"})
    button = next(button for button in app.main.button if button.label.startswith("Back to"))
    assert button.label == "Back to the typical values"
    button.click().run()
    assert edits_of(app) == {}
    assert app.number_input(key="form.AMT_CREDIT").value == cache.column_facts()["AMT_CREDIT"].typical


def test_edits_of_a_link_that_say_what_the_file_says_are_none(row: Mapping[str, Any], open_page: OpenPage) -> None:
    app = opened(open_page, row, edits=f"AMT_CREDIT={row['AMT_CREDIT']!r}&DAYS_BIRTH={row['DAYS_BIRTH']}&FLAG_PHONE=1")
    assert "Values** · 1 change" in said(app)
    assert not is_marked(app, "AMT_CREDIT")


# --- What training did not see


@pytest.mark.parametrize(
    ("edits", "flagged"),
    [
        ("AMT_CREDIT=900000000", "Outside what training saw: "),
        ("DAYS_BIRTH=-30000", "Outside what training saw: "),
        ("NAME_EDUCATION_TYPE=~missing", "Never missing in training"),
        ("NAME_EDUCATION_TYPE=Astronaut", "Never seen in training"),
        ("EXT_SOURCE_3=~missing", ""),
        ("DAYS_EMPLOYED=365243", ""),
    ],
)
def test_what_training_did_not_see_is_allowed_and_flagged(
    edits: str, flagged: str, row: Mapping[str, Any], session: ScoringSession, open_page: OpenPage
) -> None:
    app = opened(open_page, row, edits=edits)
    flags = [text.value for text in app.main.caption if text.value.startswith(":orange[")]
    assert len(flags) == bool(flagged)
    assert all(flag.startswith(f":orange[{flagged}") for flag in flags)
    assert pd_of(app) == worded(session.score({**row, **dict(read_edits(edits, embedded.DEFINITION))}))


def test_what_a_referred_application_lacks_is_said_once(row: Mapping[str, Any], open_page: OpenPage) -> None:
    lacking = {name: None for name in row if name not in ("SK_ID_CURR", "TARGET")}
    app = open_page("applicant", {"applicant": "new", "edits": word_edits(tuple(lacking.items()))})
    assert "Not enough is known to score: contract type, credit amount" in said(app)
    assert "Never missing in training" not in said(app)


def test_a_range_is_said_in_the_unit_shown_from_low_to_high(
    rows: pl.DataFrame, row: Mapping[str, Any], open_page: OpenPage
) -> None:
    app = opened(open_page, row, edits="DAYS_BIRTH=-30000")
    days = sorted(rows["DAYS_BIRTH"].to_list())
    youngest, oldest = (f"{-end / 365.25:.3g}" for end in (days[-1], days[0]))
    assert f"Outside what training saw: {youngest} years to {oldest} years" in said(app)


def test_a_level_that_nobody_has_can_be_left(row: Mapping[str, Any], open_page: OpenPage) -> None:
    app = opened(open_page, row, edits="NAME_EDUCATION_TYPE=Astro%20<b>")
    box = app.selectbox(key="form.NAME_EDUCATION_TYPE")
    assert (box.value, box.options[-2:]) == ("Astro <b>", ["Astro <b>", "Missing"])
    box.set_value(row["NAME_EDUCATION_TYPE"]).run()
    assert edits_of(app) == {}
    assert "Astro <b>" not in app.selectbox(key="form.NAME_EDUCATION_TYPE").options


# --- What a link says wrong


@pytest.mark.parametrize(
    ("edits", "sentence"),
    [
        ("AMT_CREDIT=much", "Credit amount (AMT_CREDIT) is 'much'; expected a number from 1 to 1,000,000,000"),
        ("AMT_CREDIT=inf", "Credit amount (AMT_CREDIT) is 'inf'; expected a number"),
        ("DAYS_BIRTH=40", "Age (DAYS_BIRTH) is '40'; expected"),
        ("NOPE=1", "The application table has no column 'NOPE'"),
        ("TARGET=1", "is no input of the model; leave it out."),
        ("&".join(["FLAG_PHONE=1"] * 130), "The link changes 130 values of an application, which has 122 columns."),
    ],
)
def test_a_wrong_edit_is_left_out_with_a_sentence_and_the_page_stands(
    edits: str, sentence: str, row: Mapping[str, Any], session: ScoringSession, open_page: OpenPage
) -> None:
    app = opened(open_page, row, edits=edits)
    notice = app.main.info[0].value.replace("\\", "")
    assert notice.startswith("Ignored in this link: ")
    assert sentence in notice
    assert (edits_of(app), pd_of(app)) == ({}, filed_of(row))


# --- What the form shows


def test_the_fields_that_matter_come_first_and_all_others_are_folded_away(
    row: Mapping[str, Any], open_page: OpenPage
) -> None:
    app = opened(open_page, row)
    own = cache.portfolio()
    assert own is not None
    assert shown_fields(app) == set(tuple(own.weights)[:16])
    app.session_state["form-others"] = True
    app.run()
    assert shown_fields(app) == set(FEATURES.sources)
    assert not any(embedded.column(name).sensitivity is Sensitivity.PROTECTED for name in shown_fields(app))


def shown_fields(app: AppTest) -> set[str]:
    keys = [str(box.key) for box in (*app.main.number_input, *app.main.selectbox)]
    return {key.removeprefix("form.") for key in keys if key.startswith("form.") and "~" not in key}


def test_what_the_model_does_not_use_is_listed_as_it_is(row: Mapping[str, Any], open_page: OpenPage) -> None:
    app = opened(open_page, row)
    app.session_state["form-unused"] = True
    app.run()
    listed = next(text.value for text in app.main.markdown if text.value.startswith("- ")).splitlines()
    assert len(listed) == 120 - len(FEATURES.sources)
    gender = {"F": "Female", "M": "Male", "XNA": "Not recorded"}[row["CODE_GENDER"]]
    assert f"- Gender: {gender}" in [line.replace("\\", "") for line in listed]


def test_groups_stand_in_the_order_of_the_filter_bar() -> None:
    columns = [embedded.column(name) for name in ("AMT_CREDIT", "FLOORSMAX_AVG", "DAYS_BIRTH", "EXT_SOURCE_1")]
    found = {
        group: [column.name for column in inside] for group, inside in grouped(columns, embedded.DEFINITION).items()
    }
    assert found == {
        "Person": ["DAYS_BIRTH"],
        "Credit": ["AMT_CREDIT"],
        "External scores": ["EXT_SOURCE_1"],
        "More": ["FLOORSMAX_AVG"],
    }
    assert list(found) == ["Person", "Credit", "External scores", "More"]


@given(st.data())
def test_a_number_that_is_stored_as_it_is_shown_is_shown_as_it_was(data: st.DataObject) -> None:
    column = data.draw(st.sampled_from(NUMBERS))
    low, high = column.minimum or 0.0, column.maximum or 0.0
    whole = column.dtype.is_integer()
    value = data.draw(st.integers(int(low), int(high)) if whole else st.floats(low, high))
    shown = shown_number(column, value)
    stored = stored_number(column, embedded.DEFINITION, shown)
    assert isinstance(stored, int if whole else float)
    assert low <= stored <= high
    assert shown_number(column, stored) == shown
    # Two decimals of a year are 3.65 days.
    assert abs(stored - value) <= (2 if column.unit is Unit.DAYS_BEFORE else 0)


@pytest.mark.parametrize("name", ["DAYS_BIRTH", "AMT_CREDIT", "CNT_CHILDREN"])
def test_a_missing_number_is_shown_and_stored_as_none(name: str) -> None:
    assert shown_number(embedded.column(name), None) is None
    assert stored_number(embedded.column(name), embedded.DEFINITION, None) is None


def test_a_sentinel_is_no_number_to_show() -> None:
    assert shown_number(embedded.column("DAYS_EMPLOYED"), 365_243) is None


def test_zero_days_are_shown_as_zero_years() -> None:
    assert str(shown_number(embedded.column("DAYS_EMPLOYED"), 0)) == "0.0"


def test_the_last_day_that_a_column_can_hold_is_stored() -> None:
    # 13.69 x 365.25 = 5,000.27, and 82.14 x 365.25 = 30,001.6.
    assert stored_number(embedded.column("DAYS_BIRTH"), embedded.DEFINITION, 13.69) == -5_000
    assert stored_number(embedded.column("DAYS_EMPLOYED"), embedded.DEFINITION, 82.13) == -29_998
    # The largest number that the form names is the last day itself.
    assert stored_number(embedded.column("DAYS_EMPLOYED"), embedded.DEFINITION, 82.14) == -30_000
    with pytest.raises(ValueFault, match="Time employed"):
        stored_number(embedded.column("DAYS_EMPLOYED"), embedded.DEFINITION, 82.15)


@pytest.mark.parametrize("edits", [{}, {"AMT_CREDIT": 25_000.5, "DAYS_EMPLOYED": -731, "EXT_SOURCE_3": 0.25}])
@pytest.mark.parametrize(
    ("name", "shown", "sentence"),
    [
        ("DAYS_BIRTH", 1_000.0, "Age cannot be 1,000: it holds 13.69 to 87.61 years."),
        ("DAYS_BIRTH", 13.67, "Age cannot be 13.67: it holds 13.69 to 87.61 years."),
        ("DAYS_EMPLOYED", -0.01, "Time employed cannot be -0.01: it holds 0 to 82.14 years."),
        ("AMT_CREDIT", 0.0, "Credit amount cannot be 0: it holds 1 to 1,000 M."),
        ("AMT_CREDIT", -25_000.5, "Credit amount cannot be -25,000.5: it holds 1 to 1,000 M."),
        ("EXT_SOURCE_3", 1.0001, "External score 3 cannot be 1.0001: it holds 0 to 1."),
        ("CNT_CHILDREN", 31, "Children cannot be 31: it holds 0 to 30."),
        ("CNT_CHILDREN", 10**15, "Children cannot be 1e+15: it holds 0 to 30."),
    ],
)
def test_what_a_column_cannot_hold_is_answered_in_a_sentence_and_the_value_stays(
    name: str,
    shown: float,
    sentence: str,
    edits: dict[str, float],
    row: Mapping[str, Any],
    session: ScoringSession,
    open_page: OpenPage,
) -> None:
    app = opened(open_page, row, edits=word_edits(make_edits(edits.items(), embedded.DEFINITION, {})))
    app.session_state["form-others"] = True
    app.run()
    before = app.number_input(key=f"form.{name}").value
    app.number_input(key=f"form.{name}").set_value(shown).run()
    assert [error.value for error in app.exception] == []
    (told,) = [str(text.value).replace("\\", "") for text in app.main.info]
    assert told.startswith(sentence)
    assert edits_of(app) == edits
    assert app.number_input(key=f"form.{name}").value == before
    assert pd_of(app) == (worded(session.score({**row, **edits})) if edits else filed_of(row))
    # The next step takes the sentence away.
    app.selectbox(key="form.NAME_EDUCATION_TYPE").set_value("").run()
    assert not app.main.info


@pytest.mark.parametrize("name", ["EXT_SOURCE_2", "EXT_SOURCE_3", "REGION_POPULATION_RELATIVE", "DAYS_BIRTH"])
def test_typing_a_rounded_number_as_it_is_shown_is_no_change(
    name: str, row: Mapping[str, Any], session: ScoringSession, open_page: OpenPage
) -> None:
    assert name in FEATURES.sources
    digits = 2 if name == "DAYS_BIRTH" else 4
    app = opened(open_page, row)
    app.session_state["form-others"] = True
    app.run()
    box = app.number_input(key=f"form.{name}")
    own = float(box.value or 0.0)
    assert box.proto.format == f"%.{digits}f"
    typed = round(own, digits)
    # Days are shown in whole hundredths of a year; of the others more is known than what is shown.
    assert (typed == own) == (name == "DAYS_BIRTH")
    step = 10.0**-digits
    for first in (None, own + 3 * step):
        if first is not None:
            app.number_input(key=f"form.{name}").set_value(first).run()
            assert set(edits_of(app)) == {name}
        app.number_input(key=f"form.{name}").set_value(typed).run()
        assert edits_of(app) == {}
        assert app.number_input(key=f"form.{name}").value == own
        assert pd_of(app) == filed_of(row)
    # What is shown otherwise is another number.
    app.number_input(key=f"form.{name}").set_value(typed + step).run()
    assert set(edits_of(app)) == {name}


def test_a_level_called_as_no_value_is_told_from_it(
    row: Mapping[str, Any], session: ScoringSession, open_page: OpenPage
) -> None:
    name = "NAME_EDUCATION_TYPE"
    app = opened(open_page, row, edits=f"{name}=Missing")
    box = app.selectbox(key=f"form.{name}")
    assert box.value == "Missing"
    assert len(set(box.options)) == len(box.options) == len(embedded.column(name).levels) + 2
    assert box.options[-2] == "Missing"
    assert pd_of(app) == worded(session.score({**row, name: "Missing"}))
    box.set_value("").run()
    assert edits_of(app) == {name: None}
    assert pd_of(app) == worded(session.score({**row, name: None}))
    assert app.selectbox(key=f"form.{name}").options[-1] == "Missing"


def ahead(app: AppTest, row: Mapping[str, Any]) -> AppTest:
    """The visit with another application chosen in the side panel, and a page that is still drawn for the last one."""
    edits = (("AMT_ANNUITY", 54_321.0), ("FLAG_EMAIL", None))
    app.session_state["visit"] = app.session_state["visit"].with_values(
        {APPLICANT: str(row["SK_ID_CURR"]), EDITS: edits}
    )
    return app


@pytest.mark.parametrize(
    ("what", "step"),
    [
        ("a number", lambda app: app.number_input(key="form.AMT_CREDIT").set_value(25_000.5)),
        ("a number that cannot be", lambda app: app.number_input(key="form.DAYS_BIRTH").set_value(1_000.0)),
        ("a level", lambda app: app.selectbox(key="form.NAME_EDUCATION_TYPE").set_value("")),
        ("the sentinel", lambda app: app.checkbox(key="form.~DAYS_EMPLOYED").check()),
        ("a missing value", lambda app: app.multiselect(key="form.~missing.main").select("EXT_SOURCE_3")),
        ("a value taken back", lambda app: app.button(key="undo.AMT_ANNUITY").click()),
    ],
)
def test_a_form_drawn_for_another_application_changes_nothing_of_the_one_chosen_since(
    what: str,
    step: Callable[[AppTest], Any],
    row: Mapping[str, Any],
    rows: pl.DataFrame,
    session: ScoringSession,
    open_page: OpenPage,
) -> None:
    other = rows.filter(pl.col("SK_ID_CURR") != row["SK_ID_CURR"]).row(40, named=True)
    app = ahead(opened(open_page, row, edits="AMT_ANNUITY=12345"), other)
    step(app).run()
    assert app.session_state["visit"].value(APPLICANT) == str(other["SK_ID_CURR"])
    edits = {"AMT_ANNUITY": 54_321.0, "FLAG_EMAIL": None}
    assert edits_of(app) == edits
    assert pd_of(app) == worded(session.score({**other, **edits}))
    # The form says what is scored, and no longer what was entered.
    assert app.number_input(key="form.AMT_CREDIT").value == other["AMT_CREDIT"]


def test_back_to_a_file_s_values_goes_back_to_those_that_were_drawn(
    row: Mapping[str, Any], rows: pl.DataFrame, session: ScoringSession, open_page: OpenPage
) -> None:
    other = rows.filter(pl.col("SK_ID_CURR") != row["SK_ID_CURR"]).row(40, named=True)
    app = back(ahead(opened(open_page, row, edits="AMT_CREDIT=25000.5"), other))
    assert app.session_state["visit"].value(APPLICANT) == str(row["SK_ID_CURR"])
    assert (edits_of(app), pd_of(app)) == ({}, filed_of(row))


# --- Any table's columns


def column_of(**facts: Any) -> Column:
    told: dict[str, Any] = {
        "label": "X",
        "description": "",
        "group": "G",
        "kind": Kind.NUMERIC,
        "dtype": pl.Float64(),
    } | facts
    return Column("x", **told)


@pytest.mark.parametrize(
    ("column", "ends", "step"),
    [
        # A fiftieth of the median: 10,270 is nearest to 10,000, and 30 nearer to 20 than to 50 by ratio.
        (column_of(unit=Unit.CURRENCY), (0, 513_500, 4e6), 10_000),
        (column_of(unit=Unit.CURRENCY_PER_YEAR), (0, 1_500, 9_000), 20),
        (column_of(unit=Unit.CURRENCY, dtype=pl.Int32()), (0, 20, 90), 1),
        (column_of(unit=Unit.SHARE), (0, 0.5, 1), 0.05),
        (column_of(unit=Unit.DAYS_BEFORE), (-9_000, -50, 0), 1),
        (column_of(dtype=pl.Int64()), (300, 700, 850), 1),
        # Of a bare decimal a fiftieth of its range: 0.04 is nearest to 0.05.
        (column_of(), (0.0, 0.1, 2.0), 0.05),
        (column_of(), (3.0, 3.0, 3.0), 1),
    ],
)
def test_a_step_suits_what_occurs(
    column: Column, ends: tuple[float, float, float], step: float, make_table: Callable[..., pl.DataFrame]
) -> None:
    low, middle, high = ends
    table = make_table(10, seed=1).lazy()
    facts = dataclasses.replace(
        describe_table(table, embedded.DEFINITION)["AMT_CREDIT"], low=low, middle=middle, high=high
    )
    assert step_of(column, facts) == pytest.approx(step)


def test_groups_of_any_definition_head_the_form() -> None:
    def loans(*groups: str) -> tuple[list[Column], Definition]:
        columns = [dataclasses.replace(column_of(group=group), name=group) for group in groups]
        return columns, Definition("Loans", tuple(columns), Features(()))

    assert list(grouped(*loans("a", "b", "c", "d", "e"))) == ["a", "b", "c", "d", "e"]
    assert list(grouped(*loans("a", "b", "c", "d", "e", "f"))) == ["a", "b", "c", "d", "More"]


@pytest.mark.parametrize(
    ("minimum", "maximum", "words"),
    [(0, 10, "0 to 10"), (None, 10, "up to 10"), (2, None, "2 and more"), (None, None, "any number")],
)
def test_the_ends_of_a_column_in_words(minimum: float | None, maximum: float | None, words: str) -> None:
    assert _word_ends(column_of(minimum=minimum, maximum=maximum)) == words


def _choose_of_two() -> None:
    """A script that draws the choice between the meanings of a column with two special values."""
    from types import SimpleNamespace

    import polars as pl

    from dashboard.components.applicant import form
    from data.definition.columns import Column, Kind, Special
    from data.definition.definition import Definition, Features

    special = (Special(-7.0, "not asked"), Special(-9.0, "no record"))
    column = Column("x", "X", "", "G", Kind.NUMERIC, pl.Int64(), special=special)
    view = SimpleNamespace(definition=Definition("Loans", (column,), Features(())))
    form._render_special(view, column, -9)  # type: ignore[arg-type]


def test_several_special_values_are_a_choice_by_their_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[tuple[str, Value]] = []
    monkeypatch.setattr(form, "_take", lambda _, name, value: taken.append((name, value)))
    app = AppTest.from_function(_choose_of_two).run()
    (box,) = app.selectbox
    assert box.options == ["A number", "Not asked", "No record"]
    assert box.value == "-9"
    box.select("-7").run()
    assert taken == [("x", -7)]

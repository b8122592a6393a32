"""An application and its changes as text: exactly what was written is read back, and what is wrong gets a sentence."""

from __future__ import annotations

from urllib.parse import quote_plus

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.visit.drafts import (
    LONGEST_ID,
    NEW,
    NO_EDITS,
    Draft,
    DraftError,
    Edits,
    applicant_of,
    is_applicant,
    make_edits,
    read_draft,
    read_edits,
    word_draft,
    word_edits,
)
from data.definition.columns import Column, Kind
from data.definition.definition import Definition, Features, Roles
from data.home_credit import embedded
from inference.values import LONGEST_LEVEL, Value, ValueFault

INPUTS = [column for column in embedded.COLUMNS if column.kind not in (Kind.ID, Kind.TARGET)]
NAMES = [column.name for column in INPUTS]
# Letters that mean something in a link, and some that must be escaped there.
LEVELS = st.text(st.sampled_from("aé &=+%;#~?/\"'<>|€😀"), min_size=1, max_size=LONGEST_LEVEL).filter(str.strip)


def values_of(column: Column) -> st.SearchStrategy[Value]:
    if column.kind is Kind.CATEGORY:
        return st.none() | st.sampled_from(column.levels) | LEVELS
    low, high = column.minimum or 0.0, column.maximum or 0.0
    # Zero has one form only (`inference.values`).
    quantity = st.integers(int(low), int(high)) if column.dtype.is_integer() else st.floats(low, high)
    sentinel = st.sampled_from([int(value) for value in column.special_values]) if column.special else st.none()
    return st.none() | sentinel | quantity.map(lambda value: value + 0)


@st.composite
def all_edits(draw: st.DrawFn) -> Edits:
    chosen = draw(st.lists(st.sampled_from(INPUTS), max_size=12, unique_by=lambda column: column.name))
    return make_edits([(column.name, draw(values_of(column))) for column in chosen], embedded.DEFINITION, {})


applicants = st.just(NEW) | st.integers(0, 999_999_999_999).map(str)


@given(all_edits())
def test_edits_come_back_from_a_link_as_they_were(edits: Edits) -> None:
    found = read_edits(word_edits(edits), embedded.DEFINITION)
    assert found == edits
    assert [type(value) for _, value in found] == [type(value) for _, value in edits]


@given(applicants, all_edits())
def test_a_draft_comes_back_from_a_link_as_it_was(applicant: str, edits: Edits) -> None:
    draft = Draft(applicant, edits)
    assert read_draft(word_draft(draft), embedded.DEFINITION) == draft


@given(all_edits())
def test_edits_stand_in_the_order_of_the_table(edits: Edits) -> None:
    places = [NAMES.index(name) for name, _ in edits]
    assert places == sorted(set(places))


def test_the_words_of_a_draft() -> None:
    edits = make_edits(
        [("CODE_GENDER", None), ("AMT_CREDIT", 25_000.5), ("DAYS_BIRTH", -14_610)], embedded.DEFINITION, {}
    )
    draft = Draft("100002", edits)
    assert word_draft(draft) == "applicant=100002&CODE_GENDER=~missing&AMT_CREDIT=25000.5&DAYS_BIRTH=-14610"
    assert word_draft(Draft(NEW)) == "applicant=new"
    assert word_edits(NO_EDITS) == ""
    assert read_edits("", embedded.DEFINITION) == NO_EDITS


def test_only_what_differs_is_an_edit_and_the_last_value_counts() -> None:
    base: dict[str, Value] = {"AMT_CREDIT": 450_000.0, "CNT_CHILDREN": 0, "OWN_CAR_AGE": None}
    given_values: list[tuple[str, Value]] = [
        ("OWN_CAR_AGE", None),
        ("AMT_CREDIT", 1.0),
        ("CNT_CHILDREN", 2),
        ("AMT_CREDIT", 450_000.0),
        ("AMT_ANNUITY", None),
    ]
    # A column that the application did not begin with is an edit even where it is missing.
    assert make_edits(given_values, embedded.DEFINITION, base) == (("CNT_CHILDREN", 2), ("AMT_ANNUITY", None))


def test_a_draft_s_values_are_its_own_in_place_of_those_it_began_with() -> None:
    base: dict[str, Value] = {"AMT_CREDIT": 450_000.0, "CNT_CHILDREN": 0}
    draft = Draft("7", (("AMT_CREDIT", None),))
    assert draft.values(base) == {"AMT_CREDIT": None, "CNT_CHILDREN": 0}
    assert base["AMT_CREDIT"] == 450_000.0


@pytest.mark.parametrize(
    ("applicant", "identifier"),
    [("100002", "100002"), (NEW, None), ("", None), ("12a", "12a"), ("~new", "new"), ("~~x", "~x")],
)
def test_all_but_a_new_one_have_an_id(applicant: str, identifier: str | None) -> None:
    assert Draft(applicant).identifier == identifier


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("NOPE=1", "has no column 'NOPE'"),
        ("SK_ID_CURR=1", "(SK_ID_CURR) is no input of the model"),
        ("TARGET=1", "(TARGET) is no input of the model"),
        ("AMT_CREDIT=much", "Credit amount (AMT_CREDIT) is 'much'; expected a number from 1 to 1,000,000,000"),
        ("AMT_CREDIT=", "Credit amount (AMT_CREDIT) is ''"),
        ("AMT_CREDIT", "Credit amount (AMT_CREDIT) is ''"),
        ("AMT_CREDIT=inf", "Credit amount (AMT_CREDIT) is 'inf'"),
        ("AMT_CREDIT=-inf", "Credit amount (AMT_CREDIT) is '-inf'"),
        ("AMT_CREDIT=1e999", "Credit amount (AMT_CREDIT) is '1e999'"),
        ("AMT_CREDIT=nan", "Credit amount (AMT_CREDIT) is 'nan'"),
        ("AMT_CREDIT=1,000", "Credit amount (AMT_CREDIT) is '1,000'"),
        ("AMT_CREDIT=-5", "Credit amount (AMT_CREDIT) is '-5'"),
        ("CNT_CHILDREN=1.5", "(CNT_CHILDREN) is '1.5'"),
        ("DAYS_BIRTH=40", "(DAYS_BIRTH) is '40'"),
        ("FLAG_PHONE=2", "(FLAG_PHONE) is '2'"),
        ("NAME_INCOME_TYPE=" + "x" * 81, f"(NAME_INCOME_TYPE) is '{'x' * 38}…"),
        ("NAME_INCOME_TYPE=", "(NAME_INCOME_TYPE) is ''"),
        ("NAME_INCOME_TYPE=%00", "(NAME_INCOME_TYPE) is '\\x00'"),
        # One that fits does not save one that does not.
        ("CNT_CHILDREN=1&NOPE=1", "has no column 'NOPE'"),
    ],
)
def test_an_edit_that_no_application_can_have_is_refused_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(ValueFault) as caught:
        read_edits(text, embedded.DEFINITION)
    assert said in str(caught.value)


def test_no_more_values_than_columns() -> None:
    most = len(embedded.COLUMNS)
    assert read_edits("&".join(["CNT_CHILDREN=1"] * most), embedded.DEFINITION) == (("CNT_CHILDREN", 1),)
    with pytest.raises(DraftError, match="The link changes 10,000 values of an application, which has 122 columns"):
        read_edits("&".join(["CNT_CHILDREN=1"] * 10_000), embedded.DEFINITION)


@pytest.mark.parametrize(
    "applicant", ["", "12a", "-1", "1.5", "New", "1" * 19, "١٢", "²", " 1", "<b>", "newer", "x" * 5_000]
)
def test_a_scenario_of_no_application_is_refused_in_a_sentence(applicant: str) -> None:
    with pytest.raises(DraftError) as caught:
        read_draft(f"applicant={applicant}&CNT_CHILDREN=1", embedded.DEFINITION)
    assert str(caught.value).endswith("is no application; give its id, or 'new' for a new one.")
    assert len(str(caught.value)) < 120


def test_an_application_can_be_called_by_any_text_where_its_table_does() -> None:
    definition = text_ids()
    for identifier in ("LC-00042/7 é", "new", "~new", "x" * LONGEST_ID, "a&b=c", "100002"):
        draft = Draft(applicant_of(identifier), ())
        assert draft.identifier == identifier
        assert read_draft(word_draft(draft), definition) == draft
    assert applicant_of("new") != NEW
    for refused in ("", " ", "x" * (LONGEST_ID + 2), "a\x00b"):
        assert not is_applicant(refused, definition)


def text_ids() -> Definition:
    """A table whose applications are called by texts."""
    columns = (Column("loan", "Loan", "", "Record", Kind.ID, pl.String()),)
    return Definition("Loans", columns, Features(()), roles=Roles(id="loan"))


@pytest.mark.parametrize("text", ["", "CNT_CHILDREN=1", "CNT_CHILDREN=1&applicant=7", "applicants=7"])
def test_a_scenario_begins_with_its_application(text: str) -> None:
    with pytest.raises(DraftError):
        read_draft(text, embedded.DEFINITION)


def test_a_wrong_edit_of_a_scenario_is_refused_in_a_sentence() -> None:
    with pytest.raises(ValueFault, match="has no column"):
        read_draft("applicant=7&" + quote_plus("NO&PE") + "=1", embedded.DEFINITION)

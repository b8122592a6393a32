"""Values of an application: the one form of each, what a column cannot hold, and the way through a link and back."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.definition.columns import Column, Kind
from data.files.validate import is_allowed
from data.home_credit import embedded
from inference.model.build import PublishedModel
from inference.model.session import ScoringSession
from inference.values import (
    LONGEST_LEVEL,
    Value,
    ValueFault,
    check_application,
    check_value,
    read_value,
    shown_value,
    word_value,
)

INPUTS = [column for column in embedded.COLUMNS if column.kind not in (Kind.ID, Kind.TARGET)]
NUMBERS = [column for column in INPUTS if column.kind is not Kind.CATEGORY]
CATEGORIES = [column for column in INPUTS if column.kind is Kind.CATEGORY]
PRINTABLE = st.text(min_size=1, max_size=LONGEST_LEVEL).filter(lambda text: text.isprintable() and bool(text.strip()))


@st.composite
def column_values(draw: st.DrawFn) -> tuple[str, Value]:
    """A column and a value that it may hold."""
    column = draw(st.sampled_from(INPUTS))
    if column.kind is Kind.CATEGORY:
        return column.name, draw(st.none() | st.sampled_from(column.levels) | PRINTABLE)
    low, high = column.minimum or 0.0, column.maximum or 0.0
    quantity = st.integers(int(low), int(high)) if column.dtype.is_integer() else st.floats(low, high)
    special = st.sampled_from((None, *map(int, column.special_values)))
    return column.name, draw(special | quantity)


@pytest.mark.parametrize(
    ("name", "given_value", "canonical"),
    [
        ("CNT_CHILDREN", 1.0, 1),
        ("CNT_CHILDREN", np.int8(2), 2),
        ("AMT_CREDIT", 450_000, 450_000.0),
        ("AMT_CREDIT", np.float32(0.1) * 100, float(np.float32(0.1) * 100)),
        ("AMT_CREDIT", Fraction(3, 2), 1.5),
        ("EXT_SOURCE_1", -0.0, 0.0),
        ("DAYS_EMPLOYED", 365_243.0, 365_243),
        ("DAYS_BIRTH", -14_000, -14_000),
        ("FLAG_PHONE", 0, 0),
        ("CODE_GENDER", "XNA", "XNA"),
        ("NAME_INCOME_TYPE", "Astronaut", "Astronaut"),
        ("AMT_INCOME_TOTAL", None, None),
    ],
)
def test_every_value_has_one_form(name: str, given_value: object, canonical: Value) -> None:
    found = check_value(embedded.DEFINITION, name, given_value)
    assert (found, type(found)) == (canonical, type(canonical))
    assert not isinstance(found, float) or math.copysign(1.0, found) == 1.0


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "AMT_CREDIT",
            "much",
            "Credit amount (AMT_CREDIT) is 'much'; expected a number from 1 to 1,000,000,000; "
            "correct it or set it to missing.",
        ),
        ("AMT_CREDIT", math.nan, "Credit amount (AMT_CREDIT) is nan; expected a number"),
        ("AMT_CREDIT", math.inf, "Credit amount (AMT_CREDIT) is inf; expected a number"),
        ("AMT_CREDIT", 0.5, "Credit amount (AMT_CREDIT) is 0.5; expected a number from 1"),
        ("AMT_CREDIT", 10**400, "Credit amount (AMT_CREDIT) is a number of too many digits; expected"),
        pytest.param(
            "AMT_CREDIT",
            10**5_000,
            "Credit amount (AMT_CREDIT) is a number of too many digits; expected",
            id="more digits than Python writes",
        ),
        ("CNT_CHILDREN", 1.5, "Children (CNT_CHILDREN) is 1.5; expected a whole number from 0 to 30;"),
        ("CNT_CHILDREN", 31, "Children (CNT_CHILDREN) is 31; expected a whole number from 0 to 30;"),
        ("FLAG_PHONE", True, "Home phone given (FLAG_PHONE) is True; expected 0 or 1;"),
        ("FLAG_PHONE", np.True_, "Home phone given (FLAG_PHONE) is of type bool; expected 0 or 1;"),
        ("FLAG_PHONE", 2, "Home phone given (FLAG_PHONE) is 2; expected 0 or 1;"),
        ("DAYS_BIRTH", 1, "Age (DAYS_BIRTH) is 1; expected a whole number from -32,000 to -5,000;"),
        (
            "DAYS_EMPLOYED",
            365_242,
            "Time employed (DAYS_EMPLOYED) is 365242; expected a whole number from -30,000 to 0, "
            "or 365243 (not employed",
        ),
        ("EXT_SOURCE_2", [[[]]], "External score 2 (EXT_SOURCE_2) is of type list; expected a number from 0 to 1,"),
        ("CODE_GENDER", 1, "Gender (CODE_GENDER) is 1; expected a category of 1 to 80 printable letters;"),
        ("CODE_GENDER", "", "Gender (CODE_GENDER) is ''; expected a category of 1 to 80 printable letters;"),
        ("CODE_GENDER", " ", "Gender (CODE_GENDER) is ' '; expected a category"),
        ("CODE_GENDER", "F\n", r"Gender (CODE_GENDER) is 'F\n'; expected a category"),
        ("CODE_GENDER", "\u202eF", r"Gender (CODE_GENDER) is '\u202eF'; expected a category"),
        ("CODE_GENDER", "\ud800", r"Gender (CODE_GENDER) is '\ud800'; expected a category"),
        ("CODE_GENDER", "F" * 81, f"Gender (CODE_GENDER) is '{'F' * 38}…; expected a category"),
        ("CODE_GENDER", math.nan, "Gender (CODE_GENDER) is nan; expected a category"),
        ("SK_ID_CURR", 100_002, "Application (SK_ID_CURR) is no input of the model; leave it out."),
        ("TARGET", None, "Defaulted (TARGET) is no input of the model; leave it out."),
        ("AMT_KREDIT", 1.0, "The application table has no column 'AMT_KREDIT'; leave it out or correct its spelling"),
    ],
)
def test_what_a_column_cannot_hold_is_said_in_one_sentence(name: str, value: object, sentence: str) -> None:
    with pytest.raises(ValueFault) as raised:
        check_value(embedded.DEFINITION, name, value)
    assert str(raised.value).startswith(sentence)
    assert len(str(raised.value)) < 250


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("AMT_CREDIT", "450000", 450_000.0),
        ("AMT_CREDIT", "4.5e5", 450_000.0),
        ("CNT_CHILDREN", "+2.0", 2),
        ("EXT_SOURCE_1", ".5", 0.5),
        ("CNT_CHILDREN", "~missing", None),
        ("NAME_INCOME_TYPE", "~missing", None),
        ("NAME_INCOME_TYPE", "~~missing", "~missing"),
        ("NAME_INCOME_TYPE", "~~~x", "~~x"),
        ("NAME_INCOME_TYPE", "x~", "x~"),
        ("NAME_INCOME_TYPE", "1.0", "1.0"),
    ],
)
def test_texts_are_read(name: str, text: str, value: Value) -> None:
    found = read_value(embedded.DEFINITION, name, text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 5",
        "5 ",
        "1,000",
        "1_000",
        "1 000",
        "five",
        "nan",
        "inf",
        "-Infinity",
        "0x10",
        "１２",
        "1e",
        "--1",
        "5.5.5",
        "True",
        pytest.param("9" * 5_000, id="5,000 digits"),
        "1e999",
        "0.5\n",
        "~5",
    ],
)
def test_texts_that_are_no_number_are_refused(text: str) -> None:
    with pytest.raises(ValueFault, match=r"^Credit amount \(AMT_CREDIT\) is '"):
        read_value(embedded.DEFINITION, "AMT_CREDIT", text)


def test_a_fault_quotes_the_text_as_it_was_given() -> None:
    with pytest.raises(ValueFault, match=r"^Children \(CNT_CHILDREN\) is '1\.5'; expected a whole number"):
        read_value(embedded.DEFINITION, "CNT_CHILDREN", "1.5")


@given(column_values())
def test_a_value_comes_back_from_its_words(column_value: tuple[str, Value]) -> None:
    name, value = column_value
    found = read_value(embedded.DEFINITION, name, word_value(value))
    assert found == value
    assert found == check_value(embedded.DEFINITION, name, value)
    assert type(found) is type(check_value(embedded.DEFINITION, name, value))


@settings(max_examples=300)
@given(
    st.sampled_from(NUMBERS),
    st.floats() | st.integers(-40_000, 400_000).map(float) | st.floats(-2, 2) | st.sampled_from([365_243.0, -1.0, 1e9]),
)
def test_numbers_are_judged_as_those_of_a_table_are(column: Column, value: float) -> None:
    allowed = bool(is_allowed(column, pl.Series([value], dtype=pl.Float64))[0])
    try:
        check_value(embedded.DEFINITION, column.name, value)
    except ValueFault:
        assert not allowed
    else:
        assert allowed


def test_applications_of_a_table_pass_as_they_are(applications: pl.DataFrame) -> None:
    for row in applications.drop(embedded.ID, embedded.TARGET).head(200).to_dicts():
        checked = check_application(embedded.DEFINITION, row)
        assert checked == row
        assert [type(value) for value in checked.values()] == [type(value) for value in row.values()]


def test_words_and_back_do_not_change_a_score(published: PublishedModel, applications: pl.DataFrame) -> None:
    session = ScoringSession.open(published.directory, embedded.DEFINITION)
    for row in applications.drop(embedded.ID, embedded.TARGET).head(50).to_dicts():
        again = {name: read_value(embedded.DEFINITION, name, word_value(value)) for name, value in row.items()}
        assert session.score(again) == session.score(row)


def test_an_application_is_checked_in_its_order_and_the_first_fault_counts() -> None:
    assert check_application(embedded.DEFINITION, {}) == {}
    assert list(check_application(embedded.DEFINITION, {"CNT_CHILDREN": 1.0, "AMT_CREDIT": 5})) == [
        "CNT_CHILDREN",
        "AMT_CREDIT",
    ]
    with pytest.raises(ValueFault, match="CNT_CHILDREN"):
        check_application(embedded.DEFINITION, {"AMT_CREDIT": 5, "CNT_CHILDREN": -1, "CODE_GENDER": ""})
    with pytest.raises(ValueFault, match="no column 7;"):
        check_application(embedded.DEFINITION, {7: 1})


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists))
def test_what_was_found_is_quoted_in_at_most_40_letters(found: object) -> None:
    assert 0 < len(shown_value(found)) <= 40
    assert shown_value(found).isprintable()


@pytest.mark.parametrize("column", CATEGORIES, ids=lambda column: column.name)
def test_listed_levels_are_allowed(column: Column) -> None:
    assert [check_value(embedded.DEFINITION, column.name, level) for level in column.levels] == list(column.levels)

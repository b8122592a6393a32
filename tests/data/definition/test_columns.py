from __future__ import annotations

import polars as pl
import pytest

from data.definition.columns import Column, Kind, Special, smallest_integer


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([-128, 127], pl.Int8()),
        ([-129], pl.Int16()),
        ([128], pl.Int16()),
        ([2**15 - 1], pl.Int16()),
        ([2**15], pl.Int32()),
        ([2**31], pl.Int64()),
        ([], pl.Int64()),
    ],
)
def test_the_smallest_integer_type_holds_all_values(values: list[float], dtype: pl.DataType) -> None:
    assert smallest_integer(values) == dtype


def test_a_special_value_is_shown_as_a_file_has_it() -> None:
    assert [Special(value, "").shown for value in (365_243.0, -7.0, 0.5)] == ["365243", "-7", "0.5"]


def test_a_column_knows_the_meaning_of_its_special_values() -> None:
    column = Column(
        "age", "Age", "", "", Kind.NUMERIC, pl.Int16(), special=(Special(-7, "not asked"), Special(-9, "lost"))
    )
    assert (column.meaning(-9), column.meaning(9)) == ("lost", None)
    assert [column.is_special(value) for value in (-7, -7.0, 7, None, "x")] == [True, True, False, False, False]


def test_an_application_brings_everything_but_identifier_and_outcome() -> None:
    brought = [kind for kind in Kind if Column("x", "", "", "", kind, pl.Int8()).is_input]
    assert brought == [Kind.NUMERIC, Kind.FLAG, Kind.CATEGORY, Kind.DATE]

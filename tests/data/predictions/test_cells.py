"""What cells are: missing, numbers, narrowed where nothing changes."""

from __future__ import annotations

import polars as pl

from data.predictions.cells import are_missing, narrowed, numbers_of


def test_missing_is_null_or_not_a_number_or_a_word() -> None:
    assert are_missing(pl.Series([1.0, float("nan"), None])).to_list() == [False, True, True]
    assert are_missing(pl.Series(["0", " NA ", "", None, "no"])).to_list() == [False, True, True, True, False]
    assert are_missing(pl.Series([[1], None])).to_list() == [False, True]


def test_a_time_or_a_list_is_no_number() -> None:
    for values in (pl.Series([1]).cast(pl.Date), pl.Series([[1]]), pl.Series([{"a": 1}])):
        assert numbers_of(values).to_list() == [None]
    assert numbers_of(pl.Series(["0.5", "x"]).cast(pl.Categorical)).to_list() == [0.5, None]


def test_numbers_are_narrowed_where_none_changes() -> None:
    assert narrowed(pl.Series([0.5, None, 4_096.25])).dtype == pl.Float32
    for number in (0.1, 99_999_999.99, 2.0**24 + 1, 1e39):
        assert narrowed(pl.Series([number])).to_list() == [number]

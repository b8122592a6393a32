"""Filters: the rows they select, and that equal cohorts are equal keys."""

from __future__ import annotations

import polars as pl
import pytest

from dashboard.filters import Condition, Filters, LevelFilter, RangeFilter

FRAME = pl.DataFrame({"row": [0, 1, 2, 3], "level": ["a", "b", None, "a"], "number": [1.0, 2.0, 3.0, None]})


@pytest.mark.parametrize(
    ("conditions", "rows"),
    [
        ([], [0, 1, 2, 3]),
        ([LevelFilter("level", ("a",))], [0, 3]),
        ([LevelFilter("level", ("a",), with_missing=True)], [0, 2, 3]),
        ([LevelFilter("level", ("a", "b"))], [0, 1, 3]),
        ([RangeFilter("number", 1.0, 2.0)], [0, 1]),
        ([RangeFilter("number", 2.5, 2.5)], []),
        ([LevelFilter("level", ("a",)), RangeFilter("number", 0.0, 9.0)], [0]),
    ],
)
def test_a_cohort_is_the_rows_that_meet_every_condition(conditions: list[Condition], rows: list[int]) -> None:
    expression = Filters.of(conditions).expression()
    chosen = FRAME if expression is None else FRAME.filter(expression)
    assert chosen["row"].to_list() == rows


def test_order_does_not_make_another_cohort() -> None:
    level, number = LevelFilter("level", ("a",)), RangeFilter("number", 1.0, 2.0)
    assert Filters.of([level, number]) == Filters.of([number, level])
    assert hash(Filters.of([level, number])) == hash(Filters.of([number, level]))


def test_the_last_condition_on_a_column_holds() -> None:
    assert Filters.of([RangeFilter("n", 0, 1), RangeFilter("n", 2, 3)]).conditions == (RangeFilter("n", 2, 3),)


def test_only_the_whole_portfolio_is_false() -> None:
    assert not Filters()
    assert Filters.of([RangeFilter("n", 0, 1)])

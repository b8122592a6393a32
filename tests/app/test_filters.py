"""Filters: the rows they select, and that equal cohorts are equal keys."""

from __future__ import annotations

import polars as pl
import pytest

from dashboard.filters import Condition, Decision, DecisionFilter, Filters, LevelFilter, RangeFilter

FRAME = pl.DataFrame(
    {
        "row": [0, 1, 2, 3],
        "level": ["a", "b", None, "a"],
        "number": [1.0, 2.0, 3.0, None],
        "is_default": [False, True, False, True],
        "pd_bin": [100, 909, 910, 50],
    }
)


@pytest.mark.parametrize(
    ("conditions", "rows"),
    [
        ([], [0, 1, 2, 3]),
        ([LevelFilter("level", ("a",))], [0, 3]),
        ([LevelFilter("level", ("a",), with_missing=True)], [0, 2, 3]),
        ([LevelFilter("level", ("a", "b"))], [0, 1, 3]),
        ([RangeFilter("number", 1.0, 2.0)], [0, 1]),
        ([RangeFilter("number", 2.5, 2.5)], []),
        ([RangeFilter("number", low=2.0)], [1, 2]),
        ([RangeFilter("number", high=1.5, with_missing=True)], [0, 3]),
        ([RangeFilter("number", only_missing=True)], [3]),
        ([LevelFilter("level", (), with_missing=True)], [2]),
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


@pytest.mark.parametrize(
    ("kinds", "rows"),
    [
        ([Decision.TRUE_DECLINE], [1]),
        ([Decision.FALSE_DECLINE], [2]),
        ([Decision.TRUE_APPROVAL], [0]),
        ([Decision.FALSE_APPROVAL], [3]),
        ([Decision.TRUE_DECLINE, Decision.FALSE_APPROVAL], [1, 3]),
    ],
)
def test_a_kind_of_decision_depends_on_the_cutoff_in_force(kinds: list[Decision], rows: list[int]) -> None:
    filters = Filters.of([DecisionFilter(tuple(kinds))])
    expression = filters.at(0.0909).expression()
    assert expression is not None
    assert FRAME.filter(expression)["row"].to_list() == rows
    with pytest.raises(ValueError, match="needs the cutoff"):
        filters.expression()


def test_the_rest_is_every_other_row_those_without_a_value_too() -> None:
    filters = Filters.of([RangeFilter("number", 1.0, 2.0)])
    expression = filters.rest().expression()
    assert expression is not None
    assert FRAME.filter(expression)["row"].to_list() == [2, 3]
    assert filters.rest().rest() == filters
    nothing = Filters().rest().expression()
    assert nothing is not None
    assert FRAME.filter(nothing).is_empty()


def test_conditions_are_put_in_place_and_taken_back() -> None:
    level, number = LevelFilter("level", ("a",)), RangeFilter("number", 1.0, 2.0)
    narrower = RangeFilter("number", 1.0, 1.5)
    filters = Filters.of([level, number]).having(narrower)
    assert filters.on("number") == narrower
    assert filters.without("number") == Filters.of([level])
    assert filters.without("number").on("number") is None

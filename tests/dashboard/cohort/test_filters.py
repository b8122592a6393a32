"""Filters: the rows they select, and that equal cohorts are equal keys."""

from __future__ import annotations

import polars as pl
import pytest

from dashboard.cohort.filters import (
    Condition,
    Decision,
    DecisionFilter,
    Filters,
    LevelFilter,
    ModelDecision,
    ModelsFilter,
    RangeFilter,
)

FRAME = pl.DataFrame(
    {
        "row": [0, 1, 2, 3],
        "level": ["a", "b", None, "a"],
        "number": [1.0, 2.0, 3.0, None],
        "is_default": [False, True, False, True],
        "default_probability": [0.01, 0.0909, 0.091, 0.005],
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
        ([RangeFilter("number", with_missing=True, beside_range=True)], [3]),
        ([LevelFilter("level", (), with_missing=True)], [2]),
        ([LevelFilter("level", ("a",)), RangeFilter("number", 0.0, 9.0)], [0]),
    ],
)
def test_a_cohort_is_the_rows_that_meet_every_condition(conditions: list[Condition], rows: list[int]) -> None:
    expression = Filters.of(conditions).expression()
    chosen = FRAME if expression is None else FRAME.filter(expression)
    assert chosen["row"].to_list() == rows


@pytest.mark.parametrize(
    ("low", "high", "rows"), [(0.58, 0.7, [1, 2, 3]), (None, 0.58, [0, 1]), (0.7, None, [3]), (0.58, 0.58, [1])]
)
def test_an_end_is_met_by_the_value_that_is_stored_for_it(
    low: float | None, high: float | None, rows: list[int]
) -> None:
    stored = pl.DataFrame({"row": range(4), "x": pl.Series([0.57, 0.58, 0.65, 0.7], dtype=pl.Float32)})
    assert stored.filter(RangeFilter("x", low, high).expression())["row"].to_list() == rows


@pytest.mark.parametrize("dtype", [pl.Int8, pl.UInt8, pl.Int16, pl.Int32, pl.Float32])
def test_a_range_of_a_column_too_narrow_for_the_schema_s_sentinel(dtype: type[pl.DataType]) -> None:
    stored = pl.DataFrame({"DAYS_EMPLOYED": pl.Series([1, 5, 9, None], dtype=dtype)})
    assert stored.filter(RangeFilter("DAYS_EMPLOYED", low=5).expression()).height == 2


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


def test_what_a_part_with_fewer_levels_lacks_is_a_cohort_of_its_own() -> None:
    def named(*levels: str, missing: bool = False) -> LevelFilter:
        return LevelFilter("level", levels, with_missing=missing)

    other = RangeFilter("number", 1.0, 2.0)
    whole = Filters.of([named("a", "b", "c", missing=True), other])
    assert whole.beyond(Filters.of([named("a", "c"), other])) == Filters.of([named("b", missing=True), other])
    assert whole.beyond(Filters.of([named("a", "b", "c"), other])) == Filters.of([named(missing=True), other])
    # Another column, other levels, more than the cohort has, or the cohort itself.
    apart = [
        Filters.of([named("a")]),
        Filters.of([named("a", "d"), other]),
        Filters.of([named("a"), RangeFilter("number", 1.0, 3.0)]),
        Filters.of([named("a"), other]).rest(),
        whole,
    ]
    assert [whole.beyond(part) for part in apart] == [None] * len(apart)
    assert Filters.of([named("a", "b")]).beyond(Filters.of([named("a", missing=True)])) is None


BY_MODELS = pl.DataFrame(
    {"row": [0, 1, 2, 3, 4], "~pd.a": [0.05, 0.1, 0.2, None, 0.2], "~pd.b": [0.3, 0.05, 0.1, 0.0, None]}
)


@pytest.mark.parametrize(
    ("decisions", "rows"),
    [
        ([ModelDecision("a", 0.1, is_declined=True), ModelDecision("b", 0.1, is_declined=False)], [1]),
        ([ModelDecision("a", 0.1, is_declined=False), ModelDecision("b", 0.1, is_declined=True)], [0]),
        ([ModelDecision("a", 0.1, is_declined=True), ModelDecision("b", 0.1, is_declined=True)], [2]),
        ([ModelDecision("b", 0.1, is_declined=False)], [1, 3]),
    ],
)
def test_decisions_of_models_select_rows_that_they_have_scored(decisions: list[ModelDecision], rows: list[int]) -> None:
    chosen = Filters.of([ModelsFilter(tuple(decisions))])
    assert set(chosen.needed) >= {f"~pd.{decision.model}" for decision in decisions}
    assert BY_MODELS.filter(chosen.expression())["row"].to_list() == rows  # type: ignore[arg-type]
    others = [row for row in BY_MODELS["row"] if row not in rows]
    assert BY_MODELS.filter(chosen.rest().expression())["row"].to_list() == others  # type: ignore[arg-type]


def test_other_pds_of_a_model_make_another_cohort() -> None:
    held = ModelsFilter((ModelDecision("a", 0.1, is_declined=True),))
    chosen = Filters.of([held])
    assert chosen.at(0.2) == chosen
    assert chosen.at(0.2, {"a": "1"}) != chosen.at(0.2, {"a": "2"})
    more = ModelDecision("b", 0.1, is_declined=False)
    assert held.narrowed([held.decisions[0], more]).decisions == (*held.decisions, more)

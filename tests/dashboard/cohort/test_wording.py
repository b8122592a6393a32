"""Conditions in words."""

from __future__ import annotations

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
from dashboard.cohort.wording import word_condition, word_decisions, word_filters
from data.predictions.table import CohortColumn, CohortKind

COLUMNS = {
    "kind": CohortColumn(
        "kind", "Kind", "", "", CohortKind.LEVELS, ("a", "b", "c", "d"), level_labels=(("a", "First"),)
    ),
    "amount": CohortColumn("amount", "Amount", "", "", CohortKind.RANGE, minimum=-9, maximum=9),
    "default_probability": CohortColumn("default_probability", "PD", "", "", CohortKind.RANGE, minimum=0, maximum=1),
}


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (LevelFilter("kind", ("a", "b")), "Kind: First, b"),
        (LevelFilter("kind", ("a", "b", "c", "d")), "Kind: First and 3 more"),
        (LevelFilter("kind", ("b",), with_missing=True), "Kind: b, Missing"),
        (RangeFilter("amount", 1, 2), "Amount: 1 to 2"),
        (RangeFilter("amount", None, 2), "Amount: below 2"),
        (RangeFilter("amount", with_missing=True, beside_range=True), "Amount: Missing"),
        (RangeFilter("default_probability", 0.1, 0.25), "PD: 10 to 25 %"),
        (DecisionFilter((Decision.FALSE_DECLINE, Decision.TRUE_DECLINE)), "False decline or true decline"),
    ],
)
def test_a_condition_is_worded_as_its_column_is_shown(condition: Condition, words: str) -> None:
    assert word_condition(condition, COLUMNS) == words


def test_conditions_stand_one_after_another() -> None:
    filters = Filters.of([LevelFilter("kind", ("b",)), RangeFilter("amount", 1, 2)])
    assert word_filters(filters, COLUMNS) == "Amount: 1 to 2 · Kind: b"


def test_decisions_of_two_models_are_worded_as_the_group_of_their_swap_set() -> None:
    def pair(first: tuple[float, bool], second: tuple[float, bool]) -> tuple[ModelDecision, ModelDecision]:
        return ModelDecision("champion", *first), ModelDecision("scorecard", *second)

    into = ModelsFilter(pair((0.0909, True), (0.0909, False)))
    assert word_condition(into, {}) == "Swapped in: scorecard approves at 9.09 %, champion declines"
    out = pair((0.0909, False), (0.12, True))
    assert word_decisions(out) == "Swapped out: scorecard declines at 12.0 %, champion approves at 9.09 %"
    assert word_decisions(pair((0.1, False), (0.1, False))).startswith("Approved by both: scorecard approves at 10.0 %")
    assert word_decisions(pair((0.1, True), (0.1, True))).startswith("Approved by neither: scorecard declines")
    three = (*into.decisions, ModelDecision("other", 0.2, is_declined=True))
    assert word_decisions(three) == (
        "champion declines at 9.09 %, scorecard approves at 9.09 %, other declines at 20.0 %"
    )

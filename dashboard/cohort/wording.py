"""A cohort's conditions in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashboard.cohort.filters import (
    Condition,
    DecisionFilter,
    Filters,
    LevelFilter,
    ModelDecision,
    ModelsFilter,
    RangeFilter,
)
from dashboard.words import labels
from data.predictions.table import CohortColumn


def word_filters(filters: Filters, columns: Mapping[str, CohortColumn]) -> str:
    """The conditions of `filters` in a few words, one after another."""
    return " · ".join(word_condition(condition, columns) for condition in filters.conditions)


def word_condition(condition: Condition, columns: Mapping[str, CohortColumn], *, is_brief: bool = True) -> str:
    """`condition` in words, such as `Income type: Pensioner`; only the first of many levels if `is_brief`."""
    if isinstance(condition, DecisionFilter):
        return " or ".join(kind.value for kind in condition.kinds).capitalize()
    if isinstance(condition, ModelsFilter):
        return word_decisions(condition.decisions)
    column = columns[condition.column]
    if isinstance(condition, LevelFilter):
        levels = [labels.level(column, level) for level in condition.levels]
        levels += [labels.gap(column)] if condition.with_missing else []
        worded = ", ".join(levels) if len(levels) <= 3 or not is_brief else f"{levels[0]} and {len(levels) - 1} more"
        return f"{column.label}: {worded}"
    beside = [labels.special(column, value) for value in condition.with_special]
    beside += [labels.MISSING if condition.beside_range and not beside else "missing"] * condition.with_missing
    return f"{column.label}: {' or '.join([*_word_range(column, condition), *beside])}"


def word_decisions(decisions: Sequence[ModelDecision]) -> str:
    """What models decide, such as `Swapped in: scorecard approves at 9.09 %, champion declines`.

    Of a pair, the first one is the model in force.
    """
    worded = [_word_decision(each) for each in decisions]
    if len({each.model for each in decisions}) != 2 or len(decisions) != 2:
        return ", ".join(worded)
    one, two = decisions
    if one.cutoff == two.cutoff:
        worded[0] = f"{one.model} {'declines' if one.is_declined else 'approves'}"
    group = {
        (True, False): "Swapped in",
        (False, True): "Swapped out",
        (False, False): "Approved by both",
        (True, True): "Approved by neither",
    }[one.is_declined, two.is_declined]
    return f"{group}: {worded[1]}, {worded[0]}"


def _word_decision(decision: ModelDecision) -> str:
    verb = "declines" if decision.is_declined else "approves"
    return f"{decision.model} {verb} at {labels.cutoff_percent(decision.cutoff)}"


def _word_range(column: CohortColumn, condition: RangeFilter) -> list[str]:
    if condition.beside_range:
        return []
    if condition.low is None and condition.high is None:
        return ["any value"]
    return [f"{labels.span(column, condition.low, condition.high)} {labels.scale(column).unit}".rstrip()]

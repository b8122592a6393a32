"""The bins of a model feature's values in words, in the order in which they are shown."""

from __future__ import annotations

import itertools

import numpy as np

from dashboard.words import labels
from dashboard.words.field_words import NO_YES, unit_words, word_level
from data.definition.columns import Column, Kind, Unit
from data.definition.definition import Definition
from inference.explain.contributions import BinKind, ExplainedFeature


def is_descending(feature: ExplainedFeature, definition: Definition) -> bool:
    """Whether bins are shown from the highest stored value down: days before the application, as years since."""
    return _is_days(definition.by_name.get(feature.name))


def _is_days(column: Column | None) -> bool:
    return column is not None and column.unit is Unit.DAYS_BEFORE


def feature_title(feature: ExplainedFeature, definition: Definition) -> str:
    """The feature's label, with the unit in which its values are shown."""
    column = definition.by_name.get(feature.name)
    unit = "" if column is None else unit_words(column, definition)
    return f"{feature.label} ({unit})" if unit else feature.label


def value_labels(feature: ExplainedFeature, definition: Definition) -> tuple[str, ...]:
    """Every bin in words, in the order shown; the last one is for a missing value."""
    bins, column = feature.bins, definition.by_name.get(feature.name)
    if bins.kind is BinKind.LEVELS:
        worded = (labels.literal(level) if column is None else word_level(column, level) for level in bins.levels)
        return (*worded, labels.MISSING)
    if column is not None and column.kind is Kind.FLAG:
        return (*(NO_YES[value > 0] for value in bins.numbers), labels.MISSING)
    shown = _worded(feature, is_days=_is_days(column))
    if bins.kind is BinKind.RANGES and bins.size > 1:
        inner = shown[1:-1]
        between = (f"{low} to {high}" for low, high in itertools.pairwise(inner))
        shown = (f"below {inner[0]}", *between, f"{inner[-1]} and more")
    elif bins.kind is BinKind.RANGES:
        shown = (f"{shown[0]} to {shown[-1]}",)
    return (*shown, labels.MISSING)


def boundary_labels(feature: ExplainedFeature, definition: Definition) -> tuple[str, ...]:
    """The boundaries between ranges of values, in the order shown; none where bins are single values or levels."""
    if feature.bins.kind is not BinKind.RANGES:
        return ()
    return _worded(feature, is_days=is_descending(feature, definition))[1:-1]


def _worded(feature: ExplainedFeature, *, is_days: bool) -> tuple[str, ...]:
    """The feature's numbers in the order and the unit shown, in as few digits as keep them distinct."""
    values = np.array(feature.bins.numbers)
    shown = values[::-1] / -labels.DAYS_PER_YEAR if is_days else values
    for digits in range(4, 8):
        words = tuple(labels.amount(labels.significant(float(value), digits) + 0.0) for value in shown)
        if len(set(words)) == len(words):
            break
    return words

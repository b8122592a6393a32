"""The bins of a model feature's values in words, in the order in which they are shown."""

from __future__ import annotations

import itertools

import numpy as np

from dashboard.words import labels
from data import schema
from data.schema import Kind, Unit
from inference.explain.contributions import BinKind, ExplainedFeature

NO_YES = ("No", "Yes")


def is_descending(feature: ExplainedFeature) -> bool:
    """Whether bins are shown from the highest stored value down: days before the application, as years since."""
    known = schema.BY_NAME.get(feature.name)
    return known is not None and known.unit is Unit.DAYS_BEFORE


def feature_title(feature: ExplainedFeature) -> str:
    """The feature's label, with the unit in which its values are shown."""
    known = schema.BY_NAME.get(feature.name)
    if known is None or known.unit is Unit.NONE:
        return feature.label
    return f"{feature.label} ({'years' if is_descending(feature) else known.unit})"


def value_labels(feature: ExplainedFeature) -> tuple[str, ...]:
    """Every bin in words, in the order shown; the last one is for a missing value."""
    bins = feature.bins
    if bins.kind is BinKind.LEVELS:
        return (*(labels.level(feature.name, level) for level in bins.levels), labels.MISSING)
    known = schema.BY_NAME.get(feature.name)
    if known is not None and known.kind is Kind.FLAG:
        return (*(NO_YES[value > 0] for value in bins.numbers), labels.MISSING)
    shown = _worded(feature)
    if bins.kind is BinKind.RANGES and bins.size > 1:
        inner = shown[1:-1]
        between = (f"{low} to {high}" for low, high in itertools.pairwise(inner))
        shown = (f"below {inner[0]}", *between, f"{inner[-1]} and more")
    elif bins.kind is BinKind.RANGES:
        shown = (f"{shown[0]} to {shown[-1]}",)
    return (*shown, labels.MISSING)


def boundary_labels(feature: ExplainedFeature) -> tuple[str, ...]:
    """The boundaries between ranges of values, in the order shown; none where bins are single values or levels."""
    return _worded(feature)[1:-1] if feature.bins.kind is BinKind.RANGES else ()


def _worded(feature: ExplainedFeature) -> tuple[str, ...]:
    """The feature's numbers in the order and the unit shown, in as few digits as tell them apart."""
    values = np.array(feature.bins.numbers)
    shown = values[::-1] / -labels.DAYS_PER_YEAR if is_descending(feature) else values
    for digits in range(4, 8):
        words = tuple(labels.amount(labels.significant(float(value), digits) + 0.0) for value in shown)
        if len(set(words)) == len(words):
            break
    return words

"""Reasons of a decision in words."""

from __future__ import annotations

from dashboard import labels
from dashboard.field_words import word_field
from data.schema import Column, Kind
from inference.reasons import JUST_APPROVED, Typical
from inference.values import Value

REASONS_METHOD = (
    f"The fields by which this application differs most from the {JUST_APPROVED:,} that the cutoff only just approves, "
    "by what they add to the log-odds."
)
# What would round to nothing is not said.
_FEW, _HALF = 0.005, 0.5


def word_typical(column: Column, typical: Typical) -> str:
    """What is typical: the middle half of a number, or the commonest level, and the shares of those without either."""
    parts = []
    if typical.level is not None:
        level = int(typical.level) if column.kind is Kind.FLAG else typical.level
        parts.append(f"{word_field(column, level)} ({labels.percent(typical.level_share, 0)})")
    elif typical.low is not None and typical.high is not None:
        ends = [_number(column, end) for end in (typical.low, typical.high)]
        # Days before the application are shown as years, which run the other way.
        ends.sort(key=abs)
        low, high = (word_field(column, end) for end in ends)
        parts.append(f"{low.removesuffix(' years')} to {high}" if low != high else low)
    if typical.sentinel_share > _FEW:
        parts.append(f"{column.sentinel_meaning} {labels.percent(typical.sentinel_share, 0)}")
    if typical.missing_share > _FEW:
        parts.append(f"{labels.MISSING.lower()} {labels.percent(typical.missing_share, 0)}")
    return ", ".join(parts) or labels.NOT_DEFINED


def is_typical(column: Column, value: Value, typical: Typical) -> bool:
    """Whether `value` is itself what is typical: the commonest level, in the middle half, missing in at least half."""
    if value is None:
        return typical.missing_share >= _HALF
    if value == column.sentinel:
        return typical.sentinel_share >= _HALF
    if typical.level is not None:
        return str(value) == typical.level
    if typical.low is None or typical.high is None or isinstance(value, str):
        return False
    return typical.low <= value <= typical.high


def _number(column: Column, value: float) -> float | int:
    return int(value) if column.dtype.is_integer() else value

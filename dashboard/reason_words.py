"""Reasons of a decision in words."""

from __future__ import annotations

from dashboard import labels
from dashboard.field_words import word_field
from data.schema import Column, Kind
from inference.reasons import JUST_APPROVED, Typical

REASONS_METHOD = (
    f"The fields by which this application differs most from the {JUST_APPROVED:,} that the cutoff only just approves, "
    "by what they add to the log-odds."
)
# What would round to nothing is not said.
_FEW = 0.005


def word_typical(column: Column, typical: Typical) -> str:
    """What is typical of the approved: the middle half of a number, or the commonest level."""
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


def _number(column: Column, value: float) -> float | int:
    return int(value) if column.dtype.is_integer() else value

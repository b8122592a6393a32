"""Reasons of a decision in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dashboard.words import labels
from dashboard.words.field_ranges import shown_factor
from dashboard.words.field_words import word_field, word_stated
from data.definition.columns import Column, Kind, Sensitivity
from data.definition.definition import Definition
from inference.explain.comparison import JUST_APPROVED, Typical
from inference.explain.reasons import COMBINATION, COMBINATION_LABEL, Reason
from inference.values import Value

REASONS_METHOD = (
    f"The fields by which this application differs most from the {JUST_APPROVED:,} that the cutoff only just approves, "
    "by what they add to the log-odds. Each has a value that is not typical of them. With the typical one instead, "
    "a reason to decline gives a lower PD; what keeps an application approved contradicts none of its other values."
)
SENSITIVE = "†"
SENSITIVE_NOTE = f"{SENSITIVE} A sensitive attribute: have it reviewed before it is given as a reason."
# Leave out what would round to nothing.
_FEW = 0.005


@dataclass(frozen=True, slots=True)
class WordedReason:
    """A reason in words: what it is called, this applicant's value, and what is typical of the just approved.

    `mark` is `SENSITIVE` where the attribute is sensitive, and else empty.
    """

    label: str
    value: str
    typical: str
    mark: str = ""


def word_reason(
    reason: Reason, definition: Definition, values: Mapping[str, Value], typical: Typical | None
) -> WordedReason:
    """A reason of the application with these `values`; `typical` is that of its field, if that is known."""
    if reason.field == COMBINATION:
        return WordedReason(COMBINATION_LABEL, labels.NOT_DEFINED, labels.NOT_DEFINED)
    column = definition.column(reason.field)
    words = labels.NOT_DEFINED if typical is None else word_typical(column, typical, definition)
    mark = SENSITIVE if column.sensitivity is Sensitivity.SENSITIVE else ""
    return WordedReason(column.label, word_stated(column, values.get(column.name), definition), words, mark)


def word_typical(column: Column, typical: Typical, definition: Definition) -> str:
    """What is typical: the middle half of a number, or the commonest level, and the shares of those without either."""
    parts = []
    if typical.level is not None:
        level = int(typical.level) if column.kind is Kind.FLAG else typical.level
        parts.append(f"{word_field(column, level)} ({labels.percent(typical.level_share, 0)})")
    elif typical.low is not None and typical.high is not None:
        ends = [_number(column, end) for end in (typical.low, typical.high)]
        # Days before the application are shown as years, which run the other way.
        ends.sort(key=lambda end: end * shown_factor(column))
        low, high = word_field(column, ends[0]), word_stated(column, ends[1], definition)
        same = word_stated(column, ends[0], definition) == high
        parts.append(high if same else f"{low.removesuffix(' years')} to {high}")
    for special, share in zip(column.special, typical.special_shares, strict=False):
        if share > _FEW:
            parts.append(f"{special.meaning} {labels.percent(share, 0)}")
    if typical.missing_share > _FEW:
        parts.append(f"{labels.MISSING.lower()} {labels.percent(typical.missing_share, 0)}")
    return ", ".join(parts) or labels.NOT_DEFINED


def _number(column: Column, value: float) -> float | int:
    return int(value) if column.dtype.is_integer() else value

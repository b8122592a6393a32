"""The end of a range as a person types it, and as it is written for them to type over."""

from __future__ import annotations

import math
import re
from typing import Self

from dashboard.words import labels
from data.definition.columns import Unit
from data.errors import ScoreroomError
from data.predictions.table import CohortColumn

_LONGEST_QUOTE = 30
# Thousands are abbreviated as in `dashboard.words.money`.
_NUMBER = re.compile(
    r"(?P<number>[+-]?(?:\d{1,3}(?:,\d{3})+|\d+|(?=\.\d))(?:\.\d*)?(?:e[+-]?\d{1,3})?) ?(?P<times>k|m|bn)?",
    re.IGNORECASE,
)
_TIMES = {"k": 1e3, "m": 1e6, "bn": 1e9}


class EndError(ScoreroomError):
    """Raised if a text is not the end of a range."""

    @classmethod
    def from_text(cls, text: str, column: CohortColumn) -> Self:
        quoted = text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"
        if column.is_date:
            return cls(f"“{quoted}” is not a date; write it as in 2024-03-31.")
        unit = labels.scale(column).unit
        return cls(f"“{quoted}” is not a number{f' of {unit}' if unit else ''}; write it as in 1,234.5 or 1.2 M.")

    @classmethod
    def from_order(cls, low: str, high: str) -> Self:
        return cls(f"No value lies between {low} and {high}; write the smaller end first.")


def read_end(text: str, column: CohortColumn) -> float | None:
    """The stored value that `text` says in the unit in which `column` is shown; None for an open end.

    A unit behind the number, separators of thousands and abbreviations such as `1.2 M` may stand there.

    Raises:
        EndError: the text is no number, or no date.
    """
    said = text.strip()
    if not said:
        return None
    try:
        return labels.read_day(said) if column.is_date else _read_number(said, column)
    except ValueError:
        raise EndError.from_text(said, column) from None


def _read_number(said: str, column: CohortColumn) -> float:
    scale = labels.scale(column)
    bare = re.sub(r"\s+", " ", said.replace("\u2212", "-"))
    for unit in (scale.unit, scale.unit.removesuffix("s")):
        bare = bare.removesuffix(unit).rstrip() if unit else bare
    parts = _NUMBER.fullmatch(bare)
    if parts is None:
        raise ValueError(said)
    number = float(parts["number"].replace(",", "")) * _TIMES.get((parts["times"] or "").lower(), 1.0)
    # 0.7 / 100 is the number next to 0.007: the end is the decimal that is written.
    stored = labels.significant(number / scale.factor, 12) + 0.0
    if not math.isfinite(stored):
        raise ValueError(said)
    return stored


def word_end(stored: float | None, column: CohortColumn) -> str:
    """A stored end in the unit in which `column` is shown, in as many digits as it takes; empty if it is open."""
    if stored is None:
        return ""
    if column.is_date:
        return labels.day(stored)
    shown = stored * labels.scale(column).factor
    # A day more or less says nothing of an age.
    shown = round(shown, 2) if column.unit is Unit.DAYS_BEFORE else labels.significant(shown, 12)
    return f"{shown + 0.0:,.12g}"

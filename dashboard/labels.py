"""Words and number formats that a person reads."""

from __future__ import annotations

import math
import re

from data import schema
from data.predictions import CohortColumn

DAYS_PER_YEAR = 365.25
MISSING = "Missing"
NOT_DEFINED = "–"


def plain(text: str) -> str:
    """`text` as Markdown that shows it letter by letter; for names and messages that come out of files."""
    # A number and its percent sign stay on one line.
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:^&=])", r"\\\1", re.sub(r"\s+", " ", text)).replace(" %", "\u00a0%")


def count(value: float) -> str:
    """A whole number with thousands separators."""
    return f"{value:,.0f}"


def plural(number: int, noun: str) -> str:
    """A whole number and its noun, which takes an s unless there is exactly one."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def percent(share: float | None, digits: int = 2) -> str:
    """A share of 0 to 1 as a percentage."""
    return NOT_DEFINED if share is None else f"{100 * share:.{digits}f} %"


def brief_percent(share: float) -> str:
    """A share of 0 to 1 as a percentage with two decimals below 10 %, one below 99.95 %, else none."""
    value = 100 * share
    return percent(share, 2 if value < 10 else 1 if value < 99.95 else 0)


def points(share: float, digits: int = 2) -> str:
    """A difference of shares in percentage points."""
    return f"{100 * share:.{digits}f} points"


def signed_points(share: float, digits: int = 2) -> str:
    """A difference of shares in percentage points, with its sign."""
    return f"{'+' if share >= 0 else '−'}{points(abs(share), digits)}"


def decimal(value: float | None, digits: int = 3) -> str:
    """A number with a fixed number of decimals."""
    return NOT_DEFINED if value is None else f"{value:.{digits}f}".replace("-", "−")


def interval(low: str, high: str) -> str:
    """Two worded ends as one range; a unit that both carry is said once."""
    unit = " %"
    if low.startswith("−"):
        # A dash between two numbers is easily taken for a sign.
        return f"{low} to {high}"
    return f"{low.removesuffix(unit)}–{high}" if high.endswith(unit) else f"{low}–{high}"


def money(amount: float | None) -> str:
    """An amount in currency units, shortened to three digits (k, M, bn)."""
    if amount is None:
        return NOT_DEFINED
    for size, suffix in ((1e9, " bn"), (1e6, " M"), (1e3, " k")):
        if abs(amount) >= size:
            scaled = amount / size
            return f"{scaled:.{max(0, 2 - int(math.log10(abs(scaled))))}f}{suffix}"
    return f"{amount:,.0f}"


def level(column: str, value: str) -> str:
    """A level of `column` in words; somebody else's column keeps its own."""
    known = schema.BY_NAME.get(column)
    return dict(known.level_labels).get(value, value) if known else value


def is_in_years(column: CohortColumn) -> bool:
    """Whether `column` is stored as days before the application and therefore shown in years."""
    known = schema.BY_NAME.get(column.name)
    return known is not None and known.unit == schema.Unit.DAYS_BEFORE


def years(days: float) -> float:
    """Years before the application, from days relative to it (negative before it)."""
    return -days / DAYS_PER_YEAR


def days(in_years: float) -> float:
    """Days relative to the application, from years before it."""
    return -in_years * DAYS_PER_YEAR

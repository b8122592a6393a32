"""What has changed since a reader's last look, in one sentence."""

from __future__ import annotations

import time
from collections.abc import Mapping

from dashboard.words import labels

# Of the figures that are shares, differences are told in points.
_POINTS = "%"


def unchanged(at: float) -> str:
    """That the table is the one that was seen first `at` this time (seconds of the epoch)."""
    return f"Unchanged since {date(at)}: the same applications, outcomes and PDs."


def changes(
    at: float, before: Mapping[str, float], now: Mapping[str, float], words: Mapping[str, tuple[str, str]]
) -> str:
    """By how much the figures `now` differ from those `before`, last seen `at`; empty where none can be compared.

    `words` are a figure's label and its unit ("%" for shares); of the others nothing is told.
    """
    told = [
        f"{label} {_difference(now[name] - before[name], unit)}"
        for name, (label, unit) in words.items()
        if name in now and name in before
    ]
    return f"Since {date(at)}: {', '.join(told)}." if told else ""


def _difference(difference: float, unit: str) -> str:
    if unit == _POINTS:
        return labels.signed_points(difference)
    return f"{difference:+.3f}".replace("-", "−")


def date(seconds: float) -> str:
    """A day as readers say it, with its year where that is another one."""
    day, today = time.localtime(seconds), time.localtime()
    if day[:3] == today[:3]:
        return f"{day.tm_hour:02}:{day.tm_min:02} today"
    year = "" if day.tm_year == today.tm_year else f" {day.tm_year}"
    return f"{day.tm_mday} {_MONTHS[day.tm_mon - 1]}{year}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

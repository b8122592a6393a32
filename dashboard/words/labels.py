"""Words and number formats that a person reads."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from data.definition.columns import Unit
from data.definition.units import amount_words
from data.predictions.table import PROBABILITY, CohortColumn, CohortKind

DAYS_PER_YEAR = 365.25
MISSING = "Missing"
# What an application without an outcome is called.
OPEN = "Open"
NOT_DEFINED = "–"
# Cutoffs have four decimals as percentages (see `data.predictions.scores.round_cutoff`).
_CUTOFF_DIGITS = 4
_MOST_DIGITS = 7
_FIRST_DAY = dt.date(1970, 1, 1)


# Invisible or controlling characters: controls, marks of writing direction, characters of no width.
# Joiners stay between letters beyond ASCII, where scripts and emoji need them.
_UNSHOWN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f"
    r"\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff"
    r"\U000e0000-\U000e0fff]"
    r"|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
)
# Words that Streamlit's Markdown remakes though they are escaped: addresses become links, names between colons
# pictures, arrows and comparisons that stand alone one sign.
_REMADE = re.compile(r"https?://|www\.|@|:material/|:[\w+-]+:|^(?:<->|->|<-|--|>=|<=|~=)$", re.IGNORECASE)
_SIGN = re.compile(r"[!-/:-@\[-`{-~]")
_MARKUP = re.compile(r"[\\`*_\[\]<>|~$:&]")
# What `plain` makes of code. Signs in spans of their own have no meaning inside code.
_CODE, _ESCAPED = re.compile(r"\\`((?:(?!:color\[)[^`])+?)\\`"), re.compile(r"\\(.)")


def literal(text: str) -> str:
    """`text` as it can be shown where nothing is markup; what has no shape or would turn the line becomes U+FFFD."""
    return _UNSHOWN.sub("\ufffd", text)


def plain(text: str) -> str:
    """`text` as Markdown that shows it letter by letter; for names and messages that come out of files.

    Only what Markdown would take for markup is escaped: a widget's accessible name is its label as it is given. In a
    word that Markdown would remake all the same, each sign is put into a span of its own, which has no style.
    """
    flat = re.sub(r"\s+", " ", literal(text)).strip()
    escaped = re.sub(r"\S+", lambda word: _plain_word(word[0]), flat)
    # What begins a line may begin a heading or a list. A number and its percent sign stay on one line.
    return re.sub(r"^(\d*)([#+\-.)])", r"\1\\\2", escaped).replace(" %", "\u00a0%")


def notice(text: str) -> str:
    """A sentence of the product's own as Markdown: what stands between backticks is code, all else `plain`."""
    return _CODE.sub(lambda code: "`" + _ESCAPED.sub(r"\1", code[1]) + "`", plain(text))


def _plain_word(word: str) -> str:
    return _SIGN.sub(r":color[\\\g<0>]{}", word) if _REMADE.search(word) else _MARKUP.sub(r"\\\g<0>", word)


def count(value: float) -> str:
    """A whole number with thousands separators."""
    return f"{value:,.0f}"


def plural(number: float, noun: str) -> str:
    """A whole number (a sum of weights to the nearest) and its noun, which takes an s unless there is exactly one."""
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def outcomes(n_defaults: int, n_open: int) -> str:
    """The defaults among applications, and where there are any those whose outcome is not known."""
    return plural(n_defaults, "default") + (f", {count(n_open)} open" if n_open else "")


def with_outcome(number: int, n_open: int) -> str:
    """So many applications, which are those with an outcome where others are open."""
    return plural(number, "application") + (" with an outcome" if n_open else "")


def decimals(percentage: float) -> int:
    """The decimals of a percentage: two, and below 0.1 % as many as show two digits of it, up to seven."""
    size = abs(percentage)
    return 2 if size >= 0.1 or not size else min(1 - math.floor(math.log10(size)), _MOST_DIGITS)


def column_decimals(percentages: Iterable[object]) -> int:
    """The decimals of a column of percentages: two, and up to four where its smallest value would be 0.00."""
    sizes = [abs(value) for value in percentages if isinstance(value, float) and value and math.isfinite(value)]
    return min(max(decimals(min(sizes, default=1.0)) - 1, 2), 4)


def percent(share: float | None, digits: int | None = None) -> str:
    """A share of 0 to 1 as a percentage, with as many decimals as its size takes unless `digits` are given."""
    if share is None:
        return NOT_DEFINED
    return f"{100 * share:.{decimals(100 * share) if digits is None else digits}f} %"


def typed_percent(share: float) -> str:
    """An assumption as it was typed, with the digits that it has."""
    return f"{round(100 * share, 6):g} %"


def telling_digits(one: float, other: float) -> int:
    """The fewest decimals, from two on, with which two different shares are different percentages."""
    for digits in range(2, _MOST_DIGITS):
        if one == other or percent(one, digits) != percent(other, digits):
            return digits
    return _MOST_DIGITS


def brief_percent(share: float) -> str:
    """A share of 0 to 1 as a percentage: one decimal from 10 %, none from 99.95 %, below 10 % those of `percent`."""
    value = 100 * share
    return percent(share, None if value < 10 else 1 if value < 99.95 else 0)


def placed_percent(share: float) -> str:
    """The share of others that one lies above: whole percents, but neither end unless it is reached."""
    return percent(share, 0 if share in (0, 1) or 0.005 <= share < 0.995 else 2)


def told_apart(one: float, other: float) -> tuple[str, str]:
    """Two shares as brief percentages, with more decimals where they would read alike though they differ."""
    words = brief_percent(one), brief_percent(other)
    if words[0] != words[1] or one == other:
        return words
    digits = telling_digits(one, other)
    return percent(one, digits), percent(other, digits)


def by_chance(n_intervals: int) -> str:
    """How many of so many 95 % intervals miss the truth by chance alone."""
    return amount(significant(0.05 * n_intervals, 2))


def cutoff_percent(cutoff: float, least: int | None = None) -> str:
    """A cutoff as a percentage that loses no digit of it; it has `least` decimals or more, by default a few."""
    value = 100 * cutoff
    first = (2 if value < 10 else 1 if value < 99.95 else 0) if least is None else least
    digits = next((n for n in range(first, _CUTOFF_DIGITS) if abs(round(value, n) - value) < 1e-9), _CUTOFF_DIGITS)
    return percent(cutoff, digits)


def points(share: float, digits: int = 2) -> str:
    """A difference of shares in percentage points."""
    return f"{100 * share:.{digits}f} points"


def signed_points(share: float, digits: int = 2) -> str:
    """A difference of shares in percentage points, with its sign."""
    return f"{'−' if round(100 * share, digits) < 0 else '+'}{points(abs(share), digits)}"


def decimal(value: float | None, digits: int = 3) -> str:
    """A number with a fixed number of decimals."""
    # Adding 0 removes the sign of a zero, also after rounding.
    return NOT_DEFINED if value is None else f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def odds(log_odds: float) -> str:
    """A difference of log-odds as the factor by which the odds are multiplied."""
    return f"×\u00a0{math.exp(log_odds):.2f}"


def interval(low: str, high: str) -> str:
    """Two worded ends as one range, with a common unit given once."""
    unit = " %"
    if low.startswith("−"):
        # A dash between two numbers could be mistaken for a sign.
        return f"{low} to {high}"
    return f"{low.removesuffix(unit)}–{high}" if high.endswith(unit) else f"{low}–{high}"


class Labelled(Protocol):
    """A column, of applications or of predictions, that may have words for its levels."""

    @property
    def level_labels(self) -> tuple[tuple[str, str], ...]:
        """Pairs of a level and its words."""


def level(column: Labelled, value: str) -> str:
    """A level of `column` in words; one without words is shown as it is stored, as far as it can be."""
    return literal(dict(column.level_labels).get(value, value))


def gap(column: CohortColumn) -> str:
    """What a missing value of `column` is called, apart from any of its levels."""
    taken = {level(column, each).casefold() for each in column.levels}
    return next(words for words in (MISSING, "No value", "No value in the file") if words.casefold() not in taken)


def special(column: CohortColumn, value: float, *, with_code: bool = False) -> str:
    """The meaning of a special value of `column`, with the value itself where two have one meaning or if asked."""
    meanings = [each.meaning for each in column.special]
    meaning = next(each for each in column.special if each.value == value)
    is_alone = meanings.count(meaning.meaning) == 1 and not with_code
    return literal(meaning.meaning if is_alone else f"{meaning.meaning} ({value:.15g})")


@dataclass(frozen=True, slots=True)
class Scale:
    """How a column's stored values are shown: times `factor`, followed by `unit`."""

    factor: float = 1.0
    unit: str = ""


_PLAIN, _YEARS, _PERCENT = Scale(), Scale(-1 / DAYS_PER_YEAR, "years"), Scale(100.0, "%")


def scale(column: CohortColumn) -> Scale:
    """How `column` is shown: days before the application as years, a PD as a percentage, all else as it is stored.

    Amounts carry the portfolio's currency, where that is known.
    """
    if column.name == PROBABILITY:
        return _PERCENT
    if column.kind is CohortKind.LEVELS:
        return _PLAIN
    if column.unit is Unit.DAYS_BEFORE:
        return _YEARS
    return Scale(unit=literal(amount_words(column.unit, column.currency)))


def column_title(column: CohortColumn) -> str:
    """The column's label, with the unit in which it is shown."""
    unit, label = scale(column).unit, literal(column.label)
    return f"{label} ({unit})" if unit else label


def distinct(names: Mapping[str, str], word: str = "") -> dict[str, str]:
    """The labels of a choice by key; one that is taken gets `word`, or else its key, in brackets behind it.

    A choice is sent as its label, so labels must differ. The screen's own keys, which begin with a
    tilde, keep their labels; among the others the first does.
    """
    labelled: dict[str, str] = {}
    for key in sorted(names, key=lambda key: not key.startswith("~")):
        label = literal(names[key])
        while label in labelled.values():
            label += f" ({word or literal(key)})"
        labelled[key] = label
    return {key: labelled[key] for key in names}


def significant(value: float, digits: int) -> float:
    """`value` to that many significant digits."""
    return float(f"{value:.{digits}g}")


def quantity(column: CohortColumn, value: float) -> str:
    """A stored value of `column` in the unit in which it is shown, the unit itself left to the column's title."""
    shown = scale(column)
    if column.is_date:
        return day(value)
    if f"{value:g}" in dict(column.level_labels):
        return level(column, f"{value:g}")
    # A day more or less says nothing of an age.
    return amount(years(value * shown.factor) if shown is _YEARS else value * shown.factor)


def day(days: float) -> str:
    """The date so many days after 1970-01-01, as ISO 8601 writes it."""
    return (_FIRST_DAY + dt.timedelta(days=days)).isoformat()


def read_day(text: str) -> float:
    """The days from 1970-01-01 to a date that is written as `day` writes it.

    Raises:
        ValueError: the text is no such date.
    """
    return float((dt.date.fromisoformat(text.strip()) - _FIRST_DAY).days)


def years(value: float) -> float:
    """Years as they are shown: three digits, and none beyond the hundredth, which is four days."""
    return round(significant(value, 3), 2) + 0.0


def amount(value: float) -> str:
    """A number in as few digits as it takes: whole and with separators from 1,000 on, else up to four of them."""
    if abs(value) >= 1e6:
        return f"{value / 1e6:,.4g} M".replace("-", "−")
    return (f"{value:,.0f}" if abs(value) >= 1_000 else f"{value + 0.0:.4g}").replace("-", "−")


def span(column: CohortColumn, low: float | None, high: float | None) -> str:
    """A range of stored values in words; an end that is None is open, and shown ends are in rising order."""
    ends = [None if end is None else quantity(column, end) for end in (low, high)]
    first, last = reversed(ends) if scale(column).factor < 0 else ends
    if first == last and first is not None:
        return first
    if first is None or last is None:
        up_to, and_more = ("until {}", "{} and later") if column.is_date else ("below {}", "{} and more")
        return "any" if first == last else and_more.format(first) if last is None else up_to.format(last)
    return f"{first} to {last}"

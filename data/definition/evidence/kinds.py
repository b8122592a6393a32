"""What a single column of a stranger's table holds: kind, range, levels, special codes, unit; each with the reason."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from data.definition.errors import number_words
from data.definition.evidence import vocabulary as words
from data.definition.evidence.codes import codes_among
from data.definition.evidence.roles import is_amount
from data.definition.evidence.summaries import Summary
from data.definition.shapes import LARGEST
from data.reading.dates import FORMS

MOST_LEVELS = 256
# Codes are few, small and not negative; a name such as "type" or "status" makes them levels.
_MOST_CODES, _LARGEST_CODE, _FEW_CODES = 15, 99, 7
_MOSTLY, _DIFFERING = 0.5, 0.1
_NEARLY_ALL = 0.9
_FEW = 100
_OLDEST = 120
_LONGEST_LEVEL = 200
_LARGEST = 1e17


@dataclass
class ColumnGuess:
    """The entry of a column in a definition, why it looks so, and whether a person should look at it.

    `left_out` is why the column is not read at all, `no_feature` why a model does not see it; empty where it is.
    """

    name: str
    entry: dict[str, Any] = field(default_factory=dict)
    why: list[str] = field(default_factory=list)
    sure: bool = True
    left_out: str = ""
    no_feature: str = ""

    @property
    def kind(self) -> str:
        """The kind in the words of a definition; empty where a role says it."""
        return str(self.entry.get("kind", ""))

    def doubt(self, reason: str) -> None:
        """Note something that a person should check."""
        self.why.append(reason)
        self.sure = False


def guess_column(summary: Summary, said: Mapping[str, Any], groups: Mapping[str, str]) -> ColumnGuess:
    """The guess for one column that has no role; what `said` says of it is kept."""
    name = summary.name
    guess = ColumnGuess(name)
    if not said and (reason := why_left_out(summary)):
        guess.left_out = reason
        # Whatever could tell a model something is left out only until somebody has looked.
        guess.sure = summary.n_distinct < 2 or reason.startswith("names a person")
        return guess
    guess.entry = {"label": words.label_of(name)[:200]}
    if name in groups:
        guess.entry["group"] = groups[name]
    kind = said.get("kind") or _kind(summary, guess)
    guess.entry["kind"] = kind
    if kind == "numeric":
        _describe_number(summary, guess, said)
    elif kind == "category" and "levels" not in said:
        _describe_levels(summary, guess)
    if summary.n_missing:
        guess.entry["nullable"] = True
    if by := "name" if words.has_word(name, words.PROTECTED) else "values" if _says_protected(summary) else "":
        guess.entry["sensitivity"] = "protected"
        guess.no_feature = f"protected by its {by}, so no model may see it; cohorts can still be cut by it"
    elif words.has_word(name, words.SENSITIVE):
        guess.entry["sensitivity"] = "sensitive"
    if kind in ("id", "date"):
        guess.no_feature = guess.no_feature or f"of kind {kind}"
    elif kind != "id":
        guess.entry["cohort"] = True
    if summary.is_row_number:
        guess.no_feature = guess.no_feature or "counts the rows"
    if summary.n_distinct == 1 and not summary.n_missing:
        guess.no_feature = guess.no_feature or "one value in every row"
    guess.entry.update(said)
    if said.get("sensitivity", "protected") != "protected" and guess.no_feature.startswith("protected"):
        guess.no_feature = ""
    if said.get("sensitivity") == "protected":
        guess.no_feature = "protected, as said"
    return guess


def group_names(names: Sequence[str]) -> dict[str, str]:
    """A group for columns of one family: three or more that are called alike up to a number, such as BILL_AMT1 to 6."""
    families: dict[str, list[str]] = {}
    for name in names:
        found = words.words_of(name)
        if found and found[-1].isdigit() and len(found) > 1:
            families.setdefault(" ".join(found[:-1]), []).append(name)
    kept = {stem: members for stem, members in families.items() if len(members) > 2 and not stem.startswith("column")}
    return {name: (stem[0].upper() + stem[1:])[:60] for stem, members in kept.items() for name in members}


def why_left_out(summary: Summary) -> str:
    """Why a column cannot or should not be read, by its own name and cells; empty where it can."""
    if summary.name.startswith("~"):
        return "its name begins with ~; rename it in the file to read it"
    if not summary.n_given:
        return "no value in any row"
    if (
        words.has_word(summary.name, words.PERSONS - {"name", "ip", "address"})
        or words.plain(summary.name) in words.PERSONS
    ):
        return "names a person, by its own name"
    if any(len(level) > _LONGEST_LEVEL or not level.isprintable() for level in list(summary.counts)[:MOST_LEVELS]):
        return "texts that are long or hold signs that cannot be printed"
    rival = FORMS[summary.date_format].rival if summary.date_format else ""
    if rival and not FORMS[rival].read(summary.text.drop_nulls()).null_count():
        return "dates of which nothing tells whether day or month comes first; write year-month-day to read it"
    if summary.numbers is not None or summary.date_format:
        if summary.given.size and max(abs(summary.given[0]), abs(summary.given[-1])) > _LARGEST:
            return "numbers of more digits than a quantity has"
        if summary.has_whole_text and summary.n_distinct > _DIFFERING * summary.n_given and _is_called_id(summary.name):
            return "identifies something and is no quantity"
        return ""
    if summary.n_distinct == 1:
        return "one value in every row"
    if summary.share(words.E_MAIL) > _MOSTLY or summary.share(words.PHONE) > _NEARLY_ALL:
        return "names a person, by its values"
    for pattern, what in (
        (words.PERCENT, "numbers with a percent sign"),
        (words.MONEY, "amounts with a currency sign"),
        (words.THOUSANDS, "numbers with commas between thousands"),
        (words.DECIMAL_COMMA, "numbers with a decimal comma"),
    ):
        # Plain numbers among texts have the last shape, too.
        if summary.share(pattern) > _NEARLY_ALL and summary.share(r"[,%\p{Sc}]|[A-Z]{3}"):
            return f"{what}; write plain numbers such as 1234.5 into the file to read it"
    if summary.odd_texts and summary.n_distinct > MOST_LEVELS:
        return f"numbers, but for {_odd(summary)}; add such a text to missing in [table] to read the numbers"
    if summary.n_distinct > MOST_LEVELS:
        return f"text of {summary.n_distinct:,} different values; at most {MOST_LEVELS} make a category"
    if summary.n_distinct > _MOSTLY * summary.n_given and summary.n_given > _FEW:
        return "text that differs from row to row, or names a person"
    return ""


def _says_protected(summary: Summary) -> bool:
    if summary.numbers is not None or summary.n_distinct > MOST_LEVELS:
        return False
    told = [words.PROTECTED_CELLS.search(level.lower()) for level in summary.counts]
    return sum(map(bool, told)) > _MOSTLY * len(told)


def _rows(n: int) -> str:
    return f"{n:,} row{'' if n == 1 else 's'}"


def _odd(summary: Summary) -> str:
    return ", ".join(f"{text[:40]!r} in {_rows(summary.counts[text])}" for text in summary.odd_texts[:3])


def _is_called_id(name: str) -> bool:
    found = words.words_of(name)
    return bool(found) and (found[-1] in ("id", "key", "uuid", "guid", "nr") or found[0] in ("id", "key"))


def _kind(summary: Summary, guess: ColumnGuess) -> str:
    if summary.date_format:
        guess.why.append(f"dates such as {summary.text.drop_nulls()[0]}")
        if summary.date_format.endswith("%y"):
            guess.doubt("years of two digits: 69 to 99 are taken for 1969 to 1999, others for 2000 to 2068")
        return "date"
    if summary.numbers is None:
        guess.why.append(f"text of {summary.n_distinct} values")
        if summary.odd_texts:
            guess.doubt(f"numbers, but for {_odd(summary)}: if that is a gap, add it to missing in [table]")
        return "category"
    distinct = summary.n_distinct
    if set(summary.counts) <= {"0", "1"}:
        guess.why.append("0 and 1" if len(summary.counts) == 2 else f"only {next(iter(summary.counts))}")
        return "flag"
    low, high = summary.given[0], summary.given[-1]
    is_code = summary.is_whole and 2 <= distinct <= _MOST_CODES and low >= 0 and high <= _LARGEST_CODE
    is_called_code = words.has_word(summary.name, words.CODES)
    if is_code and is_called_code and not words.has_word(summary.name, words.COUNTS | words.MEASURES):
        guess.why.append(f"{distinct} whole numbers, codes by the column's name")
        if low == 0 and distinct > _FEW_CODES and high == distinct - 1:
            guess.doubt('every number from 0 on: if it is a count, write kind = "numeric"')
        return "category"
    guess.why.append("whole numbers" if summary.is_whole else "decimal numbers")
    if summary.is_whole and distinct <= _MOST_CODES:
        what = "states in an order" if low < 0 else "a count, an order or codes"
        guess.doubt(f"{distinct} different ones from {number_words(low)} to {number_words(high)}: {what}")
    elif summary.is_whole and words.has_word(summary.name, words.LONG_CODES):
        guess.doubt(
            "codes by the column's name, which a model puts in an order; take it out of the features if they are"
        )
    if summary.has_padding:
        guess.doubt('some have leading zeros: if they are codes, write kind = "category"')
    return "numeric"


def _describe_levels(summary: Summary, guess: ColumnGuess) -> None:
    guess.entry["levels"] = summary.values()
    rare = [level for level, n in summary.counts.items() if n < 10]
    if rare:
        guess.why.append(f"{len(rare)} of the levels in fewer than 10 rows")
    if summary.n_distinct > _FEW:
        guess.doubt("many levels; a later file may bring others")


def _describe_number(summary: Summary, guess: ColumnGuess, said: Mapping[str, Any]) -> None:
    entry = guess.entry
    special = {float(key) for key in said["special"]} if "special" in said else set(special_codes(summary))
    if special and "special" not in said:
        entry["special"] = {
            f"{value:g}" if abs(value) < 1e6 else f"{value:.0f}": "special code" for value in sorted(special)
        }
        shown = ", ".join(f"{value:.0f} in {_rows((summary.given == value).sum())}" for value in sorted(special))
        guess.doubt(f"special codes far from the other values, or of a usual shape, whose meaning to write: {shown}")
    values = summary.given[~np.isin(summary.given, list(special))]
    if not values.size:
        return
    if summary.is_whole:
        entry["whole"] = True
    low, high = float(values[0]), float(values[-1])
    unit = _unit(summary, low, high)
    if unit:
        entry["unit"] = unit
    elif words.has_word(summary.name, words.AGES) and high > _OLDEST >= values[values.size // 2]:
        guess.doubt(f"ages above {_OLDEST} in {_rows((values > _OLDEST).sum())}")
    minimum, maximum = _bounds(low, high, unit)
    whole = summary.is_whole
    entry["minimum"], entry["maximum"] = (int(minimum), int(maximum)) if whole else (minimum, maximum)
    guess.why.append(f"seen from {number_words(low)} to {number_words(high)}")
    if infinite := [gap for gap in summary.gaps if gap.lower() in words.INFINITE]:
        guess.doubt(f"{', '.join(infinite)} is read as missing")


def special_codes(summary: Summary) -> list[float]:
    """`codes_among` the numbers of a column."""
    return codes_among(pl.Series(summary.given))


def _unit(summary: Summary, low: float, high: float) -> str:
    name = summary.name
    if words.has_word(name, words.AGES) and low >= 0 and high <= _OLDEST:
        return "years"
    if is_amount(summary):
        return "currency a year" if words.has_word(name, words.A_YEAR) else "currency"
    if words.has_word(name, words.PEOPLE) and summary.is_whole and low >= 0:
        return "people"
    if words.has_word(name, words.COUNTS) and summary.is_whole and low >= 0:
        return "count"
    if words.has_word(name, words.SHARES) and low >= 0 and high <= 1 and not summary.is_whole:
        return "share"
    return ""


def _bounds(low: float, high: float, unit: str) -> tuple[float, float]:
    """Round bounds generous enough for a later file."""
    if unit == "years":
        return 0, _OLDEST
    if unit == "share" or (low >= 0 and high <= 1):
        return 0, 1
    largest = max(abs(low), abs(high))
    end = min(_round_up(2 * min(largest, LARGEST)), LARGEST)
    return (0 if low >= 0 else -end), (0 if high <= 0 and low < 0 else end)


def _round_up(value: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50 ... at or above `value`."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= value * (1 - 1e-12))

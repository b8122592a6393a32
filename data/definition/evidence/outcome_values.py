"""Which values of a column say a default and which say none, by its name and the values themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from data.definition.evidence import vocabulary as words

# A majority of so many standard errors is no accident.
_CLEAR = 2.0


@dataclass(frozen=True, slots=True)
class OutcomeValues:
    """Bad and good values; `points` is how much they speak for being an outcome.

    `sure` unless name and values leave open which is bad; `by_words` where the values alone say what happened. Values
    that are neither are open.
    """

    bad: tuple[str, ...]
    good: tuple[str, ...]
    points: float
    sure: bool
    by_words: bool = False


def outcome_values(column: str, counts: Mapping[str, int]) -> OutcomeValues | None:
    """What the values of `column` say, given how often each occurs, the most frequent first; None if nothing."""
    name, values = words.plain(column), list(counts)
    doubtful: tuple[str, ...] = ()
    folded = {value: value.lower().strip() for value in values}
    if {*folded.values()} == {"g", "b"}:
        bad, good = (tuple(v for v in values if folded[v] == end) for end in ("b", "g"))
    else:
        ends = {value: _end_of(folded[value]) for value in values}
        bad, good, doubtful = (tuple(v for v in values if ends[v] == end) for end in ("bad", "good", "doubtful"))
    if doubtful and bool(bad) != bool(good) and len(values) == 2:
        return OutcomeValues(bad or doubtful, good or doubtful, 3, sure=False)
    if bad and good:
        return OutcomeValues(bad, good, 3, sure=not doubtful, by_words=not doubtful)
    return _yes_or_no(name, counts, folded) or (_two_values(values, {*folded.values()}) if len(values) == 2 else None)


def is_mostly_yes(counts: Mapping[str, int]) -> bool:
    """Whether more say yes than no, by more than chance may bring: an event that a model predicts is rarer."""
    n_yes, n_no = (
        sum(n for value, n in counts.items() if value.lower().strip() in texts) for texts in (words.YES, words.NO)
    )
    return n_yes - n_no > _CLEAR * sqrt(n_yes + n_no)


def _end_of(text: str) -> str:
    """Which end of a loan the words of a value say: "bad", "good", "doubtful" if something turns them, or ""."""
    for end, pattern in (("good", words.GOOD_CELLS), ("bad", words.BAD_CELLS)):
        if (found := pattern.search(text)) is not None:
            # Of the sentence with the word only: "Does not meet the credit policy. Status: Fully Paid".
            before, after = re.split(r"[.:;]", text[: found.start()])[-1], text[found.end() :]
            is_turned = words.NEGATED.search(before) or words.NEGATED.search(after)
            return "doubtful" if is_turned else end
    return ""


def _yes_or_no(name: str, counts: Mapping[str, int], folded: Mapping[str, str]) -> OutcomeValues | None:
    """Values of which some say yes and some say no, or all say one of them; words that are neither are open."""
    yes = tuple(value for value, text in folded.items() if text in words.YES)
    no = tuple(value for value, text in folded.items() if text in words.NO)
    others = [text for text in folded.values() if text not in words.YES | words.NO]
    if not (yes or no) or any(words.is_number(text) for text in others) or (others and not (yes and no)):
        return None
    points = 2 if {*folded.values()} == {"0", "1"} else 1
    said, is_event = words.outcome_said(name), name in words.EVENTS or "target" in name
    if said == "bad":
        return OutcomeValues(yes, no, points, sure=True)
    if said == "good":
        return OutcomeValues(no, yes, points, sure=False)
    if is_event or {*folded.values()} <= {"0", "1"}:
        return OutcomeValues(yes, no, points, sure=is_event and not said and not is_mostly_yes(counts))
    return None


def _two_values(values: list[str], texts: set[str]) -> OutcomeValues:
    for known, bad in (({"1", "2"}, "2"), ({"+", "-"}, "-")):
        if texts == known:
            ends = sorted(values, key=lambda value: value.strip() != bad)
            return OutcomeValues((ends[0],), (ends[1],), 1, sure=False)
    # Defaults are rarer than repayments nearly everywhere.
    return OutcomeValues((values[1],), (values[0],), 0, sure=False)

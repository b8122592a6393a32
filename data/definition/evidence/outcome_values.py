"""Which values of a column say a default and which say none, by its name and the values themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data.definition.evidence import vocabulary as words


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
    folded = {value: value.lower().strip() for value in values}
    if {*folded.values()} == {"g", "b"}:
        bad, good = (tuple(v for v in values if folded[v] == end) for end in ("b", "g"))
    else:
        good = tuple(value for value in values if words.GOOD_CELLS.search(folded[value]))
        bad = tuple(value for value in values if words.BAD_CELLS.search(folded[value]) and value not in good)
    if bad and good:
        return OutcomeValues(bad, good, 3, sure=True, by_words=True)
    return _yes_or_no(name, folded) or (_two_values(values, {*folded.values()}) if len(values) == 2 else None)


def _yes_or_no(name: str, folded: Mapping[str, str]) -> OutcomeValues | None:
    """Values of which some say yes and some say no, or all say one of them; words that are neither are open."""
    yes = tuple(value for value, text in folded.items() if text in words.YES)
    no = tuple(value for value, text in folded.items() if text in words.NO)
    others = [text for text in folded.values() if text not in words.YES | words.NO]
    if not (yes or no) or any(words.is_number(text) for text in others) or (others and not (yes and no)):
        return None
    points = 2 if {*folded.values()} == {"0", "1"} else 1
    if words.SAYS_BAD.search(name):
        return OutcomeValues(yes, no, points, sure=True)
    if words.SAYS_GOOD.search(name):
        return OutcomeValues(no, yes, points, sure=False)
    if name in words.EVENTS or {*folded.values()} <= {"0", "1"}:
        return OutcomeValues(yes, no, points, sure=name in words.EVENTS)
    return None


def _two_values(values: list[str], texts: set[str]) -> OutcomeValues:
    for known, bad in (({"1", "2"}, "2"), ({"+", "-"}, "-")):
        if texts == known:
            ends = sorted(values, key=lambda value: value.strip() != bad)
            return OutcomeValues((ends[0],), (ends[1],), 1, sure=False)
    # Defaults are rarer than repayments nearly everywhere.
    return OutcomeValues((values[1],), (values[0],), 0, sure=False)

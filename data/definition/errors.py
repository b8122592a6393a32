"""Errors in a definition: one sentence on where, what, and what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from data.errors import ScoreroomError

_MOST_SHOWN = 60
_MOST_LISTED = 8
# Doubles count whole numbers exactly up to about here.
_LARGEST_WHOLE = 1e15


class DefinitionError(ScoreroomError):
    """A portfolio's definition is invalid."""


@dataclass(frozen=True, slots=True)
class Place:
    """A key of a definition, for messages: the file and the way down to it."""

    file: Path
    keys: tuple[str, ...] = ()

    def __truediv__(self, key: str | int) -> Place:
        """The place of `key` below this one; a number is counted from 1."""
        return Place(self.file, (*self.keys, shown(key) if isinstance(key, str) else f"number {key}"))

    def error(self, problem: str, fix: str) -> DefinitionError:
        """An error that names this place, the problem and the fix."""
        at = f" {'.'.join(self.keys)}" if self.keys else " the definition"
        return DefinitionError(f"{self.file}:{at} {problem}; {fix}.")


def shown(text: str) -> str:
    """Untrusted text, made printable and shortened so that it fits into a sentence."""
    line = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text[: _MOST_SHOWN + 1])
    return line if len(line) <= _MOST_SHOWN else line[: _MOST_SHOWN - 1] + "\u2026"


def number_words(value: float) -> str:
    """A number as a sentence has it: `2,000,000`, never `2e+06`; six digits of what is not whole."""
    is_whole = float(value).is_integer() and abs(value) < _LARGEST_WHOLE
    return f"{value:,.0f}" if is_whole else f"{value:,.6g}"


def nearest(name: str, known: Iterable[str], most: int = _MOST_LISTED) -> str:
    """List `known` for a sentence, the names most similar to `name` first; "none" if it is empty."""
    names = list(dict.fromkeys(known))
    # Comparing long names is slow, and nobody mistypes a name of that length.
    close = difflib.get_close_matches(name[:_MOST_SHOWN], [each[:_MOST_SHOWN] for each in names], n=3, cutoff=0.6)
    first = [each for each in names if each[:_MOST_SHOWN] in close]
    first.sort(key=lambda each: close.index(each[:_MOST_SHOWN]))
    listed = [*first, *(each for each in names if each not in first)]
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return (", ".join(shown(each) for each in listed[:most]) or "none") + more

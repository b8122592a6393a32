"""Find an application: by the beginning of its id, at random, near the cutoff, or first in the cohort."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

Identifier: TypeAlias = int | str
"""The id of an application: a whole number or a text, as in the table's id column."""

# How many applications near the cutoff one is drawn from.
BORDERLINE = 25
# Every number of this many digits fits into an Int64.
_LONGEST_NUMBER = 18
_NUMBER = re.compile(rf"[0-9]{{1,{_LONGEST_NUMBER}}}", re.ASCII)


class Pick(StrEnum):
    """A way to choose one application of a cohort."""

    RANDOM = "Random"
    BORDERLINE = "Borderline"
    FIRST = "First"


def sorted_ids(ids: pl.Series) -> pl.Series:
    """The ids of a table in ascending order, as Int64 or String, for the other functions to search."""
    plain = ids.cast(pl.Int64 if ids.dtype.is_integer() else pl.String)
    return plain if plain.is_sorted() else plain.sort()


def read_identifier(ids: pl.Series, text: str) -> Identifier | None:
    """The id that `text` stands for among `ids`, whether they have it or not; None if they cannot have it."""
    if not ids.dtype.is_integer():
        return text
    return int(text) if _NUMBER.fullmatch(text) else None


def has_id(ids: pl.Series, identifier: Identifier) -> bool:
    """Whether the ascending `ids` hold `identifier`, which is of their type."""
    place = int(ids.search_sorted(identifier))
    return place < len(ids) and bool(ids[place] == identifier)


def ids_beginning_with(ids: pl.Series, prefix: str, n: int) -> tuple[Identifier, ...]:
    """The first `n` of the ascending `ids` that begin with `prefix`; of numbers the shorter ones first."""
    if ids.dtype.is_integer():
        return _numbers_beginning_with(ids.to_numpy(), prefix, n)
    return tuple(ids.filter(ids.str.starts_with(prefix)).head(n)) if prefix else ()


def _numbers_beginning_with(ids: NDArray[np.int64], prefix: str, n: int) -> tuple[int, ...]:
    matching: list[int] = []
    if prefix.isascii() and prefix.isdecimal() and not prefix.startswith("0"):
        for more in range(_LONGEST_NUMBER - len(prefix) + 1):
            low = int(prefix) * 10**more
            first, last = np.searchsorted(ids, [low, low + 10**more])
            matching += ids[first : min(last, first + n)].tolist()
    return tuple(matching[:n])


def pick_row(
    pick: Pick, rows: Sequence[int] | NDArray[Any], pds: NDArray[Any], cutoff: float, *, current: int | None = None
) -> int | None:
    """Pick one of `rows` (positions in `pds`), other than `current` if possible; None if there are no rows."""
    chosen = np.asarray(rows)
    if pick is Pick.FIRST:
        return int(chosen[0]) if chosen.size else None
    if pick is Pick.BORDERLINE and chosen.size > BORDERLINE:
        distance = np.abs(pds[chosen].astype(np.float64) - cutoff)
        chosen = chosen[np.argpartition(distance, BORDERLINE - 1)[:BORDERLINE]]
    others = chosen[chosen != current] if current is not None and chosen.size > 1 else chosen
    # A draw for the eye, not a secret.
    return int(random.choice(others)) if others.size else None  # noqa: S311

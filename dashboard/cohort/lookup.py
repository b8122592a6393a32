"""Finding an application: by the beginning of its number, at random, near the cutoff, first of a cohort."""

from __future__ import annotations

import random
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

# How many applications near the cutoff one is drawn from.
BORDERLINE = 25
_LONGEST_NUMBER = 10


class Pick(StrEnum):
    """A way to choose one application of a cohort."""

    RANDOM = "Random"
    BORDERLINE = "Borderline"
    FIRST = "First"


def numbers_beginning_with(ids: NDArray[np.int64], prefix: str, n: int) -> tuple[int, ...]:
    """The first `n` of the ascending `ids` that begin with these digits, shorter numbers first."""
    found: list[int] = []
    if prefix.isascii() and prefix.isdecimal() and not prefix.startswith("0"):
        for more in range(_LONGEST_NUMBER - len(prefix) + 1):
            low = int(prefix) * 10**more
            first, last = np.searchsorted(ids, [low, low + 10**more])
            found += ids[first : min(last, first + n)].tolist()
    return tuple(found[:n])


def pick_row(
    pick: Pick, rows: Sequence[int] | NDArray[Any], pds: NDArray[Any], cutoff: float, *, current: int | None = None
) -> int | None:
    """One of `rows`, positions in `pds`; another one than `current` where there is one, None where there is none."""
    chosen = np.asarray(rows)
    if pick is Pick.FIRST:
        return int(chosen[0]) if chosen.size else None
    if pick is Pick.BORDERLINE and chosen.size > BORDERLINE:
        distance = np.abs(pds[chosen].astype(np.float64) - cutoff)
        chosen = chosen[np.argpartition(distance, BORDERLINE - 1)[:BORDERLINE]]
    others = chosen[chosen != current] if current is not None and chosen.size > 1 else chosen
    # A draw for the eye, not a secret.
    return int(random.choice(others)) if others.size else None  # noqa: S311

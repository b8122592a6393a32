"""Whether the exported model decides as the trained one does, over a whole portfolio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.errors import ParityError
from inference.model.decision import is_declined

TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True)
class Parity:
    """The comparison of two sets of PDs; `flips` counts rows that one approves and the other declines."""

    n_rows: int
    max_abs: float
    flips: int


def compare(native: NDArray[np.floating[Any]], exported: NDArray[np.floating[Any]], cutoff: float) -> Parity:
    """Compare PDs of the same rows, both of shape (rows,)."""
    gaps = np.abs(native.astype(np.float64) - exported.astype(np.float64))
    # A NaN must not pass as equal: max() would hide it behind a comparison that is always false.
    max_abs = float(np.nan_to_num(gaps, nan=np.inf).max(initial=0.0))
    flips = int(np.count_nonzero(is_declined(native, cutoff) != is_declined(exported, cutoff)))
    return Parity(int(native.size), max_abs, flips)


def check_parity(native: NDArray[np.floating[Any]], exported: NDArray[np.floating[Any]], cutoff: float) -> Parity:
    """Compare, and refuse a difference that matters.

    Raises:
        ParityError: a PD differs by more than 1e-5, or a decision changes at the cutoff.
    """
    parity = compare(native, exported, cutoff)
    if parity.max_abs > TOLERANCE or parity.flips:
        raise ParityError(
            f"The exported model differs from the trained one: over {parity.n_rows:,} rows, PDs differ by up to "
            f"{parity.max_abs:.2e} (at most {TOLERANCE:.0e} is allowed) and {parity.flips:,} decisions change (none "
            "may); nothing was published."
        )
    return parity

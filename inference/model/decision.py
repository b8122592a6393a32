"""From a PD to a decision: the cutoff that costs imply, and the comparison that every backend shares."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.predictions.scores import exact_score

COST_OF_MISSED_DEFAULT = 10.0
COST_OF_DECLINED_GOOD = 1.0
# Each band is twice as risky as the one before it.
BAND_EDGES = (0.02, 0.04, 0.08, 0.16, 0.32)
_DECIMALS = 4


def cutoff_from_costs(missed_default: float, declined_good: float) -> float:
    """The PD at which declining and approving cost the same, to four decimals.

    Approving costs `missed_default` x PD, declining `declined_good` x (1 - PD); for a calibrated PD they are equal at
    declined_good / (missed_default + declined_good) (Elkan 2001, "The foundations of cost-sensitive learning").
    """
    return round(declined_good / (missed_default + declined_good), _DECIMALS)


DEFAULT_CUTOFF = cutoff_from_costs(COST_OF_MISSED_DEFAULT, COST_OF_DECLINED_GOOD)


def probabilities_of(log_odds: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """The PDs that belong to log-odds."""
    probabilities: NDArray[np.float64] = 1 / (1 + np.exp(-log_odds.astype(np.float64)))
    return probabilities


def is_declined(probabilities: NDArray[np.floating[Any]], cutoff: float) -> NDArray[np.bool_]:
    """Whether each PD is at or above the cutoff.

    A model gives PDs as float32; each counts as the shortest decimal that names it
    (`data.predictions.scores.exact_scores`), so that 0.0909 is declined at a cutoff of 0.0909 although the nearest
    float32 lies below.
    """
    pds, edge = probabilities.astype(np.float32), np.float32(cutoff)
    # Decimals are in the order of their floats: only the PD that the cutoff itself is stored as needs its decimal.
    return pds >= edge if exact_score(edge) >= cutoff else pds > edge


def declines(default_probability: float, cutoff: float) -> bool:
    """`is_declined` for one PD, without an array for it."""
    return exact_score(np.float32(default_probability)) >= cutoff


def risk_band(default_probability: float, edges: Sequence[float]) -> str:
    """The letter of the risk band of a PD: A below the first of the ascending `edges`, the next letter from each on."""
    return chr(ord("A") + bisect_right(edges, exact_score(np.float32(default_probability))))


def risk_bands(probabilities: NDArray[np.floating[Any]], edges: Sequence[float]) -> NDArray[np.str_]:
    """`risk_band` of each PD."""
    letters = np.array([risk_band(edge, edges) for edge in (0.0, *edges)])
    return letters[sum(is_declined(probabilities, edge).astype(np.intp) for edge in edges)]

"""Intervals for the mean of amounts that few applications have: what defaults cost, or what they add to a score.

Such a mean is as uncertain as the number of those that have one, and as skewed. Mean +- 1.96 standard errors takes the
spread from the very amounts that happened to occur: with few of them it is too narrow, most of all where the truth is
worse than what was seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.metrics.counts import FloatArray
from dashboard.metrics.estimate import Z95, Estimate

# Above it, the correction for skewness would leave no room for amounts when none was seen.
MAX_ASYMMETRY = 2.5


@dataclass(frozen=True, slots=True)
class Amounts:
    """Amounts above 0 of some of the applications, each counted `weight` times in the mean.

    `total` is their sum. `unit` is the sum of their squares over that sum: amounts all equal to it, with the same sum,
    would be as noisy. `asymmetry` is the third moment times the first over the squared second, 1 for equal amounts.
    """

    weight: float
    total: float
    unit: float
    asymmetry: float = 1.0


def mean_estimate(parts: Sequence[Amounts], applications: float) -> Estimate:
    """Sum of the weighted amounts per application, with its interval; no application is in two of the `parts`.

    Each part's interval is `score_bounds`. They are joined as Zou and Donner do (2008, Statistics in Medicine 27(10)),
    with the correlation that parts have because an application in one of them is not in the other.
    """
    value, down, up = 0.0, 0.0, 0.0
    for i, part in enumerate(parts):
        mean = part.total / applications
        low, high = score_ends(part.total, applications, unit=part.unit, asymmetry=part.asymmetry)
        reach = sorted(part.weight * (end - mean) for end in (low, high))
        value += part.weight * mean
        # The parts before count as one; with two at most there is nothing else.
        correlation = _correlation(parts[i - 1], part, applications) if i else 0.0
        down, up = (
            math.sqrt(max(one**2 + two**2 + 2 * correlation * one * two, 0.0))
            for one, two in ((down, min(reach[0], 0.0)), (up, max(reach[1], 0.0)))
        )
        down = -down
    return Estimate.around(value, value + down, value + up)


def score_bounds(
    total: npt.ArrayLike, applications: npt.ArrayLike, *, unit: float = 1.0, asymmetry: float = 1.0
) -> tuple[FloatArray, FloatArray]:
    """Ends of the 95 % interval of `total` / `applications`, element by element.

    The means from which the one seen is 1.96 of *their* standard errors away, once the skewness of such a mean is
    allowed for. With `unit` and `asymmetry` 1 it is a share's. Source: Wilson (1927), JASA 22(158), with the
    correction of Gart and Nam (1988), Biometrics 44(2).
    """
    if not unit:
        nothing = np.zeros(np.shape(total))
        return nothing, nothing
    n = np.asarray(applications, dtype=np.float64)
    share = np.minimum(np.asarray(total, dtype=np.float64) / unit / n, 1.0)
    low, high, centre = _score(n, share, asymmetry, np.sqrt, np.maximum)
    low, high = np.where(centre > 0, low, 0.0), np.where(centre < 1, high, 1.0)
    return unit * low.clip(0, share), unit * high.clip(share, 1)


def score_ends(total: float, applications: float, *, unit: float, asymmetry: float) -> tuple[float, float]:
    """`score_bounds` for one total, in a tenth of the time."""
    if not unit:
        return 0.0, 0.0
    share = min(total / unit / applications, 1.0)
    low, high, centre = _score(applications, share, asymmetry, math.sqrt, max)
    low, high = low if centre > 0 else 0.0, high if centre < 1 else 1.0
    return unit * min(max(low, 0.0), share), unit * min(max(high, share), 1.0)


def _score(
    n: Any, share: Any, asymmetry: float, sqrt: Callable[[Any], Any], larger: Callable[[Any, Any], Any]
) -> tuple[Any, Any, Any]:
    excess = (min(asymmetry, MAX_ASYMMETRY) - 1) / larger(1 - share, 1 / n)
    centre = share - (Z95**2 - 1) / 6 * (1 - 2 * share + excess) / n
    scale, middle = 1 + Z95**2 / n, centre + Z95**2 / (2 * n)
    half = sqrt(larger(middle**2 - scale * centre**2, 0.0))
    return (middle - half) / scale, (middle + half) / scale, centre


def _correlation(one: Amounts, two: Amounts, applications: float) -> float:
    odds = 1.0
    for part in (one, two):
        share = min(part.total / part.unit / applications, 1.0) if part.unit else 0.0
        odds *= share / max(1 - share, 1 / applications)
    return -math.copysign(min(math.sqrt(odds), 1.0), one.weight * two.weight)

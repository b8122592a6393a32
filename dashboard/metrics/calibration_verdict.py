"""Whether PDs can be read as probabilities: one verdict, decided from all the evidence that the pages show.

Effect sizes lead: what a test rejects counts only where the error behind it is large enough to act on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

import numpy as np

from dashboard.metrics.calibration import MAX_RELATIVE_GAP, CalibrationError, expected_calibration_error
from dashboard.metrics.calibration_fit import calibration_in_the_large, calibration_slope
from dashboard.metrics.calibration_tests import (
    BandCalibration,
    BandVerdict,
    calibration_by_band,
    hosmer_lemeshow_test,
    spiegelhalter_test,
)
from dashboard.metrics.counts import ScoreCounts
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.rates import default_rate

# Relative errors: nobody would act on one up to the first; beyond MAX_RELATIVE_GAP scores are not probabilities.
TOLERANCE = 0.05
# Observed / expected has to be known this closely, to either side, before PDs are called right.
PRECISION = 0.1
N_GROUPS = 20
# Small errors that one sentence names, the largest first.
MOST_NAMED = 2
LEVEL = 0.05
_MIN_NOISE_RATIO = 2.0
_MUCH = (BandVerdict.LOW, BandVerdict.HIGH)
_OFF = (*_MUCH, BandVerdict.SLIGHTLY_LOW, BandVerdict.SLIGHTLY_HIGH)


class Standing(StrEnum):
    """The conclusion on calibration."""

    CALIBRATED = "fits"
    CLOSE = "fits overall, not everywhere"
    OFF = "does not fit"
    UNCALIBRATED = "not probabilities"
    OPEN = "too few to conclude"


@dataclass(frozen=True, slots=True)
class Check:
    """One piece of evidence, in words: whether it is `beyond_chance` (95 %), and whether its error is `is_material`.

    `size` is that of the error, relative to what the PDs expect; a check that `is_test` does not say it in its words.
    One that `rejects` shows a rejection somewhere, be it one that chance explains, and forbids to call all well.
    """

    words: str
    beyond_chance: bool
    size: float
    is_material: bool
    is_severe: bool = False
    is_test: bool = False
    rejects: bool = False

    @property
    def is_against(self) -> bool:
        """Whether it speaks against the PDs."""
        return self.beyond_chance and self.is_material


@dataclass(frozen=True, slots=True)
class CalibrationVerdict:
    """A verdict, the sentence that gives its reasons, and what it was decided from.

    `checks` are those of level, slope, risk bands, calibration error and significance tests, where they are defined.
    """

    standing: Standing
    message: str
    checks: tuple[Check, ...] = ()

    @property
    def is_doubtful(self) -> bool:
        """Whether figures that take PDs for probabilities need a warning beside them."""
        return self.standing in (Standing.OFF, Standing.UNCALIBRATED)


def calibration_verdict(counts: ScoreCounts, *, n_groups: int = N_GROUPS) -> CalibrationVerdict:
    """Whether the PDs of `counts` can be read as probabilities.

    Five checks ask whether PDs are off by more than chance explains and by more than 5 %: observed / expected, slope,
    risk bands, calibration error and significance tests over `n_groups` groups. Two against the PDs make them off,
    level or error beyond 25 % make them no probabilities. One alone, or an observed / expected known to no better than
    10 %, leaves the question open. An error beyond chance of at most 5 %, or any band or test that rejects, makes them
    close to right. Thresholds and their error rates are in docs/metrics.md.
    """
    rate = default_rate(counts)
    if rate.value is None:
        return CalibrationVerdict(Standing.OPEN, f"Calibration is {rate.explanation}.")
    counts = counts.resolved
    ratio, error = calibration_in_the_large(counts).ratio, expected_calibration_error(counts, n_groups=n_groups)
    checks = tuple(_checks(counts, rate, error, n_groups))
    standing = _standing(checks, _precision(ratio))
    return CalibrationVerdict(standing, _message(standing, counts, checks, error), checks)


def _standing(checks: tuple[Check, ...], precision: float) -> Standing:
    against = [check for check in checks if check.is_against]
    if any(check.is_severe for check in against):
        return Standing.UNCALIBRATED
    if len(against) > 1:
        return Standing.OFF
    if against or precision > PRECISION:
        return Standing.OPEN
    return Standing.CLOSE if any(check.beyond_chance or check.rejects for check in checks) else Standing.CALIBRATED


def _precision(ratio: Estimate) -> float:
    return math.inf if ratio.low is None or ratio.high is None else (ratio.high - ratio.low) / 2


def _checks(counts: ScoreCounts, rate: Estimate, error: CalibrationError, n_groups: int) -> Iterator[Check]:
    # State every error as a share of the rarer outcome that the PDs expect, which is usually default.
    rarer = min(counts.pd_sum, counts.n_applications - counts.pd_sum) / counts.n_applications
    yield _level(counts, rate, rarer)
    slope = calibration_slope(counts).slope
    if slope.value is not None and slope.low is not None and slope.high is not None:
        side = "extreme" if slope.value < 1 else "much alike"
        words = f"the slope of {slope.value:.2f} (95 %: {slope.low:.2f}–{slope.high:.2f}) says that they are too {side}"
        size = abs(slope.value - 1)
        yield Check(words, not slope.low <= 1 <= slope.high, size, size > TOLERANCE)
    yield _bands(calibration_by_band(counts), rarer * counts.n_applications)
    yield _error(error, rarer)
    yield from _tests(counts, error, n_groups)


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else math.inf if part else 0.0


def _level(counts: ScoreCounts, rate: Estimate, rarer: float) -> Check:
    mean, observed = counts.pd_sum / counts.n_applications, rate.value or 0.0
    size = _share(abs(observed - mean), rarer)
    inside = (rate.low or 0.0) <= mean <= (1.0 if rate.high is None else rate.high)
    side = "more" if observed > mean else "fewer"
    far = f"{100 * abs(observed - mean) / mean:.0f} % {side} default" if mean else "some default where none should"
    words = f"{far} than they say ({100 * observed:.2f} % for {100 * mean:.2f} %)"
    return Check(words, not inside, size, size > TOLERANCE, size > MAX_RELATIVE_GAP)


def _bands(bands: tuple[BandCalibration, ...], rarer: float) -> Check:
    used = [band for band in bands if band.resolved]
    off = [band for band in used if band.verdict in _OFF]
    misplaced = sum(abs(band.defaults - band.resolved * (band.mean_pd.value or 0.0)) for band in off)
    size = _share(misplaced, rarer)
    is_material = size > TOLERANCE or any(band.verdict in _MUCH for band in off)
    words = f"{len(off)} of {len(used)} risk band{'' if len(used) == 1 else 's'} {'is' if len(off) == 1 else 'are'} off"
    is_beyond = _are_beyond_chance(used, off)
    if off and not is_beyond:
        words += ", which chance can explain"
    return Check(words, is_beyond, size, is_material, rejects=bool(off))


def _are_beyond_chance(used: list[BandCalibration], off: list[BandCalibration]) -> bool:
    # As many as right PDs have in at most one of twenty cohorts, or one that is off by a margin that holds for all.
    n, z = len(used), NormalDist().inv_cdf(1 - LEVEL / 2 / max(len(used), 1))
    chance = sum(math.comb(n, k) * LEVEL**k * (1 - LEVEL) ** (n - k) for k in range(len(off), n + 1))
    return bool(off) and (chance <= LEVEL + 1e-12 or any(abs(_z(band)) > z for band in off))


def _z(band: BandCalibration) -> float:
    expected = band.resolved * (band.mean_pd.value or 0.0)
    variance = expected * (1 - (band.mean_pd.value or 0.0))
    gap = band.defaults - expected
    return gap / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, gap) if gap else 0.0


def _error(by_group: CalibrationError, rarer: float) -> Check:
    error = by_group.error.value or 0.0
    # Chance adds to the error like noise to a signal: in squares.
    size = _share(math.sqrt(max(error**2 - by_group.noise**2, 0.0)), rarer)
    words = (
        f"groups by PD are off by {100 * error:.2f} points on average, by chance up to {100 * by_group.noise_high:.2f}"
    )
    is_severe = size > MAX_RELATIVE_GAP and error >= _MIN_NOISE_RATIO * by_group.noise
    return Check(words, error > by_group.noise_high, size, size > TOLERANCE, is_severe)


def _tests(counts: ScoreCounts, error: CalibrationError, n_groups: int) -> Iterator[Check]:
    by_group, of_score = hosmer_lemeshow_test(counts, n_groups=n_groups), spiegelhalter_test(counts)
    named = (("Hosmer-Lemeshow", by_group), ("Spiegelhalter", of_score))
    rejecting = [
        f"{name} (p {_p(test.p_value.value)})"
        for name, test in named
        if test.p_value.value is not None and test.p_value.value < LEVEL
    ]
    n, statistic = by_group.degrees_of_freedom, by_group.statistic.value
    words = f"{' and '.join(rejecting) or 'no significance test'} {'reject' if len(rejecting) > 1 else 'rejects'} them"
    if n is None or statistic is None or by_group.n_thin_groups:
        # Too few to weigh what they say, but what rejects is not passed over.
        if rejecting:
            yield Check(words, beyond_chance=False, size=0.0, is_material=False, is_test=True, rejects=True)
        return
    # What is left of chi-squared beyond its mean under right PDs is the groups' mean squared relative error, weighted
    # by the defaults that they expect.
    groups = error.groups
    weight = float((groups.applications * np.divide(groups.mean_pd, 1 - groups.mean_pd)).sum())
    size = math.sqrt(max(statistic - n, 0.0) / weight)
    yield Check(words, bool(rejecting), size, size > TOLERANCE, is_test=True, rejects=bool(rejecting))


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def _message(standing: Standing, counts: ScoreCounts, checks: tuple[Check, ...], error: CalibrationError) -> str:
    against = "; ".join(check.words for check in checks if check.is_against)
    mean, rate = 100 * counts.pd_sum / counts.n_applications, 100 * counts.n_bad / counts.n_applications
    level = f"the mean PD is {mean:.2f} % where {rate:.2f} % defaulted"
    by_group = _error(error, 1.0).words
    match standing:
        case Standing.CALIBRATED:
            return f"PDs fit: {level}, and {by_group}."
        case Standing.CLOSE:
            # The check of the level gives the level itself.
            found = (check for check in checks if check.beyond_chance or check.rejects)
            largest = sorted(found, key=_rank, reverse=True)[:MOST_NAMED]
            figures = "" if checks[0] in largest else f" ({level})"
            named = "; ".join(check.words for check in largest)
            return f"PDs fit overall{figures}, {_where(counts)}: {named}."
        case Standing.OFF:
            if checks[0].is_against:
                return f"PDs do not fit: {against}."
            return f"PDs fit overall ({level}), {_where(counts)}: {against}."
        case Standing.UNCALIBRATED:
            return f"These scores are not probabilities: {level}, and {by_group}."
        case Standing.OPEN:
            objection = f" One sign against them: {against}." if against else ""
            figures = level if by_group in against else f"{level}, and {by_group}"
            return f"Too few applications to conclude on calibration: {figures}.{objection}"


def _where(counts: ScoreCounts) -> str:
    off = [band.band for band in calibration_by_band(counts) if band.verdict in _OFF]
    if not off:
        return "with errors in places"
    return f"but not in band{'' if len(off) == 1 else 's'} {', '.join(off)}"


def _rank(check: Check) -> tuple[bool, bool, float]:
    return check.beyond_chance, not check.is_test, check.size

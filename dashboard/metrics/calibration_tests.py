"""Significance tests of calibration: of all PDs at once, of groups, and of each risk band.

A p-value says how surprising the cohort would be if every PD were right, not by how much PDs are off: with hundreds of
thousands of applications it is small for differences that nobody would act on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np

from dashboard.metrics.calibration import MAX_RELATIVE_GAP, reliability
from dashboard.metrics.calibration_fit import NO_EXPECTED
from dashboard.metrics.counts import ScoreCounts, weighted_sum
from dashboard.metrics.estimate import NO_OUTCOMES, Estimate
from dashboard.metrics.rates import share
from dashboard.metrics.weighing import NO_WEIGHTED_TEST
from inference.model.decision import BAND_EDGES, risk_band

NO_SPREAD = "every PD is 0, 50 or 100 %"
SURE_GROUP = "a group's PDs are all 0 or all 100 %"
EMPTY_BAND = "the band holds no applications"
MIN_EXPECTED = 5
LEVEL = 0.05
# From so many applications on, tests reject differences that nobody would act on.
MANY_APPLICATIONS = 20_000


@dataclass(frozen=True, slots=True)
class SignificanceTest:
    """A statistic and its p-value under the hypothesis that every PD is right.

    `degrees_of_freedom` is None where the statistic has none. `n_thin_groups` counts groups that expect fewer than 5
    defaults or non-defaults, with which the p-value is unreliable.
    """

    statistic: Estimate
    p_value: Estimate
    degrees_of_freedom: int | None = None
    n_thin_groups: int = 0

    @property
    def rejects(self) -> bool | None:
        """Whether the hypothesis is rejected at the 5 % level; None where the test is not defined."""
        return None if self.p_value.value is None else self.p_value.value < LEVEL

    @classmethod
    def undefined(cls, reason: str) -> SignificanceTest:
        """No test; `reason` completes "not defined because ..."."""
        return cls(Estimate.undefined(reason), Estimate.undefined(reason))


class BandVerdict(StrEnum):
    """What a band's default rate says of its PDs."""

    IN_LINE = "in line"
    SLIGHTLY_LOW = "slightly too low"
    SLIGHTLY_HIGH = "slightly too high"
    LOW = "too low"
    HIGH = "too high"
    TOO_FEW = "too few to conclude"
    EMPTY = "no applications"


@dataclass(frozen=True, slots=True)
class BandCalibration:
    """One risk band: PDs from `low` up to, not including, `high` (the last band's includes 1).

    Of its `applications` the outcome of those that are `resolved` is known; everything but their number is of these.
    `jeffreys` is the one-sided p-value of the hypothesis that the band's mean PD is not too low: small where more
    defaulted than the PD says.
    """

    band: str
    low: float
    high: float
    applications: int
    resolved: int
    defaults: int
    mean_pd: Estimate
    default_rate: Estimate
    jeffreys: Estimate
    verdict: BandVerdict

    @property
    def ratio(self) -> Estimate:
        """Defaults observed per default expected, its interval the default rate's over the mean PD."""
        mean = self.mean_pd.value
        if mean is None or not mean:
            return Estimate.undefined(NO_EXPECTED if self.resolved else self.default_rate.reason)
        return self.default_rate.mapped(lambda rate: rate / mean)


def spiegelhalter_test(counts: ScoreCounts) -> SignificanceTest:
    """z of the Brier score against what it would be if every PD were right, with a two-sided p-value.

    Source: Spiegelhalter (1986), Statistics in Medicine 5(5).
    """
    if not counts.n_resolved:
        return SignificanceTest.undefined(counts.why_unresolved)
    good, bad = counts.good_mean_pd, counts.bad_mean_pd
    if counts.weighing:
        return SignificanceTest.undefined(NO_WEIGHTED_TEST)
    variance = sum(
        weighted_sum((1 - 2 * pd) ** 2 * pd * (1 - pd), n) for pd, n in ((good, counts.good), (bad, counts.bad))
    )
    if variance <= 0:
        return SignificanceTest.undefined(NO_SPREAD)
    excess = weighted_sum((1 - bad) * (1 - 2 * bad), counts.bad) - weighted_sum(good * (1 - 2 * good), counts.good)
    z = excess / math.sqrt(variance)
    return SignificanceTest(Estimate(z), Estimate(math.erfc(abs(z) / math.sqrt(2))))


def hosmer_lemeshow_test(counts: ScoreCounts, *, n_groups: int = 10) -> SignificanceTest:
    """Chi-squared of defaults against those expected, over groups of about equally many applications.

    It has as many degrees of freedom as there are groups, since the PDs were not fitted to these outcomes; PDs judged
    on the data they were fitted to would have two fewer. Source: Hosmer and Lemeshow (1980), Communications in
    Statistics A 9(10).
    """
    if not counts.n_resolved:
        return SignificanceTest.undefined(counts.why_unresolved)
    if counts.weighing:
        return SignificanceTest.undefined(NO_WEIGHTED_TEST)
    groups = reliability(counts, n_groups=n_groups)
    n, pd = groups.applications, groups.mean_pd
    if not np.all((pd > 0) & (pd < 1)):
        return SignificanceTest.undefined(SURE_GROUP)
    from scipy.special import gammaincc  # start-up does not wait for it

    statistic = float(((n * pd - groups.defaults) ** 2 / (n * pd * (1 - pd))).sum())
    thin = int(np.count_nonzero(n * np.minimum(pd, 1 - pd) < MIN_EXPECTED))
    return SignificanceTest(Estimate(statistic), Estimate(float(gammaincc(n.size / 2, statistic / 2))), n.size, thin)


def calibration_by_band(counts: ScoreCounts) -> tuple[BandCalibration, ...]:
    """Mean PD, default rate and Jeffreys' test of each risk band, the safest first; bands may be empty.

    Jeffreys' p-value is the distribution function of Beta(d + 1/2, n - d + 1/2), of d defaults among n, at the mean PD.
    Source: European Central Bank (2019), Instructions for reporting the validation results of internal models.
    """
    edges = (0.0, *BAND_EDGES, 1.0)
    firsts = [counts.first_declined(edge) for edge in edges[:-1]] + [counts.edges.size]
    pd_sum = counts.good_pd + counts.bad_pd
    applications, resolved = counts.applications, counts.resolved.applications
    return tuple(
        _band(
            edges[i : i + 2],
            (applications[a:b].sum().item(), resolved[a:b].sum().item(), counts.bad[a:b].sum().item()),
            pd_sum[a:b].sum(),
            counts.resolved.effective_share if counts.weighing else None,
        )
        for i, (a, b) in enumerate(pairwise(firsts))
    )


def _band(
    edges: tuple[float, ...], numbers: tuple[int, int, int], pd_sum: float, weighted: float | None
) -> BandCalibration:
    (low, high), (n_all, n, bad) = edges, numbers
    letter = risk_band(low, BAND_EDGES)
    if not n:
        nothing = Estimate.undefined(NO_OUTCOMES if n_all else EMPTY_BAND)
        verdict = BandVerdict.TOO_FEW if n_all else BandVerdict.EMPTY
        return BandCalibration(letter, low, high, n_all, 0, 0, nothing, nothing, nothing, verdict)
    from scipy.special import betainc  # start-up does not wait for it

    worth = weighted or 1.0
    rate, mean = share(worth * bad, worth * n, EMPTY_BAND), min(float(pd_sum) / n, 1.0)
    jeffreys = Estimate.undefined(NO_WEIGHTED_TEST)
    if weighted is None:
        jeffreys = Estimate(float(betainc(bad + 0.5, n - bad + 0.5, mean)))
    verdict = _verdict(worth * n, worth * bad, mean, rate)
    return BandCalibration(letter, low, high, n_all, n, bad, Estimate(mean), rate, jeffreys, verdict)


def _verdict(n: float, bad: float, mean_pd: float, rate: Estimate) -> BandVerdict:
    # By the interval and by the size of the gap, as in `calibration_verdict`; in words in docs/metrics.md.
    allowed, gap = MAX_RELATIVE_GAP * min(mean_pd, 1 - mean_pd), bad / n - mean_pd
    low, high = rate.low or 0.0, 1.0 if rate.high is None else rate.high
    if max(n * mean_pd, bad) < MIN_EXPECTED or max(n - n * mean_pd, n - bad) < MIN_EXPECTED:
        return BandVerdict.TOO_FEW
    if low <= mean_pd <= high:
        return BandVerdict.TOO_FEW if (high - low) / 2 > allowed else BandVerdict.IN_LINE
    if gap > 0:
        return BandVerdict.SLIGHTLY_LOW if gap <= allowed else BandVerdict.LOW
    return BandVerdict.SLIGHTLY_HIGH if -gap <= allowed else BandVerdict.HIGH

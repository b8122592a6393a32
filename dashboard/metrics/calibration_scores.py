"""Scores of probabilities, and what they are made of: log-loss, and the Brier score's decomposition."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dashboard.metrics.calibration import brier_score, mean_loss
from dashboard.metrics.calibration_fit import SMALLEST_PD
from dashboard.metrics.counts import AnyArray, FloatArray, ScoreCounts, weighted_sum
from dashboard.metrics.differences import NO_COMPARISON, SAME_APPLICATIONS
from dashboard.metrics.discrimination import missing_outcome
from dashboard.metrics.estimate import Estimate, normal_estimate
from dashboard.metrics.groups import equal_count_groups, summed


@dataclass(frozen=True, slots=True)
class LogLoss:
    """Log-loss of the PDs (in nats), and of a PD that is the cohort's default rate for everybody."""

    score: Estimate
    of_default_rate: float | None


@dataclass(frozen=True, slots=True)
class BrierDecomposition:
    """brier = reliability - resolution + uncertainty + within_variance - within_covariance, all in squared PD.

    `reliability` is lower and `resolution` higher for a better model; `uncertainty` is the cohort's own. The two
    within-group terms are what groups of unlike PDs leave out. `reliability_noise` is the mean reliability that
    chance alone gives when every PD is right. `skill` is 1 - brier / uncertainty: 0 for a PD that is the default rate
    for everybody, 1 for perfect foresight.
    """

    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    within_variance: float
    within_covariance: float
    reliability_noise: float
    n_groups: int
    skill: Estimate

    @property
    def generalised_resolution(self) -> float:
        """Resolution and the within-group terms as one: brier = reliability - this + uncertainty."""
        return self.resolution - self.within_variance + self.within_covariance

    @property
    def terms(self) -> tuple[float, float, float, float, float]:
        """The signed parts of the score: uncertainty, resolution, reliability, within-group variance, covariance."""
        return self.uncertainty, -self.resolution, self.reliability, self.within_variance, -self.within_covariance

    def of_uncertainty(self, part: float) -> float | None:
        """`part` as a share of the uncertainty; None where one outcome alone leaves none."""
        return part / self.uncertainty if self.uncertainty else None


def log_loss(counts: ScoreCounts) -> LogLoss:
    """Mean -ln of the probability that was given to what happened, with its interval (see `amounts`).

    A PD is kept at least 1e-6 away from 0 and 1, since the loss of a sure and wrong one is infinite. Source: Good
    (1952), Journal of the Royal Statistical Society B 14(1).
    """
    n = counts.n_resolved
    score = mean_loss(counts, -np.log1p(-_kept_off(counts.good_mean_pd)), -np.log(_kept_off(counts.bad_mean_pd)))
    if not n:
        return LogLoss(score, None)
    return LogLoss(score, sum(-share * math.log(share) for share in (counts.n_bad / n, counts.n_good / n) if share))


def brier_decomposition(counts: ScoreCounts, *, n_groups: int = 20) -> BrierDecomposition | None:
    """The Brier score's parts over groups of about equally many applications; None without applications.

    Source: Murphy (1973), Journal of Applied Meteorology 12(4), with the two within-group terms of Stephenson, Coelho
    and Jolliffe (2008), Weather and Forecasting 23(4).
    """
    counts = counts.sample
    brier, n = brier_score(counts).value, counts.n_applications
    if brier is None:
        return None
    group = equal_count_groups(counts, n_groups)
    size, bad, bad_pd = (summed(group, part, n_groups) for part in (counts.applications, counts.bad, counts.bad_pd))
    pd_sum = counts.good_pd + counts.bad_pd
    pd, mean_pd = _ratio(pd_sum, counts.applications), _ratio(summed(group, pd_sum, n_groups), size)
    rate, overall = _ratio(bad, size), counts.n_bad / n
    spread = weighted_sum((counts.good_mean_pd - mean_pd[group]) ** 2, counts.good)
    spread += weighted_sum((counts.bad_mean_pd - mean_pd[group]) ** 2, counts.bad)
    return BrierDecomposition(
        brier=brier,
        reliability=weighted_sum((mean_pd - rate) ** 2, size) / n,
        resolution=weighted_sum((rate - overall) ** 2, size) / n,
        uncertainty=overall * (1 - overall),
        within_variance=spread / n,
        # Only defaults count here: around its group's mean, PD adds up to 0 over a group.
        within_covariance=2 * float((bad_pd - bad * mean_pd).sum()) / n,
        reliability_noise=weighted_sum(pd_sum * (1 - pd), _ratio(np.ones(n_groups), size)[group]) / n,
        n_groups=int(np.count_nonzero(size)),
        skill=_skill(counts, brier),
    )


def skill_difference(counts: ScoreCounts, other: ScoreCounts, *, shared: ScoreCounts | None = None) -> Estimate:
    """Brier skill of `counts` less that of `other`; `shared` holds the applications in both, None where none is.

    The interval is the delta method's; what an application in both adds to either skill counts once.
    """
    counts, other = counts.sample, other.sample
    one, two = _skill(counts, brier_score(counts).value or 0.0), _skill(other, brier_score(other).value or 0.0)
    if one.value is None or two.value is None:
        return one if one.value is None else Estimate.undefined(NO_COMPARISON)
    effects = [_skill_effect(counts), _skill_effect(other)]
    variance = sum(effect.product_sum(each, effect) for effect, each in zip(effects, (counts, other), strict=True))
    if shared is not None and shared.n_applications:
        variance -= 2 * effects[0].product_sum(shared, effects[1])
    if variance <= 0:
        return Estimate.undefined(SAME_APPLICATIONS)
    return normal_estimate(one.value - two.value, math.sqrt(variance))


def _skill(counts: ScoreCounts, brier: float) -> Estimate:
    reason = missing_outcome(counts)
    if reason:
        return Estimate.undefined(reason)
    effect = _skill_effect(counts)
    rate = counts.n_bad / counts.n_resolved
    error = math.sqrt(effect.product_sum(counts, effect))
    return normal_estimate(1 - brier / rate / (1 - rate), error, high=1)


@dataclass(frozen=True, slots=True)
class _SkillEffect:
    # The delta method: what an application adds to the score and, through the rate, to the uncertainty.
    brier: float
    drift: float
    rate: float
    scale: float

    def product_sum(self, counts: ScoreCounts, other: _SkillEffect) -> float:
        """Sum over applications of the product of what each adds to one skill and to the other."""
        good, bad = counts.good_mean_pd, counts.bad_mean_pd
        return weighted_sum(self.of_good(good) * other.of_good(good), counts.good) + weighted_sum(
            self.of_bad(bad) * other.of_bad(bad), counts.bad
        )

    def of_good(self, pd: FloatArray) -> FloatArray:
        return self.scale * (pd**2 - self.brier + self.drift * self.rate)

    def of_bad(self, pd: FloatArray) -> FloatArray:
        return self.scale * ((1 - pd) ** 2 - self.brier - self.drift * (1 - self.rate))


def _skill_effect(counts: ScoreCounts) -> _SkillEffect:
    n, brier = counts.n_resolved, brier_score(counts).value or 0.0
    rate = counts.n_bad / n
    uncertainty = rate * (1 - rate)
    return _SkillEffect(brier, brier * (1 - 2 * rate) / uncertainty, rate, 1 / (math.sqrt(n * (n - 1)) * uncertainty))


def _kept_off(pd: FloatArray) -> FloatArray:
    return np.clip(pd, SMALLEST_PD, 1 - SMALLEST_PD)


def _ratio(part: AnyArray, whole: AnyArray) -> FloatArray:
    return np.divide(part, whole, out=np.zeros(whole.size), where=whole > 0)

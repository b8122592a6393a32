"""Shares and losses of a cohort, as a whole and split at a cutoff.

An application is declined when its PD is at or above the cutoff. Shares carry Wilson's interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.metrics.counts import FloatArray, ScoreCounts, weighted_sum
from dashboard.metrics.estimate import NO_APPLICATIONS, NO_DEFAULTS, NO_NON_DEFAULTS, NO_OUTCOMES, Z95, Estimate

NOTHING_APPROVED = "no application is approved at this cutoff"
NOTHING_DECLINED = "no application is declined at this cutoff"
ONE_SIDED = "all of the cohort's applications have one outcome or get one decision"
NO_EXPOSURE = "the predictions carry no exposure"
MIN_FOR_MCC_INTERVAL = 30


@dataclass(frozen=True, slots=True)
class ExpectedLoss:
    """Expected loss in currency units, and as a share of exposure, at a loss given default of `lgd`.

    `observed` is what was lost at that LGD: its share of the exposure of what defaulted.
    """

    amount: Estimate
    rate: Estimate
    observed: Estimate
    lgd: float


@dataclass(frozen=True, slots=True)
class Confusion:
    """Applications by decision and outcome at `cutoff`; to decline is the positive decision, to default the outcome.

    Where outcomes are not known yet, those applications are `open_`; they count as declined or approved, and in nothing
    that needs an outcome. Where they have weights, `effective_share` is what each counts in intervals.
    """

    cutoff: float
    true_declines: int
    false_declines: int
    true_approvals: int
    false_approvals: int
    open_declines: int = 0
    open_approvals: int = 0
    effective_share: float = 1.0

    @property
    def resolved_declined(self) -> int:
        """Applications with a PD at or above the cutoff whose outcome is known."""
        return self.true_declines + self.false_declines

    @property
    def resolved_approved(self) -> int:
        """Applications with a PD below the cutoff whose outcome is known."""
        return self.true_approvals + self.false_approvals

    @property
    def declined(self) -> int:
        """Applications with a PD at or above the cutoff."""
        return self.resolved_declined + self.open_declines

    @property
    def approved(self) -> int:
        """Applications with a PD below the cutoff."""
        return self.resolved_approved + self.open_approvals

    @property
    def defaults(self) -> int:
        """Applications that defaulted."""
        return self.true_declines + self.false_approvals

    @property
    def non_defaults(self) -> int:
        """Applications that did not default."""
        return self.false_declines + self.true_approvals

    @property
    def resolved(self) -> int:
        """Applications whose outcome is known."""
        return self.resolved_approved + self.resolved_declined

    @property
    def applications(self) -> int:
        """All applications."""
        return self.approved + self.declined

    @property
    def approval_rate(self) -> Estimate:
        """Share of all applications that are approved."""
        return self._share(self.approved, self.applications, NO_APPLICATIONS)

    @property
    def bad_rate(self) -> Estimate:
        """Share of defaults among the approved whose outcome is known."""
        return self._share(self.false_approvals, self.resolved_approved, self._why(self.approved, NOTHING_APPROVED))

    @property
    def precision(self) -> Estimate:
        """Share of defaults among the declined whose outcome is known."""
        return self._share(self.true_declines, self.resolved_declined, self._why(self.declined, NOTHING_DECLINED))

    @property
    def recall(self) -> Estimate:
        """Share of the defaults that are declined (true positive rate)."""
        return self._share(self.true_declines, self.defaults, self._where_known(NO_DEFAULTS))

    @property
    def specificity(self) -> Estimate:
        """Share of the non-defaults that are approved (true negative rate)."""
        return self._share(self.true_approvals, self.non_defaults, self._where_known(NO_NON_DEFAULTS))

    @property
    def false_positive_rate(self) -> Estimate:
        """Share of the non-defaults that are declined."""
        return self._share(self.false_declines, self.non_defaults, self._where_known(NO_NON_DEFAULTS))

    @property
    def accuracy(self) -> Estimate:
        """Share of applications whose decision matches their outcome."""
        hits = self.true_declines + self.true_approvals
        return self._share(hits, self.resolved, self._why(self.applications, NO_APPLICATIONS))

    def _share(self, part: float, whole: float, reason: str) -> Estimate:
        return share(self.effective_share * part, self.effective_share * whole, reason)

    @staticmethod
    def _why(number: int, reason: str) -> str:
        return NO_OUTCOMES if number else reason

    def _where_known(self, reason: str) -> str:
        return reason if self.resolved else self._why(self.applications, reason)

    @property
    def f1(self) -> Estimate:
        """Harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN)."""
        return self.f_beta(1.0)

    def f_beta(self, beta: float) -> Estimate:
        """Mean of precision and recall in which recall counts `beta` times as much (above 0), van Rijsbergen's F.

        (1 + beta^2) TP / ((1 + beta^2) TP + beta^2 FN + FP). The interval is Wilson's, of TP among as many cases as
        have the variance that the weighted errors have; for F1 that is TP / (TP + FP + FN), mapped.
        """
        ratio = beta * beta
        weighted = ratio * self.false_approvals + self.false_declines
        if not self.true_declines + weighted:
            return Estimate.undefined(self._where_known("nothing is declined and nothing defaulted"))
        # Each error counts 1 or beta^2. Errors of this common weight are as noisy; without any, the larger is assumed.
        weight = (ratio**2 * self.false_approvals + self.false_declines) / weighted if weighted else max(ratio, 1.0)

        def mapped(hit_share: float) -> float:
            return (1 + ratio) * hit_share / ((1 + ratio) * hit_share + weight * (1 - hit_share))

        trials = self.true_declines + weighted / weight
        low, high = wilson_ends(self.effective_share * self.true_declines, self.effective_share * trials)
        return Estimate.around(mapped(self.true_declines / trials), mapped(low), mapped(high))

    @property
    def mcc(self) -> Estimate:
        """Matthews correlation coefficient of decision and outcome, -1 to 1.

        The interval is the delta method's on Fisher's scale; none where a row or column of the matrix holds fewer than
        30, for which it is too narrow. Source of the variance: Bishop, Fienberg and Holland (1975), Discrete
        Multivariate Analysis, section 11.3.
        """
        declined, approved = self.resolved_declined, self.resolved_approved
        scale = math.sqrt(declined * approved) * math.sqrt(self.defaults * self.non_defaults)
        if not scale:
            return Estimate.undefined(self._where_known(ONE_SIDED))
        hits = self.true_declines * self.true_approvals - self.false_declines * self.false_approvals
        value = hits / scale
        smallest = self.effective_share * min(declined, approved, self.defaults, self.non_defaults)
        if smallest < MIN_FOR_MCC_INTERVAL or abs(value) >= 1:
            return Estimate(value)
        half = Z95 * math.sqrt(self._mcc_variance(value, scale)) / (1 - value**2)
        centre = math.atanh(value)
        return Estimate.around(value, math.tanh(centre - half), math.tanh(centre + half))

    def _mcc_variance(self, mcc: float, scale: float) -> float:
        declined, approved = self.resolved_declined, self.resolved_approved
        decided = declined - approved
        observed = self.defaults - self.non_defaults
        skew = decided**2 / (declined * approved) + observed**2 / (self.defaults * self.non_defaults)
        lean = mcc * (1 + mcc**2 / 2) * decided * observed / scale
        return max(1 - mcc**2 + lean - 0.75 * mcc**2 * skew, 0.0) / (self.effective_share * self.resolved)


def wilson_bounds(successes: npt.ArrayLike, trials: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Ends of Wilson's 95 % score interval, element by element; 0 and 1 where there was no trial.

    Source: Wilson (1927), JASA 22(158).
    """
    n = np.asarray(trials, dtype=np.float64)
    hits = np.asarray(successes, dtype=np.float64)
    rate = np.divide(hits, n, out=np.full(np.broadcast(hits, n).shape, 0.5), where=n > 0)
    centre, half = _wilson(n, rate, np.sqrt)
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)


def wilson_ends(successes: float, trials: float) -> tuple[float, float]:
    """`wilson_bounds` for one share, in a twentieth of the time."""
    centre, half = _wilson(trials, successes / trials if trials else 0.5, math.sqrt)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def _wilson(n: Any, rate: Any, sqrt: Callable[[Any], Any]) -> tuple[Any, Any]:
    # Multiplied through by n, so that no trial at all needs no case of its own.
    centre = (n * rate + Z95**2 / 2) / (n + Z95**2)
    half = Z95 / (n + Z95**2) * sqrt(n * rate * (1 - rate) + Z95**2 / 4)
    return centre, half


def exact_bounds(successes: float, trials: float, *, error: float = 0.05) -> tuple[float, float]:
    """Ends of the exact interval of a share, which at most half of `error` of all samples miss on either side.

    `trials` is at least 1. Source: Clopper and Pearson (1934), Biometrika 26(4).
    """
    from scipy.special import betaincinv  # start-up does not wait for it

    failures = trials - successes
    low = betaincinv(successes, failures + 1, error / 2) if successes else 0.0
    high = betaincinv(successes + 1, failures, 1 - error / 2) if failures else 1.0
    return float(low), float(high)


def share(part: float, whole: float, reason_if_none: str) -> Estimate:
    """part / whole with Wilson's interval, or not defined for `reason_if_none` where the whole is 0."""
    if not whole:
        return Estimate.undefined(reason_if_none)
    low, high = wilson_ends(part, whole)
    return Estimate.around(part / whole, low, high)


def default_rate(counts: ScoreCounts) -> Estimate:
    """Share of defaults among the applications whose outcome is known."""
    sample = counts.sample
    return share(sample.n_bad, sample.n_resolved, counts.why_unresolved)


def mean_pd(counts: ScoreCounts) -> Estimate:
    """Mean predicted PD of all applications; no interval, because every application's PD is known."""
    if not counts.n_applications:
        return Estimate.undefined(NO_APPLICATIONS)
    return Estimate(counts.pd_sum / counts.n_applications)


def confusion(counts: ScoreCounts, cutoff: float) -> Confusion:
    """Decisions against outcomes at `cutoff`, or the nearest that the counts can apply (see the result)."""
    first = counts.first_declined(cutoff)
    true_declines, false_declines = counts.bad[first:].sum().item(), counts.good[first:].sum().item()
    n_open = counts.n_open
    open_declines = counts.open[first:].sum().item() if n_open else 0
    return Confusion(
        cutoff=counts.snap(cutoff),
        true_declines=true_declines,
        false_declines=false_declines,
        true_approvals=counts.n_good - false_declines,
        false_approvals=counts.n_bad - true_declines,
        open_declines=open_declines,
        open_approvals=n_open - open_declines,
        effective_share=counts.effective_share,
    )


def approval_rate(counts: ScoreCounts, cutoff: float) -> Estimate:
    """Share of applications with a PD below `cutoff`."""
    return confusion(counts, cutoff).approval_rate


def bad_rate(counts: ScoreCounts, cutoff: float) -> Estimate:
    """Share of defaults among the applications with a PD below `cutoff` whose outcome is known."""
    return confusion(counts, cutoff).bad_rate


def expected_loss(counts: ScoreCounts, *, lgd: float, cutoff: float | None = None) -> ExpectedLoss:
    """Sum of PD x LGD x exposure at default, of all or of what a `cutoff` (a PD) approves; `lgd` is a share, 0 to 1.

    What was lost is known of the applications alone whose outcome is.
    Within a bin and outcome, mean PD is multiplied by exposure: exact where bins are single PDs, otherwise off by less
    than 0.0001 of LGD x exposure, since no coarse bin reaches across a cutoff.
    """
    if not counts.n_applications or not counts.exposure_sum:
        nothing = Estimate.undefined(NO_EXPOSURE if counts.n_applications else NO_APPLICATIONS)
        return ExpectedLoss(nothing, nothing, nothing, lgd)
    end = counts.edges.size if cutoff is None else counts.first_declined(cutoff)
    parts = [(counts.good_mean_pd, counts.good_exposure), (counts.bad_mean_pd, counts.bad_exposure)]
    parts += [(counts.open_mean_pd, counts.open_exposure)] if counts.has_open else []
    exposure = float(sum(amount[:end].sum() for _, amount in parts))
    at_risk = sum(weighted_sum(pd[:end], amount[:end]) for pd, amount in parts)
    observed = Estimate(lgd * float(counts.bad_exposure[:end].sum()))
    if not counts.n_resolved:
        observed = Estimate.undefined(NO_OUTCOMES)
    rate = Estimate(at_risk * lgd / exposure) if exposure else Estimate.undefined(NOTHING_APPROVED)
    return ExpectedLoss(Estimate(at_risk * lgd), rate, observed, lgd)

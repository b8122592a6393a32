"""Every result that the pages show of one cohort, each computed once, when it is first asked for."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Generic, TypeVar

from dashboard.metrics.calibration import CalibrationError, brier_score, expected_calibration_error
from dashboard.metrics.calibration_fit import (
    CalibrationInTheLarge,
    CalibrationSlope,
    calibration_in_the_large,
    calibration_slope,
)
from dashboard.metrics.calibration_scores import BrierDecomposition, LogLoss, brier_decomposition, log_loss
from dashboard.metrics.calibration_tests import (
    BandCalibration,
    SignificanceTest,
    calibration_by_band,
    hosmer_lemeshow_test,
    spiegelhalter_test,
)
from dashboard.metrics.calibration_verdict import CalibrationVerdict, calibration_verdict
from dashboard.metrics.counts import ScoreCounts, weighted_sum
from dashboard.metrics.discrimination import KsStatistic, gini, ks_statistic, roc_auc
from dashboard.metrics.economics import Costs, CutoffCurve, Terms, cost_curve, profit_curve
from dashboard.metrics.estimate import Z95, Estimate
from dashboard.metrics.leakage import suspect_leakage
from dashboard.metrics.ranking import CapCurve, LiftTable, average_precision, cap_curve, lift_table
from dashboard.metrics.rates import Confusion, confusion, default_rate, expected_loss, mean_pd


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What figures depend on besides the counts: the cutoff (a PD), stakes, F-beta's beta and the number of groups."""

    cutoff: float
    costs: Costs
    terms: Terms
    beta: float
    n_groups: int


T = TypeVar("T")


class of_counts(Generic[T]):  # noqa: N801 - a decorator, as `property` is
    """A result that holds whatever is assumed (but for the number of groups), shared by evaluations of the counts."""

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __get__(self, evaluation: Any, _: type[Any]) -> T:
        key = self._compute.__name__, evaluation.assumptions.n_groups
        if key not in evaluation.shared:
            evaluation.shared[key] = self._compute(evaluation)
        found: T = evaluation.shared[key]
        return found


# Without slots: cached properties keep their results in the instance.
@dataclass(frozen=True)
class Evaluation:
    """The results for `counts` under `assumptions`, as the functions in `dashboard.metrics` compute them.

    `shared` holds those that other assumptions do not change, for all evaluations that are given the same one.
    `why_no_pd` says why scores are no probabilities (completing "not defined because ..."), where they are none.
    """

    counts: ScoreCounts
    assumptions: Assumptions
    shared: dict[tuple[str, int], Any] = field(default_factory=dict, compare=False, repr=False)
    why_no_pd: str = ""

    def at(self, cutoff: float) -> Evaluation:
        """The same at another cutoff (a PD)."""
        return Evaluation(self.counts, replace(self.assumptions, cutoff=cutoff), self.shared, self.why_no_pd)

    @of_counts
    def default_rate(self) -> Estimate:
        """Share of defaults."""
        return default_rate(self.counts)

    @of_counts
    def mean_pd(self) -> Estimate:
        """Mean predicted PD."""
        return mean_pd(self.counts)

    @cached_property
    def expected_loss(self) -> Estimate:
        """Sum of PD x LGD x exposure, in currency units."""
        return expected_loss(self.counts, lgd=self.assumptions.terms.lgd).amount

    @cached_property
    def approved_loss(self) -> Estimate:
        """Sum of PD x LGD x exposure of what the cutoff approves, in currency units."""
        given = self.assumptions
        return expected_loss(self.counts, lgd=given.terms.lgd, cutoff=given.cutoff).amount

    @cached_property
    def observed_loss(self) -> Estimate:
        """LGD x exposure of what defaulted, in currency units."""
        return expected_loss(self.counts, lgd=self.assumptions.terms.lgd).observed

    @of_counts
    def roc_auc(self) -> Estimate:
        """Area under the ROC curve."""
        return roc_auc(self.counts)

    @of_counts
    def gini(self) -> Estimate:
        """2 AUC - 1."""
        return gini(self.counts)

    @of_counts
    def ks(self) -> KsStatistic:
        """The largest gap of the outcomes' cumulative shares, and where it is."""
        return ks_statistic(self.counts)

    @of_counts
    def average_precision(self) -> Estimate:
        """Mean precision over the defaults."""
        return average_precision(self.counts)

    @of_counts
    def cap(self) -> CapCurve | None:
        """The cumulative accuracy profile."""
        return cap_curve(self.counts)

    @of_counts
    def lift(self) -> LiftTable | None:
        """Lift and gain by tenth of the applications."""
        return lift_table(self.counts)

    @cached_property
    def confusion(self) -> Confusion:
        """Decisions against outcomes at the cutoff."""
        return confusion(self.counts, self.assumptions.cutoff)

    @of_counts
    def calibration(self) -> CalibrationVerdict:
        """Whether PDs may be read as probabilities, by the groups that the page shows."""
        return calibration_verdict(self.counts, n_groups=self.assumptions.n_groups)

    @of_counts
    def suspicion(self) -> str:
        """The sentence that suspects scores of knowing the outcome; empty where there is no ground for it."""
        return suspect_leakage(self.counts)

    @of_counts
    def in_the_large(self) -> CalibrationInTheLarge:
        """Observed over expected defaults, and the shift of log-odds."""
        return calibration_in_the_large(self.counts)

    @of_counts
    def slope(self) -> CalibrationSlope:
        """Slope of the observed log-odds on those of the PD."""
        return calibration_slope(self.counts)

    @of_counts
    def calibration_error(self) -> CalibrationError:
        """Expected calibration error over the groups, with the groups."""
        return expected_calibration_error(self.counts, n_groups=self.assumptions.n_groups)

    @of_counts
    def brier(self) -> Estimate:
        """Mean squared difference of PD and outcome."""
        return brier_score(self.counts)

    @of_counts
    def brier_parts(self) -> BrierDecomposition | None:
        """What the Brier score is made of, over the groups."""
        return brier_decomposition(self.counts, n_groups=self.assumptions.n_groups)

    @of_counts
    def log_loss(self) -> LogLoss:
        """Log-loss, and that of the default rate as everybody's PD."""
        return log_loss(self.counts)

    @of_counts
    def spiegelhalter(self) -> SignificanceTest:
        """Spiegelhalter's test of the Brier score."""
        return spiegelhalter_test(self.counts)

    @of_counts
    def hosmer_lemeshow(self) -> SignificanceTest:
        """Hosmer and Lemeshow's test over the groups."""
        return hosmer_lemeshow_test(self.counts, n_groups=self.assumptions.n_groups)

    @of_counts
    def smallest_significant_gap(self) -> float:
        """The gap of mean PD and default rate that right PDs exceed in one of twenty cohorts; 0 without any."""
        counts = self.counts.resolved
        parts = ((counts.good_mean_pd, counts.good), (counts.bad_mean_pd, counts.bad))
        variance = sum(weighted_sum(pd * (1 - pd), number) for pd, number in parts)
        return Z95 * math.sqrt(variance) / max(counts.n_applications, 1)

    @of_counts
    def bands(self) -> tuple[BandCalibration, ...]:
        """Calibration of each risk band."""
        return calibration_by_band(self.counts)

    @cached_property
    def costs(self) -> CutoffCurve | None:
        """Cost over all cutoffs."""
        return cost_curve(self.counts, self.assumptions.costs, cutoff=self.assumptions.cutoff)

    @cached_property
    def profit(self) -> CutoffCurve | None:
        """Profit over all cutoffs."""
        return profit_curve(self.counts, self.assumptions.terms, cutoff=self.assumptions.cutoff)

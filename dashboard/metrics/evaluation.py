"""Every result that the pages show of one cohort, each computed once, when it is first asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

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


# Without slots: cached properties keep their results in the instance.
@dataclass(frozen=True)
class Evaluation:
    """The results for `counts` under `assumptions`, as the functions in `dashboard.metrics` compute them."""

    counts: ScoreCounts
    assumptions: Assumptions

    def at(self, cutoff: float) -> Evaluation:
        """The same at another cutoff (a PD)."""
        return Evaluation(self.counts, replace(self.assumptions, cutoff=cutoff))

    @cached_property
    def default_rate(self) -> Estimate:
        """Share of defaults."""
        return default_rate(self.counts)

    @cached_property
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

    @cached_property
    def roc_auc(self) -> Estimate:
        """Area under the ROC curve."""
        return roc_auc(self.counts)

    @cached_property
    def gini(self) -> Estimate:
        """2 AUC - 1."""
        return gini(self.counts)

    @cached_property
    def ks(self) -> KsStatistic:
        """The largest gap of the outcomes' cumulative shares, and where it is."""
        return ks_statistic(self.counts)

    @cached_property
    def average_precision(self) -> Estimate:
        """Mean precision over the defaults."""
        return average_precision(self.counts)

    @cached_property
    def cap(self) -> CapCurve | None:
        """The cumulative accuracy profile."""
        return cap_curve(self.counts)

    @cached_property
    def lift(self) -> LiftTable | None:
        """Lift and gain by tenth of the applications."""
        return lift_table(self.counts)

    @cached_property
    def confusion(self) -> Confusion:
        """Decisions against outcomes at the cutoff."""
        return confusion(self.counts, self.assumptions.cutoff)

    @cached_property
    def calibration(self) -> CalibrationVerdict:
        """Whether PDs may be read as probabilities, by the groups that the page shows."""
        return calibration_verdict(self.counts, n_groups=self.assumptions.n_groups)

    @cached_property
    def suspicion(self) -> str:
        """The sentence that suspects scores of knowing the outcome; empty where there is no ground for it."""
        return suspect_leakage(self.counts)

    @cached_property
    def in_the_large(self) -> CalibrationInTheLarge:
        """Observed over expected defaults, and the shift of log-odds."""
        return calibration_in_the_large(self.counts)

    @cached_property
    def slope(self) -> CalibrationSlope:
        """Slope of the observed log-odds on those of the PD."""
        return calibration_slope(self.counts)

    @cached_property
    def calibration_error(self) -> CalibrationError:
        """Expected calibration error over the groups, with the groups."""
        return expected_calibration_error(self.counts, n_groups=self.assumptions.n_groups)

    @cached_property
    def brier(self) -> Estimate:
        """Mean squared difference of PD and outcome."""
        return brier_score(self.counts)

    @cached_property
    def brier_parts(self) -> BrierDecomposition | None:
        """What the Brier score is made of, over the groups."""
        return brier_decomposition(self.counts, n_groups=self.assumptions.n_groups)

    @cached_property
    def log_loss(self) -> LogLoss:
        """Log-loss, and that of the default rate as everybody's PD."""
        return log_loss(self.counts)

    @cached_property
    def spiegelhalter(self) -> SignificanceTest:
        """Spiegelhalter's test of the Brier score."""
        return spiegelhalter_test(self.counts)

    @cached_property
    def hosmer_lemeshow(self) -> SignificanceTest:
        """Hosmer and Lemeshow's test over the groups."""
        return hosmer_lemeshow_test(self.counts, n_groups=self.assumptions.n_groups)

    @cached_property
    def smallest_significant_gap(self) -> float:
        """The gap of mean PD and default rate that right PDs exceed in one of twenty cohorts; 0 without any."""
        counts = self.counts
        parts = ((counts.good_mean_pd, counts.good), (counts.bad_mean_pd, counts.bad))
        variance = sum(weighted_sum(pd * (1 - pd), number) for pd, number in parts)
        return Z95 * math.sqrt(variance) / max(counts.n_applications, 1)

    @cached_property
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

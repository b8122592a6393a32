"""A against B: one evaluated cohort beside another, and by how much each figure differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from dashboard.metrics.calibration_fit import LineDifference, line_difference, shift_difference
from dashboard.metrics.calibration_scores import skill_difference
from dashboard.metrics.counts import ScoreCounts
from dashboard.metrics.differences import (
    Pieces,
    correlated_difference,
    mean_difference,
    shared_correlation,
    split,
)
from dashboard.metrics.discrimination import auc_difference
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.evaluation import Evaluation

Measure = Callable[[Evaluation], Estimate]


# Without slots: cached properties keep their results in the instance.
@dataclass(frozen=True)
class Comparison:
    """The cohort that is looked at beside another one, called `name`; `shared` holds the applications in both.

    `shared` is None where the two have no application in common. Both are evaluated under the same assumptions.
    """

    name: str
    own: Evaluation
    other: Evaluation
    shared: ScoreCounts | None = None

    def at(self, cutoff: float) -> Comparison:
        """The same at another cutoff (a PD)."""
        return Comparison(self.name, self.own.at(cutoff), self.other.at(cutoff), self.shared)

    @cached_property
    def roc_auc(self) -> Estimate:
        """Difference of the AUCs."""
        return auc_difference(self.own.counts, self.other.counts, shared=self.shared)

    @cached_property
    def intercept(self) -> Estimate:
        """Difference of the shifts of log-odds that make PDs right on the whole."""
        fitted = (self.own.in_the_large.intercept, self.other.in_the_large.intercept)
        return shift_difference(self.own.counts, self.other.counts, shared=self.shared, fitted=fitted)

    @cached_property
    def line(self) -> LineDifference:
        """Difference of the calibration slopes, and the test of one calibration line for both."""
        fitted = (self.own.slope, self.other.slope)
        return line_difference(self.own.counts, self.other.counts, shared=self.shared, fitted=fitted)

    @cached_property
    def brier_skill(self) -> Estimate:
        """Difference of the Brier skills."""
        return skill_difference(self.own.counts, self.other.counts, shared=self.shared)

    def of_mean(self, measure: Measure, weight: Callable[[Evaluation], float]) -> Estimate:
        """Difference of a figure that is a mean over what `weight` counts."""
        return mean_difference(self._evaluated, measure, weight)

    def of_figure(self, measure: Measure) -> Estimate:
        """Difference of any other figure; what both cohorts share is allowed for approximately."""
        return correlated_difference(measure(self.own), measure(self.other), shared_correlation(self._pieces))

    @cached_property
    def _pieces(self) -> Pieces[ScoreCounts]:
        return split(self.own.counts, self.other.counts, self.shared)

    @cached_property
    def _evaluated(self) -> Pieces[Evaluation]:
        return self._pieces.mapped(
            lambda counts: Evaluation(counts, self.own.assumptions, why_no_pd=self.own.why_no_pd)
        )

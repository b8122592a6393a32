"""A against B: one evaluated cohort beside another, and by how much each figure differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

from dashboard.metrics.calibration_fit import LineDifference, line_difference, shift_difference
from dashboard.metrics.calibration_scores import skill_difference
from dashboard.metrics.counts import ScoreCounts
from dashboard.metrics.differences import (
    NO_COMPARISON,
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
# What a cohort is called that has no name of its own.
COHORT = "Cohort"
NOT_INDEPENDENT = "both models judge the same applications; the page Compare tests them from pairs"


# Without slots: cached properties keep their results in the instance.
@dataclass(frozen=True)
class Comparison:
    """The cohort that is looked at beside another one, called `name`; `shared` holds the applications in both.

    Beside it, the cohort itself is called `own_name`. `shared` is None where the two have no application in common.
    Both are evaluated under the same assumptions.
    """

    name: str
    own: Evaluation
    other: Evaluation
    shared: ScoreCounts | None = None
    own_name: str = COHORT

    def at(self, cutoff: float) -> Comparison:
        """The same at another cutoff (a PD)."""
        return replace(self, own=self.own.at(cutoff), other=self.other.at(cutoff))

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


@dataclass(frozen=True)
class ModelComparison(Comparison):
    """The same applications under two models, `own_name` and `name`; `other` is what the latter makes of them.

    The two models' errors on an application go together, and counts by PD do not say how much. So a figure's
    difference has the interval that `pairs` works out from the rows, asked by the figure's name in the catalogue, and
    none where that is None.
    """

    pairs: Callable[[str], Estimate | None] | None = field(default=None, repr=False, compare=False)

    def between(self, name: str, measure: Measure) -> Estimate:
        """Difference of the figure called `name`."""
        found = self.of_figure(measure)
        paired = self.pairs(name) if self.pairs is not None and found.is_defined else None
        return found if paired is None else paired

    @cached_property
    def roc_auc(self) -> Estimate:
        """Difference of the AUCs."""
        return self.between("roc_auc", lambda evaluation: evaluation.roc_auc)

    @cached_property
    def line(self) -> LineDifference:
        """Difference of the calibration slopes, without a test of one line for both."""
        slope = self.between("calibration_slope", lambda evaluation: evaluation.slope.slope)
        return LineDifference(slope, Estimate.undefined(NOT_INDEPENDENT))

    def of_figure(self, measure: Measure) -> Estimate:
        """Difference of a figure, without an interval."""
        own, other = measure(self.own), measure(self.other)
        if own.value is None:
            return own
        return Estimate.undefined(NO_COMPARISON) if other.value is None else Estimate(own.value - other.value)

"""Every result that is shown of two models over one cohort, each computed once, when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from dashboard.metrics.economics import Terms
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.evaluation import Evaluation
from dashboard.metrics.paired import PairedRows, Sample
from dashboard.metrics.paired_agreement import RankGrid, rank_correlation, rank_grid
from dashboard.metrics.paired_calibration import (
    brier_difference,
    intercept_difference,
    log_loss_difference,
    slope_difference,
)
from dashboard.metrics.paired_ranking import (
    PairedAuc,
    average_precision_difference,
    gini_difference,
    ks_difference,
    paired_auc,
)
from dashboard.metrics.paired_reclassification import (
    Reclassification,
    integrated_discrimination,
    net_reclassification,
)
from dashboard.metrics.paired_swap import SwapSet, equal_approval_cutoff, swap_set
from inference.model.decision import BAND_EDGES


class Better(StrEnum):
    """Which value of a figure is the better one."""

    HIGHER = "higher is better"
    LOWER = "lower is better"
    ZERO = "0 is right"
    ONE = "1 is right"


@dataclass(frozen=True, slots=True)
class PairedFigure:
    """A figure of both models, and the second's less the first's with the interval from pairs."""

    name: str
    label: str
    better: Better
    one: Estimate
    two: Estimate
    difference: Estimate

    @property
    def is_sure(self) -> bool:
        """Whether the interval of the difference leaves out 0."""
        low, high = self.difference.low, self.difference.high
        return low is not None and high is not None and (low > 0 or high < 0)


# Without slots: cached properties keep their results in the instance.
@dataclass(frozen=True, eq=False)
class PairedComparison:
    """Two models, called `names`, over `rows` of one cohort; `evaluations` are those of the same rows, one a model."""

    names: tuple[str, str]
    rows: PairedRows
    evaluations: tuple[Evaluation, Evaluation]

    @property
    def sample(self) -> Sample:
        """The rows whose outcome is known."""
        return self.rows.sample

    @cached_property
    def auc(self) -> PairedAuc | None:
        """Both AUCs and their difference; None where an outcome is missing."""
        return paired_auc(self.sample)

    @cached_property
    def auc_difference(self) -> Estimate:
        """The second AUC less the first."""
        return Estimate.undefined(self.sample.missing_outcome) if self.auc is None else self.auc.difference

    @property
    def figures(self) -> tuple[PairedFigure, ...]:
        """All figures of both models and their differences."""
        return tuple(map(self.figure, _FIGURES))

    def figure(self, name: str) -> PairedFigure:
        """One of the figures, computed when it is first asked for."""
        if name not in self._made:
            figure = _FIGURES[name]
            # Rankings need no probabilities, everything else does.
            one, two = (
                Estimate.undefined(each.why_no_pd)
                if each.why_no_pd and figure.better is not Better.HIGHER
                else figure.of(each)
                for each in self.evaluations
            )
            difference = figure.difference(self)
            self._made[name] = PairedFigure(name, figure.label, figure.better, one, two, difference)
        return self._made[name]

    @cached_property
    def _made(self) -> dict[str, PairedFigure]:
        return {}

    @cached_property
    def by_band(self) -> Reclassification:
        """The NRI over the risk bands."""
        return net_reclassification(self.sample, (BAND_EDGES, BAND_EDGES))

    @cached_property
    def idi(self) -> Reclassification:
        """The IDI."""
        return integrated_discrimination(self.sample)

    def nri_at(self, cutoffs: tuple[float, float]) -> Reclassification:
        """The NRI with two categories, parted at each model's cutoff."""
        return net_reclassification(self.sample, ((cutoffs[0],), (cutoffs[1],)))

    @cached_property
    def rank_correlation(self) -> Estimate:
        """Spearman's correlation of the two models' ranks."""
        return rank_correlation(self.rows)

    @cached_property
    def rank_grid(self) -> RankGrid:
        """The rows by groups of rank in both models."""
        return rank_grid(self.rows)

    def equal_cutoffs(self, cutoff: float) -> tuple[float, float]:
        """The first model's `cutoff`, and the second's at which it approves about as many."""
        return cutoff, equal_approval_cutoff(self.rows, cutoff)

    def swap(self, cutoffs: tuple[float, float], terms: Terms) -> SwapSet:
        """Who changes sides between the two."""
        return swap_set(self.rows, cutoffs, terms)


@dataclass(frozen=True, slots=True)
class _Figure:
    # How a figure is called, computed of one model, and compared.
    label: str
    better: Better
    of: Callable[[Evaluation], Estimate]
    difference: Callable[[PairedComparison], Estimate]


def _gini(pair: PairedComparison) -> Estimate:
    return pair.auc_difference if pair.auc is None else gini_difference(pair.auc)


def _intercept(pair: PairedComparison) -> Estimate:
    if why := pair.sample.why_no_pd:
        return Estimate.undefined(why)
    one, two = pair.evaluations
    return intercept_difference(pair.sample, (one.in_the_large.intercept, two.in_the_large.intercept))


def _slope(pair: PairedComparison) -> Estimate:
    if why := pair.sample.why_no_pd:
        return Estimate.undefined(why)
    one, two = pair.evaluations
    return slope_difference(pair.sample, (one.slope, two.slope))


_FIGURES = {
    "auc": _Figure("ROC AUC", Better.HIGHER, lambda each: each.roc_auc, lambda pair: pair.auc_difference),
    "gini": _Figure("Gini", Better.HIGHER, lambda each: each.gini, _gini),
    "ks": _Figure("KS", Better.HIGHER, lambda each: each.ks.statistic, lambda pair: ks_difference(pair.sample)),
    "average_precision": _Figure(
        "Average precision",
        Better.HIGHER,
        lambda each: each.average_precision,
        lambda pair: average_precision_difference(pair.sample),
    ),
    "brier": _Figure("Brier score", Better.LOWER, lambda each: each.brier, lambda pair: brier_difference(pair.sample)),
    "log_loss": _Figure(
        "Log-loss", Better.LOWER, lambda each: each.log_loss.score, lambda pair: log_loss_difference(pair.sample)
    ),
    "calibration_intercept": _Figure(
        "Calibration in the large", Better.ZERO, lambda each: each.in_the_large.intercept, _intercept
    ),
    "calibration_slope": _Figure("Calibration slope", Better.ONE, lambda each: each.slope.slope, _slope),
}
FIGURES = tuple(_FIGURES)

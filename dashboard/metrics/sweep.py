"""One cohort evaluated at many cutoffs, at a small part of what each of them costs alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

import numpy as np

from dashboard.metrics.counts import AnyArray, FloatArray, IntArray, ScoreCounts
from dashboard.metrics.economics import Costs, CutoffCurve, CutoffCurves, Terms
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.evaluation import Evaluation
from dashboard.metrics.rates import Confusion


class Sweep:
    """The evaluations of one cohort, which is not empty, at each of `cutoffs` (PDs, ascending), one after the other.

    What they have in common is computed once. The curves of cost and of profit lack what is drawn of them.
    """

    def __init__(self, evaluation: Evaluation, cutoffs: FloatArray) -> None:
        self.evaluation = evaluation
        self.cutoffs = cutoffs
        self.snapped = evaluation.counts.snapped(cutoffs)
        self.first: IntArray = np.searchsorted(evaluation.counts.edges, self.snapped, side="left")

    def __iter__(self) -> Iterator[tuple[Evaluation, bool]]:
        """Yield each evaluation, and whether it decides otherwise than the one before."""
        counts = self.evaluation.counts
        decisions, last = Decisions(counts), -1
        for place, (snapped, first) in enumerate(zip(self.snapped.tolist(), self.first.tolist(), strict=True)):
            decided = decisions.below(first, snapped)
            yield _Swept(self, place, decided), decided.approved != last
            last = decided.approved

    @cached_property
    def costs(self) -> tuple[CutoffCurves, list[int]]:
        """The cost of any cutoff, and where in it those of the sweep are."""
        return self._curves(self.evaluation.assumptions.costs)

    @cached_property
    def profit(self) -> tuple[CutoffCurves, list[int]]:
        """The profit of any cutoff, and where in it those of the sweep are."""
        return self._curves(self.evaluation.assumptions.terms)

    def _curves(self, stakes: Costs | Terms) -> tuple[CutoffCurves, list[int]]:
        curves = CutoffCurves(self.evaluation.counts, stakes)
        return curves, curves.indexes(self.cutoffs)

    @cached_property
    def approved_loss(self) -> list[float]:
        """Sum of PD x LGD x exposure of what each cutoff approves."""
        counts = self.evaluation.counts
        at_risk = counts.good_mean_pd * counts.good_exposure + counts.bad_mean_pd * counts.bad_exposure
        if counts.has_open:
            at_risk = at_risk + counts.open_mean_pd * counts.open_exposure
        losses: list[float] = (self.evaluation.assumptions.terms.lgd * _below(at_risk)[self.first]).tolist()
        return losses


class Decisions:
    """The decisions of one cohort at any cutoff, with what they are counted from added up once."""

    def __init__(self, counts: ScoreCounts) -> None:
        self._counts = counts

    @cached_property
    def _sums(self) -> tuple[list[int], list[int], list[int]]:
        counts = self._counts
        of_open = _below(counts.open).tolist() if counts.has_open else [0] * (counts.edges.size + 1)
        return _below(counts.good).tolist(), _below(counts.bad).tolist(), of_open

    def at(self, cutoff: float) -> Confusion:
        """What `confusion` gives for a cutoff (a PD)."""
        return self.below(self._counts.first_declined(cutoff), self._counts.snap(cutoff))

    def below(self, first: int, cutoff: float) -> Confusion:
        """The decisions at the applied `cutoff`, of which `first` is the first bin that is declined."""
        goods, bads, opens = self._sums
        good, bad, of_open = goods[first], bads[first], opens[first]
        return Confusion(
            cutoff,
            bads[-1] - bad,
            goods[-1] - good,
            good,
            bad,
            opens[-1] - of_open,
            of_open,
            self._counts.effective_share,
        )


def _below(values: AnyArray) -> AnyArray:
    """What all bins before each add up to, and at the end all of them."""
    return np.concatenate([np.zeros(1, dtype=values.dtype), np.cumsum(values)])


class _Swept(Evaluation):
    """An evaluation that takes from a sweep what it would otherwise work out itself."""

    _sweep: Sweep
    _place: int

    def __init__(self, sweep: Sweep, place: int, decided: Confusion) -> None:
        whole = sweep.evaluation
        super().__init__(whole.counts, replace(whole.assumptions, cutoff=float(sweep.cutoffs[place])), whole.shared)
        # A frozen dataclass refuses to be written to; its cached properties keep their results here all the same.
        self.__dict__.update(confusion=decided, _sweep=sweep, _place=place)

    @cached_property
    def costs(self) -> CutoffCurve | None:
        curves, indexes = self._sweep.costs
        return curves.applied(self.confusion.cutoff, indexes[self._place])

    @cached_property
    def profit(self) -> CutoffCurve | None:
        curves, indexes = self._sweep.profit
        return curves.applied(self.confusion.cutoff, indexes[self._place])

    @cached_property
    def approved_loss(self) -> Estimate:
        if not self._sweep.evaluation.approved_loss.is_defined:
            return self._sweep.evaluation.approved_loss
        return Estimate(self._sweep.approved_loss[self._place])

"""A sweep gives what each cutoff gives alone."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.metrics.counts import ScoreCounts, exact_counts
from dashboard.metrics.economics import Costs, Terms
from dashboard.metrics.evaluation import Assumptions, Evaluation
from dashboard.metrics.rates import confusion
from dashboard.metrics.sweep import Decisions, Sweep

GIVEN = Assumptions(0.3, Costs(5.0, 1.0), Terms(0.1, 0.45, 1_000.0), 2.0, 10)
CUTOFFS = np.arange(101) / 100


def drawn(*, exposure: bool) -> ScoreCounts:
    random = np.random.default_rng(3)
    pds = np.round(random.beta(1, 6, 400), 3)
    return exact_counts(random.random(400) < pds, pds, random.uniform(1, 9, 400) if exposure else None)


@pytest.mark.parametrize("exposure", [True, False])
def test_each_evaluation_is_that_of_its_cutoff(exposure: bool) -> None:
    counts = drawn(exposure=exposure)
    for cutoff, (swept, _) in zip(CUTOFFS, Sweep(Evaluation(counts, GIVEN), CUTOFFS), strict=True):
        alone = Evaluation(counts, GIVEN).at(float(cutoff))
        assert swept.assumptions == alone.assumptions
        assert swept.confusion == alone.confusion
        assert swept.approved_loss.value == pytest.approx(alone.approved_loss.value)
        for one, other in ((swept.costs, alone.costs), (swept.profit, alone.profit)):
            assert one is not None
            assert other is not None
            for name in ("applied", "now", "optimum", "best", "theory", "given_away", "scaled_gap"):
                assert getattr(one, name) == getattr(other, name)


def test_it_says_where_decisions_change() -> None:
    counts = exact_counts([True, False, False], [0.3, 0.1, 0.1])
    # Below 0.1 nobody is approved, from there on to 0.3 two are, and beyond all three.
    changes = [bool(is_new) for _, is_new in Sweep(Evaluation(counts, GIVEN), np.array([0, 0.1, 0.2, 0.3, 0.31, 1.0]))]
    assert changes == [True, False, True, False, True, False]


def test_decisions_are_those_counted_afresh() -> None:
    counts = drawn(exposure=False)
    decisions = Decisions(counts)
    assert [decisions.at(float(cutoff)) for cutoff in CUTOFFS] == [confusion(counts, float(at)) for at in CUTOFFS]

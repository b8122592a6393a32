"""NRI and IDI by hand: ten applications, four of which defaulted."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dashboard.metrics.estimate import Estimate
from dashboard.metrics.paired import PairedRows, Sample, rank_scores
from dashboard.metrics.paired_reclassification import (
    WARNING,
    Reclassification,
    integrated_discrimination,
    net_reclassification,
)

IS_BAD = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0], dtype=np.uint8)
ONE = [0.05, 0.15, 0.15, 0.30, 0.05, 0.05, 0.15, 0.15, 0.30, 0.05]
TWO = [0.15, 0.30, 0.10, 0.25, 0.05, 0.15, 0.05, 0.05, 0.15, 0.08]


def sample(weight: list[float] | None = None, *, why: str = "") -> Sample:
    scores = rank_scores(ONE, why_no_pd=why), rank_scores(TWO)
    return PairedRows(*scores, IS_BAD, None if weight is None else np.array(weight)).sample


def standard_error(found: Estimate) -> float:
    assert found.low is not None
    assert found.value is not None
    assert found.high is not None
    return (found.high - found.low) / 2


def test_nri_by_band() -> None:
    # Categories from 10 % and from 20 %. Of the defaults two move up and none down (0.10 belongs to the middle one, and
    # 0.25 to the last); of the others one moves up, three down.
    found = net_reclassification(sample(), ((0.10, 0.20), (0.10, 0.20)))
    assert found.of_bad.value == pytest.approx(2 / 4)
    assert found.of_good.value == pytest.approx((3 - 1) / 6)
    assert found.total.value == pytest.approx(2 / 4 + 2 / 6)
    # Pencina's variances with the squared difference, over n - 1 instead of n.
    bad, good = (0.5 - 0.5**2) / 3, (4 / 6 - (2 / 6) ** 2) / 5
    from scipy import stats

    degrees = (bad + good) ** 2 / (bad**2 / 3 + good**2 / 5)
    assert standard_error(found.total) == pytest.approx(stats.t.ppf(0.975, degrees) * math.sqrt(bad + good))


def test_nri_at_each_model_s_cutoff() -> None:
    # At 10 % and at 20 %: the second declines two defaults fewer, the first declines three more of the others.
    found = net_reclassification(sample(), ((0.10,), (0.20,)))
    assert found.of_bad.value == pytest.approx(-1 / 4)
    assert found.of_good.value == pytest.approx(3 / 6)


def test_idi() -> None:
    found = integrated_discrimination(sample())
    assert found.of_bad.value == pytest.approx((0.10 + 0.15 - 0.05 - 0.05) / 4)
    assert found.of_good.value == pytest.approx((0.0 - 0.10 + 0.10 + 0.10 + 0.15 - 0.03) / 6)


def test_a_weight_of_two_counts_as_a_row_twice() -> None:
    weighted = integrated_discrimination(sample([2.0] + 9 * [1.0]))
    assert weighted.of_bad.value == pytest.approx((2 * 0.10 + 0.15 - 0.05 - 0.05) / 5)


def test_the_warning_names_its_sources() -> None:
    assert "Hilden and Gerds" in WARNING
    assert "Pepe" in WARNING


def test_scores_that_are_no_probabilities_are_not_reclassified() -> None:
    undefined = Estimate.undefined("the score ranks")
    assert integrated_discrimination(sample(why="the score ranks")) == Reclassification(*[undefined] * 3)

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dashboard.metrics.amounts import Amounts, mean_estimate, score_bounds, score_ends


@pytest.mark.parametrize(("hits", "trials"), [(1, 20), (3, 50), (8, 247), (40, 100), (99, 100)])
def test_a_share_has_nearly_the_mid_p_interval(hits: int, trials: int) -> None:
    low, high = score_bounds(hits, trials)
    # Mid-p: as much of the binomial beyond what was seen, half of it counted, as 2.5 %.
    for end, tail in ((low, 0.975), (high, 0.025)):
        middle = stats.binom.cdf(hits, trials, end) - stats.binom.pmf(hits, trials, end) / 2
        assert middle == pytest.approx(tail, abs=0.012)


@settings(max_examples=80)
@given(st.integers(0, 300), st.integers(0, 300), st.floats(1, 4))
def test_bounds_hold_the_mean_and_turn_round_with_the_outcome(hits: int, others: int, asymmetry: float) -> None:
    trials = hits + others + 1
    low, high = score_bounds(hits, trials, asymmetry=asymmetry)
    assert 0 <= low <= hits / trials <= high <= 1
    low, high = score_bounds(hits, trials)
    assert score_bounds(trials - hits, trials) == pytest.approx((1 - high, 1 - low))
    assert score_bounds(5.0 * hits, trials, unit=5.0) == pytest.approx((5 * low, 5 * high))


@settings(max_examples=80)
@given(st.floats(0, 400), st.integers(1, 300), st.sampled_from([0.0, 1.0, 7.5]), st.floats(1, 4))
def test_one_total_has_the_very_ends_that_many_have(total: float, trials: int, unit: float, asymmetry: float) -> None:
    many = score_bounds(total, trials, unit=unit, asymmetry=asymmetry)
    assert score_ends(total, trials, unit=unit, asymmetry=asymmetry) == tuple(map(float, many))


def test_no_amounts_at_all_have_no_interval() -> None:
    assert [float(end) for end in score_bounds(0, 9, unit=0.0)] == [0.0, 0.0]
    found = mean_estimate([], 9)
    assert (found.low, found.value, found.high) == (0, 0, 0)


def test_many_amounts_have_196_standard_errors() -> None:
    rng = np.random.default_rng(1)
    gains, losses = rng.lognormal(0, 0.5, 60_000), rng.lognormal(0, 0.5, 20_000)
    rows = np.concatenate([0.05 * gains, -0.45 * losses, np.zeros(20_000)])
    parts = [
        Amounts(weight, float(each.sum()), float((each**2).sum() / each.sum()))
        for weight, each in ((0.05, gains), (-0.45, losses))
    ]
    found = mean_estimate(parts, rows.size)
    half = 1.959963984540054 * rows.std() / math.sqrt(rows.size)
    assert found.value == pytest.approx(rows.mean())
    assert [found.low, found.high] == pytest.approx([rows.mean() - half, rows.mean() + half], rel=5e-3)


def test_two_parts_that_are_everybody_make_up_for_each_other() -> None:
    # Equal amounts of all: there is nothing uncertain about their mean, where either part alone has +- 0.09.
    found = mean_estimate([Amounts(1.0, 30.0, 1.0), Amounts(1.0, 70.0, 1.0)], 100)
    assert [found.low, found.high] == pytest.approx([1, 1], abs=0.012)

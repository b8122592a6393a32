from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dashboard.metrics.amounts import score_bounds
from dashboard.metrics.counts import ScoreCounts, exact_counts
from dashboard.metrics.economics import (
    CRITICAL_GAP,
    Costs,
    CutoffCurve,
    Sensitivity,
    Terms,
    cost_curve,
    cost_sensitivity,
    lgd_sensitivity,
    margin_sensitivity,
    profit_curve,
    realised_at,
)
from dashboard.metrics.rates import confusion
from scripts.intervals.economics import Exposures, measured

Floats = npt.NDArray[np.float64]

TEN_TO_ONE = Costs(10.0, 1.0)
TERMS = Terms(margin=0.05, lgd=0.45, ead=10_000.0)
OUTCOMES = [False, False, True, False, True]
PDS = [0.05, 0.1, 0.2, 0.4, 0.9]
HAND = exact_counts(OUTCOMES, PDS, [100.0, 200.0, 300.0, 400.0, 500.0])


def costs_of(counts: ScoreCounts, costs: Costs = TEN_TO_ONE, cutoff: float = 0.1) -> CutoffCurve:
    found = cost_curve(counts, costs, cutoff=cutoff)
    assert found is not None
    return found


def profit_of(counts: ScoreCounts, terms: Terms = TERMS, cutoff: float = 0.1) -> CutoffCurve:
    found = profit_curve(counts, terms, cutoff=cutoff)
    assert found is not None
    return found


def value_at(curve: CutoffCurve, cutoff: float, values: Floats | None = None) -> float:
    """The curve's value at the last drawn cutoff that is not above `cutoff`."""
    drawn = curve.realised if values is None else values
    return float(drawn[np.searchsorted(curve.cutoff, cutoff, side="right") - 1])


def test_cost_by_hand() -> None:
    # Declining all: 3 good ones. Cutoff 0.15: 1 good one declined. Cutoff 0.3: a default approved and a good declined.
    curve = costs_of(HAND, cutoff=0.15)
    assert curve.now.value == pytest.approx(1 / 5)
    assert value_at(curve, 0.0) == pytest.approx(3 / 5)
    assert value_at(curve, 0.3) == pytest.approx(11 / 5)
    assert value_at(curve, 0.5) == pytest.approx(10 / 5)
    # From above 0.1 to 0.2 only the good one at 0.4 is declined; the cutoff is named by the first PD it declines.
    assert curve.optimum.value == 0.2
    assert curve.best == pytest.approx(0.2)
    assert curve.theory == pytest.approx(1 / 11)


def test_expected_cost_by_hand() -> None:
    # At 0.15, 0.05 and 0.1 are approved: (10 x 0.15 + 0.8 + 0.6 + 0.1) / 5
    curve = costs_of(HAND, cutoff=0.15)
    assert value_at(curve, 0.15, curve.expected) == pytest.approx(3.0 / 5)


def test_profit_by_hand() -> None:
    # At 0.15: 5 % of 100 + 200. At 0.3 less 45 % of 300.
    curve = profit_of(HAND, cutoff=0.15)
    assert curve.now.value == pytest.approx(15 / 5)
    assert value_at(curve, 0.3) == pytest.approx((15 - 135) / 5)
    assert value_at(curve, 0.0) == 0
    # (0.95 x 0.05 - 0.05 x 0.45) x 100 + (0.9 x 0.05 - 0.1 x 0.45) x 200 = 2.5 + 0
    assert value_at(curve, 0.15, curve.expected) == pytest.approx(2.5 / 5)
    assert curve.optimum.value == 0.2
    assert curve.best == pytest.approx(3.0)
    assert curve.theory == pytest.approx(0.1)


def test_the_value_at_a_cutoff_is_the_curves(binned: ScoreCounts) -> None:
    cutoffs = (0.0, 0.05, 0.0909, 1.0)
    assert realised_at(binned, TEN_TO_ONE, cutoffs) == tuple(costs_of(binned, cutoff=at).now for at in cutoffs)
    assert realised_at(binned, TERMS, cutoffs) == tuple(profit_of(binned, cutoff=at).now for at in cutoffs)


def test_profit_without_exposure_takes_the_same_for_all() -> None:
    curve = profit_of(exact_counts(OUTCOMES, PDS), cutoff=0.3)
    assert curve.now.value == pytest.approx((0.05 * 20_000 - 0.45 * 10_000) / 5)


@settings(max_examples=60)
@given(
    # No PD of 1: no cutoff that can be set approves it.
    st.lists(st.tuples(st.booleans(), st.integers(0, 7), st.integers(1, 9)), min_size=1, max_size=50),
    st.integers(0, 9),
    st.floats(0, 20),
    st.floats(0.01, 5),
)
def test_values_and_optimum_agree_with_the_rows(
    rows: list[tuple[bool, int, int]], step: int, loss: float, gain: float
) -> None:
    outcome, pd, ead = (np.array([row[i] for row in rows], dtype=kind) for i, kind in enumerate((bool, float, float)))
    pd, cutoff = pd / 8, step / 8
    counts = exact_counts(outcome, pd, ead)

    def cost(at: float) -> float:
        return float(np.where(pd < at, loss * outcome, gain * ~outcome).mean())

    def profit(at: float) -> float:
        return float(np.where(pd < at, ead * np.where(outcome, -0.45, 0.05), 0.0).mean())

    candidates = np.append(np.unique(pd), 2.0)
    for curve, value, best in (
        (costs_of(counts, Costs(loss, gain), cutoff), cost, min(map(cost, candidates))),
        (profit_of(counts, TERMS, cutoff), profit, max(map(profit, candidates))),
    ):
        assert curve.now.value == pytest.approx(value(cutoff), abs=1e-9)
        for drawn, realised in zip(curve.cutoff, curve.realised, strict=True):
            assert realised == pytest.approx(value(drawn), abs=1e-9)
        if len(set(outcome)) == 2:
            assert curve.best == pytest.approx(best, abs=1e-9)
            assert curve.optimum.value is not None
            assert value(curve.optimum.value) == pytest.approx(best, abs=1e-9)
        else:
            assert not curve.optimum.is_defined


@pytest.mark.parametrize("cutoff", [0.0, 0.0909, 0.3, 1.0])
def test_cost_on_the_grid_is_that_of_the_confusion_matrix(binned: ScoreCounts, cutoff: float) -> None:
    found, curve = confusion(binned, cutoff), costs_of(binned, cutoff=cutoff)
    total = 10 * found.false_approvals + found.false_declines
    assert curve.now.value == pytest.approx(total / found.applications, abs=1e-12)


def test_profit_on_the_grid_is_that_of_the_rows(portfolio: pl.DataFrame, binned: ScoreCounts) -> None:
    approved = portfolio.filter(pl.col("default_probability").cast(pl.Float64) < 0.1)
    worth = pl.when("is_default").then(-0.45).otherwise(0.05) * pl.col("exposure").cast(pl.Float64)
    total = approved.select(worth.sum()).item()
    curve = profit_of(binned, cutoff=0.1)
    assert curve.now.value == pytest.approx(total / portfolio.height, rel=1e-9)
    exact = exact_counts(*(portfolio[name].to_numpy() for name in ("is_default", "default_probability", "exposure")))
    other = profit_of(exact, cutoff=0.1)
    assert value_at(curve, 0.1, curve.expected) == pytest.approx(value_at(other, 0.1, other.expected), rel=1e-4)


def test_squared_exposure_is_estimated_closely(portfolio: pl.DataFrame, binned: ScoreCounts) -> None:
    worth = np.where(portfolio["is_default"].to_numpy(), -0.45, 0.05) * portfolio["exposure"].to_numpy()
    approved = portfolio["default_probability"].to_numpy() < 0.1
    now = profit_of(binned, cutoff=0.1).now
    assert now.high is not None
    assert now.value is not None
    error = np.where(approved, worth, 0.0).std() / math.sqrt(portfolio.height)
    assert (now.high - now.value) / stats.norm.ppf(0.975) == pytest.approx(error, rel=0.02)


def test_a_grid_optimum_is_the_lowest_of_all_cutoffs(portfolio: pl.DataFrame, binned: ScoreCounts) -> None:
    pd, bad = portfolio["default_probability"].to_numpy().astype(np.float64), portfolio["is_default"].to_numpy()
    costs = [float(np.where(pd < at, 10 * bad, ~bad).mean()) for at in np.arange(700, 1_100) / 10_000]
    curve = costs_of(binned)
    assert curve.best == pytest.approx(min(costs), abs=1e-12)
    assert curve.optimum.value is not None
    assert float(np.where(pd < curve.optimum.value, 10 * bad, ~bad).mean()) == min(costs)
    assert round(curve.optimum.value, 4) == curve.optimum.value
    assert curve.cutoff.size <= 300


def test_expected_curves_are_best_at_break_even(binned: ScoreCounts) -> None:
    for curve, best in ((costs_of(binned), np.argmin), (profit_of(binned), np.argmax)):
        assert curve.theory is not None
        assert curve.cutoff[best(curve.expected)] == pytest.approx(curve.theory, abs=2 * np.diff(curve.cutoff).max())


@pytest.mark.parametrize(("n_defaults", "cutoff"), [(20, 0.0909), (20, 0.4), (50, 0.05)])
def test_cost_and_profit_cover_94_percent_from_20_defaults_on(n_defaults: int, cutoff: float) -> None:
    found = measured(n_defaults, 600, n_defaults, exposures=(Exposures(0.6), Exposures(1.0)), cutoffs=(cutoff,))
    for (exposures, _), missed in found.items():
        # 94 % less what 600 samples may be off by chance. Mean +- 1.96 standard errors had 90 %, with 9 on one side.
        assert 0.925 <= missed.coverage <= 0.985, exposures
        assert max(missed.below, missed.above) <= 30, exposures
    assert 0.94 <= np.mean([missed.coverage for missed in found.values()]) <= 0.975


def test_without_an_approved_default_there_may_still_be_some() -> None:
    # 30 approved of 40, none of which defaulted: up to 3 of 40 would not surprise.
    counts = exact_counts([0] * 30 + [1] * 10, np.append(np.linspace(0.01, 0.04, 30), [0.5] * 10), [100.0] * 40)
    cost, profit = costs_of(counts).now, profit_of(counts).now
    assert (cost.value, cost.low) == (0, 0)
    assert cost.high == pytest.approx(10 * 2.7 / 40, abs=0.05)
    assert profit.value == pytest.approx(0.05 * 75)
    # The 30 that repaid may be fewer, too, but that is small beside it.
    assert profit.low == pytest.approx(3.75 - 45 * 2.7 / 40, abs=0.2)


def test_where_nobody_is_approved_nothing_is_earned_or_lost() -> None:
    found = profit_of(HAND, cutoff=0.0).now
    assert (found.low, found.value, found.high) == (0, 0, 0)
    # And no default is approved: what is uncertain is how many good ones there are.
    everyone = costs_of(HAND, cutoff=0.0).now
    low, high = score_bounds(3, 5)
    assert [everyone.low, everyone.high] == pytest.approx([float(low), float(high)])


@pytest.mark.parametrize(("bins", "slope"), [(10_000, 0.0), (1_000, 5.0), (100, 5.0)])
def test_squared_exposure_is_found_on_any_grid_and_where_it_falls_with_pd(bins: int, slope: float) -> None:
    rng = np.random.default_rng(bins)
    pd = np.floor(rng.beta(1.2, 13.6, 200_000) * bins) / bins
    outcome, ead = rng.random(pd.size) < pd, np.exp(rng.normal(0, 0.6, pd.size) - slope * pd)
    now = profit_of(exact_counts(outcome, pd, ead)).now
    error = np.where(pd < 0.1, ead * np.where(outcome, -0.45, 0.05), 0.0).std() / math.sqrt(pd.size)
    assert now.high is not None
    assert now.low is not None
    assert (now.high - now.low) / 2 / stats.norm.ppf(0.975) == pytest.approx(error, rel=0.04)


def calibrated(a: float, b: float) -> tuple[Floats, Floats]:
    """Shares of goods and bads among all, in 1,000 bins of a Beta(a, b) PD that is right."""
    weight = np.diff(stats.beta.cdf(np.linspace(0, 1, 1_001), a, b))
    pd = (np.arange(1_000) + 0.5) / 1_000
    return weight * (1 - pd), weight * pd


def binormal(distance: float, spread: float = 1.0) -> tuple[Floats, Floats]:
    """Shares of goods, N(0, 1), and bads, N(distance, spread), 11 to 1, in 1,000 bins."""
    cuts = np.linspace(-5, 6, 999)
    good, bad = stats.norm.cdf(cuts), stats.norm.cdf((cuts - distance) / spread)
    return np.diff(good, prepend=0, append=1) * 11 / 12, np.diff(bad, prepend=0, append=1) / 12


MODELS = {"portfolio": calibrated(1.2, 13.6), "binormal": binormal(1.0), "weak": binormal(0.2)}


@pytest.mark.parametrize(("n_bad", "top"), [(24_825, 0.975), (500, 0.99), (60, 1.0)])
@pytest.mark.parametrize("model", MODELS)
def test_the_range_of_the_best_cutoff_covers_at_least_94_percent(model: str, n_bad: int, top: float) -> None:
    good, bad = MODELS[model]
    truth = int(np.argmax(np.cumsum(good - 10 * bad)))
    edges, zeros = np.arange(1_000) / 1_000, np.zeros(1_000)
    drawn = np.random.default_rng(n_bad).multinomial(12 * n_bad, np.concatenate([good, bad]), 1_000)
    covered = []
    for row in drawn:
        counts = ScoreCounts(edges, row[:1_000], row[1_000:], zeros, zeros, zeros, zeros)
        optimum = costs_of(counts).optimum
        assert optimum.low is not None
        assert optimum.high is not None
        below = np.concatenate([[0], np.cumsum(counts.applications)])
        first, last = (below[np.searchsorted(edges, end, side="left")] for end in (optimum.low, optimum.high))
        # Cutoffs between which nobody is decide alike.
        covered.append(first <= below[truth + 1] <= last)
    assert 0.94 <= np.mean(covered) <= top


def test_the_critical_gap_is_that_of_brownian_motion_with_drift() -> None:
    rng, step, reach, paths = np.random.default_rng(4), 0.004, 2.5, 4_000
    time = np.arange(0, reach + step, step)
    noise = rng.normal(0, math.sqrt(step), (2, paths, time.size - 1))
    sides = np.concatenate([np.zeros((2, paths, 1)), np.cumsum(noise, axis=2)], axis=2) - time**2
    side = np.argmax(sides.max(axis=2), axis=0)
    chosen, away = sides[side, np.arange(paths)], sides[1 - side, np.arange(paths)]
    found = time[np.argmax(chosen, axis=1)]
    gaps = chosen.max(axis=1)[:, None] - away
    needed = (gaps / np.sqrt(np.maximum(found[:, None] + time, 1e-12))).min(axis=1)
    assert np.quantile(needed, 0.95) == pytest.approx(CRITICAL_GAP, abs=0.06)


@pytest.mark.parametrize("outcome", [[True, True], [False, False], [True], [False]])
def test_without_both_outcomes_there_is_no_best_cutoff(outcome: list[bool]) -> None:
    counts = exact_counts(outcome, [0.1, 0.2][: len(outcome)], [5.0, 6.0][: len(outcome)])
    for curve in (costs_of(counts), profit_of(counts)):
        assert curve.best is None
        assert "of the cohort's applications defaulted" in curve.optimum.explanation
    assert cost_sensitivity(counts, TEN_TO_ONE, cutoff=0.1) is None
    assert lgd_sensitivity(counts, TERMS, cutoff=0.1) is None
    assert margin_sensitivity(counts, TERMS, cutoff=0.1) is None


def test_an_empty_cohort_has_no_curve() -> None:
    empty = ScoreCounts.empty()
    assert cost_curve(empty, TEN_TO_ONE, cutoff=0.1) is None
    assert profit_curve(empty, TERMS, cutoff=0.1) is None
    assert cost_sensitivity(empty, TEN_TO_ONE, cutoff=0.1) is None


def test_where_nothing_is_at_stake_there_is_no_best_cutoff(binned: ScoreCounts) -> None:
    curve = costs_of(binned, Costs(0.0, 0.0))
    assert curve.optimum.explanation == (
        "not defined because neither a right nor a wrong decision is worth anything with these assumptions"
    )
    assert (curve.theory, curve.best) == (None, None)
    assert profit_of(binned, Terms(0.0, 0.0, 1.0)).theory is None
    assert cost_sensitivity(binned, Costs(10.0, 0.0), cutoff=0.1) is None
    assert lgd_sensitivity(binned, Terms(0.0, 0.4, 1.0), cutoff=0.1) is None
    assert margin_sensitivity(binned, Terms(0.1, 0.0, 1.0), cutoff=0.1) is None


def test_with_one_stake_all_or_nobody_is_declined() -> None:
    assert costs_of(HAND, Costs(1.0, 0.0)).optimum.value == 0.05
    assert costs_of(HAND, Costs(0.0, 1.0)).optimum.value == 0.9


def as_curve(result: Sensitivity | None, value: float) -> dict[str, float]:
    assert result is not None
    at = int(np.flatnonzero(result.values == value)[0])
    names = ("optimum", "low", "high", "theory", "excess", "relative_excess")
    return {name: float(getattr(result, name)[at]) for name in names}


def test_sensitivity_repeats_the_curves_of_each_value(binned: ScoreCounts) -> None:
    for result, value, curve in (
        (cost_sensitivity(binned, TEN_TO_ONE, cutoff=0.1), 20.0, costs_of(binned, Costs(20.0, 1.0))),
        (lgd_sensitivity(binned, TERMS, cutoff=0.1), 0.6, profit_of(binned, Terms(0.05, 0.6, 1.0))),
        (margin_sensitivity(binned, TERMS, cutoff=0.1), 0.1, profit_of(binned, Terms(0.1, 0.45, 1.0))),
    ):
        assert curve.best is not None
        assert curve.now.value is not None
        found, excess = as_curve(result, value), abs(curve.best - curve.now.value)
        assert (found["optimum"], found["low"], found["high"]) == (
            curve.optimum.value,
            curve.optimum.low,
            curve.optimum.high,
        )
        assert found["theory"] == pytest.approx(curve.theory)
        assert found["excess"] == pytest.approx(excess)
        assert found["relative_excess"] == pytest.approx(excess / abs(curve.best))


def test_sensitivity_includes_the_value_in_force(binned: ScoreCounts) -> None:
    result = cost_sensitivity(binned, Costs(7.7, 1.0), cutoff=0.1, ratios=(1.0, 10.0))
    assert result is not None
    assert result.values.tolist() == [1.0, 7.7, 10.0]
    assert (result.current, result.applied) == (7.7, 0.1)


def test_only_the_ratio_of_the_costs_counts(binned: ScoreCounts) -> None:
    assert costs_of(binned, Costs(30.0, 3.0)).optimum == costs_of(binned).optimum

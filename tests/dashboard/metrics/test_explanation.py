"""Aggregates of contributions against the rows themselves: NumPy and Polars on random cohorts, and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dashboard.metrics.estimate import Estimate
from dashboard.metrics.explanation import MOST_BARS, dependence, difference, importance, strip
from dashboard.metrics.explanation_counts import (
    FeatureCounts,
    count_contributions,
    count_feature,
)
from inference.explain.contributions import BinKind, Contributions
from tests.dashboard.metrics.made_contributions import (
    N_ROWS,
    NAMES,
    NOBODY,
    PLACES,
    STEP,
    by_hand,
    draw_contributions,
    stored_in,
)


@pytest.fixture(scope="module")
def found() -> Contributions:
    return draw_contributions()


def test_importance_is_the_mean_size_with_the_interval_of_a_mean(found: Contributions) -> None:
    rows = PLACES % 7 == 0
    effects = importance(count_contributions(found, rows))
    for effect in effects.ordered:
        sizes = np.abs(stored_in(found, effect.name, rows)) * STEP
        half = 1.959963984540054 * sizes.std(ddof=1) / math.sqrt(sizes.size)
        assert effect.estimate.value == pytest.approx(sizes.mean(), abs=1e-12)
        assert effect.estimate.high == pytest.approx(sizes.mean() + half, abs=1e-9)
        assert effect.estimate.low == pytest.approx(sizes.mean() - half, abs=1e-9)
    assert [effect.size for effect in effects.ordered] == sorted((e.size for e in effects.ordered), reverse=True)


def test_differences_add_up_to_the_difference_of_the_mean_log_odds(found: Contributions) -> None:
    one, two = PLACES < 9_000, (PLACES >= 9_000) & (PLACES < 30_000)
    effects = difference(count_contributions(found, one), count_contributions(found, two))
    rows = found.frame.select(NAMES).to_numpy().astype(np.float64).sum(axis=1) * STEP
    assert effects.total == pytest.approx(rows[one].mean() - rows[two].mean(), abs=1e-12)
    score = effects.of("score")
    ours, theirs = (stored_in(found, "score", part) * STEP for part in (one, two))
    half = 1.959963984540054 * math.sqrt(ours.var(ddof=1) / ours.size + theirs.var(ddof=1) / theirs.size)
    assert score.high is not None
    assert score.value == pytest.approx(ours.mean() - theirs.mean(), abs=1e-12)
    assert score.high - (score.value or 0) == pytest.approx(half, abs=1e-9)


def test_difference_from_the_average_is_the_mean(found: Contributions) -> None:
    effects = difference(count_contributions(found))
    assert effects.of("job").value == pytest.approx(stored_in(found, "job", None).mean() * STEP, abs=1e-12)


def test_one_application_and_none(found: Contributions) -> None:
    one = importance(count_contributions(found, PLACES == 3))
    assert one.of("score") == Estimate(abs(int(stored_in(found, "score", None)[3])) * STEP)
    nothing = count_contributions(found, NOBODY)
    assert importance(nothing).n_applications == 0
    assert not importance(nothing).of("score").is_defined
    assert not difference(count_contributions(found), nothing).of("score").is_defined
    empty = count_feature(found, "score", NOBODY)
    assert strip(empty) is None
    assert np.isnan(dependence(empty).mean).all()
    assert dependence(empty).share.sum() == 0


@pytest.mark.parametrize("name", NAMES)
def test_dependence_is_mean_and_quantiles_of_each_bin(found: Contributions, name: str) -> None:
    rows = PLACES % 3 == 1
    shown = dependence(count_feature(found, name, rows))
    codes = found.frame[shown.feature.code_column].to_numpy()[rows]
    values = stored_in(found, name, rows) * STEP
    for code in range(shown.feature.bins.size + 1):
        own = values[codes == code]
        assert shown.applications[code] == own.size
        if not own.size:
            assert np.isnan([shown.mean[code], shown.low[code], shown.high[code]]).all()
            continue
        assert shown.mean[code] == pytest.approx(own.mean(), abs=1e-12)
        ends = np.quantile(own, [0.1, 0.9], method="inverted_cdf")
        assert [shown.low[code], shown.high[code]] == pytest.approx(ends, abs=shown.resolution / 2)


@pytest.mark.parametrize("name", NAMES)
def test_strip_holds_all_but_the_tails(found: Contributions, name: str) -> None:
    shown = strip(count_feature(found, name))
    assert shown is not None
    values = stored_in(found, name, None) * STEP
    assert shown.share.size <= MOST_BARS
    assert max(shown.below, shown.above) <= 0.005
    assert shown.share.sum() + shown.below + shown.above == pytest.approx(1, abs=1e-12)
    counted = np.histogram(values, bins=shown.edges)[0]
    np.testing.assert_allclose(shown.share, counted / N_ROWS, atol=1e-12)
    cell = count_feature(found, name).width * STEP
    ends = np.quantile(values, [0.1, 0.5, 0.9], method="inverted_cdf")
    assert [shown.low, shown.median, shown.high] == pytest.approx(ends, abs=cell / 2)


def test_values_of_a_strip_are_mean_ranks_of_those_that_have_one() -> None:
    # Ranks among the six with a value: lowest four at 2/6, the other two at 5/6; the missing row has none.
    shown = strip(by_hand([[0, 3, 1], [0, 0, 2], [5, 0, 0]]))
    assert shown is not None
    assert np.isnan(shown.value[0])
    assert shown.value[1:].tolist() == pytest.approx([2 / 6, (2 / 6 + 2 * 5 / 6) / 3])
    assert (shown.with_low, shown.with_high) == (1.0, 2.0)
    assert shown.edges.tolist() == [-0.5, 0.5, 1.5, 2.5]


def test_thirds_are_whole_bins_of_values() -> None:
    # 2, 2, 1, 1 and 3 applications: the nearest to a third of nine are the first two bins (4), at the top the last (3).
    rows = [[2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 1, 0], [0, 0, 1, 0], [0, 0, 0, 3], [9, 0, 0, 0]]
    shown = strip(by_hand(rows))
    assert shown is not None
    assert (shown.with_low, shown.with_high) == (0.0, 3.0)


@pytest.mark.parametrize(
    ("counts", "case"),
    [
        (by_hand([[0, 3], [1, 2], [0, 0]], BinKind.LEVELS), "a category has no order"),
        (by_hand([[0, 3], [0, 0], [4, 0]]), "one value only"),
        (by_hand([[0, 0], [0, 0], [4, 1]]), "all missing"),
    ],
)
def test_no_low_and_high_values(counts: FeatureCounts, case: str) -> None:
    shown = strip(counts)
    assert shown is not None, case
    assert (shown.with_low, shown.with_high) == (None, None)

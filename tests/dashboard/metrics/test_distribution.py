from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from dashboard.metrics.counts import ScoreCounts, count_scores, exact_counts
from dashboard.metrics.distribution import MAX_BARS, MIN_BARS, pd_distribution


def test_bars_are_those_of_a_histogram(portfolio: pl.DataFrame, binned: ScoreCounts) -> None:
    found = pd_distribution(binned)
    for outcome, number, beyond in ((False, found.good, found.good_beyond), (True, found.bad, found.bad_beyond)):
        pds = portfolio.filter(pl.col("is_default") == outcome)["default_probability"].to_numpy().astype(np.float64)
        bars = np.searchsorted(found.edges, pds, side="right") - 1
        assert number.tolist() == np.bincount(bars, minlength=found.edges.size)[: number.size].tolist()
        assert beyond == np.count_nonzero(pds >= found.edges[-1])


def test_axis_covers_99_percent_of_either_outcome_in_round_bars(binned: ScoreCounts) -> None:
    found = pd_distribution(binned)
    assert found.bad_beyond <= 0.01 * found.n_bad
    assert found.good_beyond <= 0.01 * found.n_good
    assert found.edges[1] == 0.005
    assert 60 <= found.good.size <= MAX_BARS
    # One bar less would leave out more than 1 % of the defaults.
    assert found.bad_beyond + found.bad[-1] > 0.01 * found.n_bad


def test_shares_are_of_all_applications_of_the_outcome(binned: ScoreCounts) -> None:
    found = pd_distribution(binned)
    assert found.bad_share.sum() == pytest.approx(1 - found.bad_beyond / binned.n_bad)
    assert found.good_share.sum() == pytest.approx(1 - found.good_beyond / binned.n_good)


def test_medians(binned: ScoreCounts, portfolio: pl.DataFrame) -> None:
    found = pd_distribution(binned)
    medians = portfolio.group_by("is_default").agg(pl.col("default_probability").median()).sort("is_default")
    assert found.good_median == pytest.approx(medians["default_probability"][0], abs=1e-4)
    assert found.bad_median == pytest.approx(medians["default_probability"][1], abs=1e-4)


def test_pds_all_over_the_scale_end_at_one() -> None:
    found = pd_distribution(exact_counts([0, 1] * 500, np.linspace(0, 1, 1_000)), coverage=1.0)
    assert found.edges[-1] == 1
    assert found.good_beyond + found.bad_beyond == 0
    assert found.n_good + found.n_bad == 1_000


@pytest.mark.parametrize("pd", [0.0, 0.00005, 0.5, 1.0])
def test_single_application_is_in_a_bar(pd: float) -> None:
    found = pd_distribution(exact_counts([1], [pd]))
    assert found.bad.sum() == 1
    assert found.bad_median == pd
    assert found.good_median is None
    assert not found.good_share.any()


def test_small_cohorts_get_few_bars(portfolio: pl.DataFrame) -> None:
    found = pd_distribution(count_scores(portfolio.head(300)))
    assert found.good.size <= MIN_BARS


def test_empty_cohort_has_empty_bars() -> None:
    found = pd_distribution(ScoreCounts.empty())
    assert found.n_good + found.n_bad == 0
    assert found.good.size >= 1
    assert found.good_median is None

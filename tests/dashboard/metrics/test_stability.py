from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dashboard.metrics.column_counts import ColumnCounts
from dashboard.metrics.counts import (
    CountsError,
    ScoreCounts,
    count_scores,
    exact_counts,
)
from dashboard.metrics.stability import (
    NO_CURRENT,
    NO_REFERENCE,
    SAME_ROWS,
    Shift,
    characteristic_stability,
    critical_value,
    population_stability,
    stability_index,
)
from dashboard.metrics.weighing import Overlap

bins = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=12)


def scored(pd: npt.ArrayLike) -> ScoreCounts:
    """Counts of non-defaults with these PDs."""
    return exact_counts(np.zeros(np.size(pd), dtype=bool), pd)


def test_index_by_hand() -> None:
    found = stability_index([50, 30, 20], [20, 30, 50])
    # (0.2 - 0.5) ln(0.2 / 0.5) = 0.3 ln 2.5, twice; the middle bin adds nothing.
    assert found.index.value == pytest.approx(0.6 * math.log(2.5), abs=1e-12)
    np.testing.assert_allclose(found.contribution, [0.3 * math.log(2.5), 0, 0.3 * math.log(2.5)])
    assert (found.n_reference, found.n_current) == (100, 100)
    assert found.reference_share.tolist() == [0.5, 0.3, 0.2]
    assert found.current_share.tolist() == [0.2, 0.3, 0.5]


def test_an_empty_bin_counts_as_half_an_application() -> None:
    found = stability_index([40, 60], [0, 50])
    first = (0.01 - 0.4) * math.log(0.01 / 0.4)  # half of one in 50
    second = (1 - 0.6) * math.log(1 / 0.6)
    np.testing.assert_allclose(found.contribution, [first, second])
    assert found.largest == 0
    swapped = stability_index([0, 50], [40, 60])
    assert swapped.index.value == pytest.approx(first + second)


def test_an_empty_bin_that_is_to_be_expected_adds_nothing() -> None:
    # In 20 applications a bin of 2 % would hold 0.4: that there is none says nothing.
    found = stability_index([2, 98], [0, 20])
    assert found.contribution[0] == 0
    assert stability_index([0, 5, 5], [0, 2, 8]).contribution[0] == 0


@settings(max_examples=200)
@given(bins)
def test_index_agrees_with_both_divergences_of_scipy(rows: list[tuple[int, int]]) -> None:
    r, c = (np.array(side) + 1 for side in zip(*rows, strict=True))
    found = stability_index(r, c)
    wanted = stats.entropy(r, c) + stats.entropy(c, r)
    assert found.index.value == pytest.approx(wanted, abs=1e-9)
    assert found.contribution.sum() == pytest.approx(wanted, abs=1e-9)
    assert np.all(found.contribution >= 0)


@settings(max_examples=200)
@given(bins)
def test_index_is_finite_symmetric_and_zero_for_equal_shares(rows: list[tuple[int, int]]) -> None:
    r, c = (np.array(side) for side in zip(*rows, strict=True))
    found, swapped = stability_index(r, c), stability_index(c, r)
    if not r.sum() or not c.sum():
        assert found.index.explanation == f"not defined because {NO_CURRENT if r.sum() else NO_REFERENCE}"
        assert found.shift is None
        assert found.corrected is None
        assert found.largest is None
        return
    assert found.index.value == pytest.approx(swapped.index.value or 0.0, abs=1e-12)
    assert stability_index(r, 3 * r).index.value == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("level", [0.95, 0.99])
@pytest.mark.parametrize("n_bins", [2, 10, 51])
def test_critical_value_is_a_quantile_of_chi_square(n_bins: int, level: float) -> None:
    wanted = (1 / 300 + 1 / 700) * stats.chi2.ppf(level, n_bins - 1)
    assert critical_value(n_bins, 300, 700, level=level) == pytest.approx(wanted, abs=1e-12)


def test_critical_value_of_one_bin_is_zero() -> None:
    assert critical_value(1, 300, 700) == 0
    assert stability_index([5], [9]).shift is Shift.NONE


def test_critical_values_count_bins_that_hold_something() -> None:
    found = stability_index([50, 0, 50], [30, 0, 70])
    assert found.critical_95 == pytest.approx(0.02 * 3.841458820694124)
    assert found.critical_99 == pytest.approx(0.02 * 6.634896601021217)
    assert found.noise == pytest.approx(0.02)
    assert found.corrected == pytest.approx((found.index.value or 0.0) - 0.02)


def test_chance_stays_below_the_critical_values_as_often_as_they_say() -> None:
    rng = np.random.default_rng(4)
    pairs = zip(rng.multinomial(5_000, [0.1] * 10, 4_000), rng.multinomial(2_000, [0.1] * 10, 4_000), strict=True)
    found = [stability_index(r, c) for r, c in pairs]
    index = np.array([result.index.value for result in found])
    assert np.mean(index > found[0].critical_95) == pytest.approx(0.05, abs=0.01)
    assert np.mean(index > found[0].critical_99) == pytest.approx(0.01, abs=0.005)
    assert index.mean() == pytest.approx(found[0].noise, rel=0.03)


@pytest.mark.parametrize(("n_reference", "overlap"), [(5_000, 2_000), (5_000, 1_000), (2_000, 1_500)])
def test_what_both_sides_share_cannot_differ(n_reference: int, overlap: int) -> None:
    rng = np.random.default_rng(5)
    found = []
    for _ in range(4_000):
        rows = rng.integers(0, 10, 2_000 + n_reference - overlap)
        current, reference = rows[:2_000], rows[2_000 - overlap :]
        found.append(stability_index(np.bincount(reference), np.bincount(current), overlap=overlap))
    index = np.array([result.index.value for result in found])
    assert np.mean(index > found[0].critical_95) == pytest.approx(0.05, abs=0.01)
    assert index.mean() == pytest.approx(found[0].noise, rel=0.05)


def test_the_same_rows_have_no_index() -> None:
    found = stability_index([4, 6], [4, 6], overlap=10)
    assert found.index.explanation == f"not defined because {SAME_ROWS}"


@pytest.mark.parametrize(
    ("reference", "current", "said"),
    [
        ([50_000, 50_000], [50_050, 49_950], Shift.NONE),
        ([50_000, 50_000], [52_000, 48_000], Shift.SMALL),
        ([50_000, 50_000], [66_000, 34_000], Shift.MODERATE),
        ([50_000, 50_000], [80_000, 20_000], Shift.LARGE),
        ([50_000, 50_000], [6, 4], Shift.TOO_FEW),
        # 0.3 ln 4 = 0.416 is between the 95 % value of 0.384 and the 99 % value of 0.664.
        ([50_000, 50_000], [8, 2], Shift.TOO_FEW),
        ([50_000, 50_000], [10, 0], Shift.LARGE),
    ],
)
def test_verdicts(reference: list[int], current: list[int], said: Shift) -> None:
    found = stability_index(reference, current)
    assert found.shift is said
    assert found.has_shifted is (said in (Shift.MODERATE, Shift.LARGE))


def test_pd_is_compared_over_tenths_of_the_reference(portfolio: pl.DataFrame, binned: ScoreCounts) -> None:
    current = portfolio.filter(pl.col("region") == 2)
    found = population_stability(binned, count_scores(current), overlap=Overlap.of_rows(current.height))
    assert found.edges.size == 10
    assert found.edges[0] == 0
    assert np.all(np.abs(found.stability.reference_share - 0.1) < 0.002)
    ends = [*found.edges, np.inf]
    for frame, number in ((portfolio, found.stability.reference), (current, found.stability.current)):
        pd = frame["default_probability"].to_numpy().astype(np.float64)
        assert number.tolist() == np.histogram(pd, ends)[0].tolist()


@settings(max_examples=100)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=60), st.lists(st.integers(0, 12), min_size=1, max_size=60))
def test_pd_index_is_that_of_the_rows_given_the_bins(reference: list[int], current: list[int]) -> None:
    sides = [np.array(side) / 12 for side in (reference, current)]
    found = population_stability(*(scored(side) for side in sides))
    assert found.edges.size <= 10
    r, c = (np.histogram(side, [*found.edges, np.inf])[0] for side in sides)
    assert found.stability.reference.tolist() == r.tolist()
    assert found.stability.current.tolist() == c.tolist()
    assert found.stability.index.value == pytest.approx(stability_index(r, c).index.value or 0.0, abs=1e-9)


def test_one_pd_for_all_makes_one_group() -> None:
    found = population_stability(scored([0.2] * 5), scored([0.2] * 7)).stability
    assert found.index.value == pytest.approx(0)
    assert found.shift is Shift.NONE


def test_empty_sides_say_so() -> None:
    some, none = scored([0.1, 0.2]), ScoreCounts.empty()
    assert population_stability(none, some).stability.index.reason == NO_REFERENCE
    assert population_stability(some, none).stability.index.reason == NO_CURRENT


def test_different_grids_are_refused() -> None:
    one, other = (replace(scored(pds), is_exact=False) for pds in ([0.1, 0.2], [0.1, 0.3]))
    with pytest.raises(CountsError, match="grids of two tables"):
        population_stability(one, other)


def test_a_file_is_put_on_the_grid_of_the_portfolio(portfolio: pl.DataFrame, binned: ScoreCounts) -> None:
    file = portfolio.filter(pl.col("region") == 2).head(9_000)
    found = population_stability(binned, count_scores(file))
    ends = [*found.edges, np.inf]
    assert found.stability.current.tolist() == np.histogram(file["default_probability"], ends)[0].tolist()


def test_every_column_has_its_index() -> None:
    reference = ColumnCounts({"a": np.array([5, 5]), "b": np.array([2, 3, 5])})
    current = ColumnCounts({"a": np.array([8, 2]), "b": np.array([2, 3, 5])})
    found = characteristic_stability(reference, current, overlap=Overlap.of_rows(4))
    assert found["a"].index.value == pytest.approx(0.3 * math.log(8 / 5) - 0.3 * math.log(2 / 5))
    assert found["b"].index.value == 0
    assert found["b"].largest is None
    assert found["a"].noise == pytest.approx(0.12)

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import rankdata

from data.home_credit.marginals import Lattice, Levels, Marginal, average_ranks, round_small


def test_no_stored_count_tells_of_fewer_than_fifteen() -> None:
    assert [round_small(count) for count in (0, 2, 3, 12, 13, 14, 15, 16)] == [0, 0, 5, 10, 15, 15, 15, 16]


def test_rare_levels_share_a_code_and_are_dropped_where_too_few() -> None:
    levels = Levels.fit(["b"] * 20 + ["a"] * 20 + ["c"] * 9 + ["d"] * 8 + ["e"])
    assert (levels.common, levels.rare, levels.rare_weights) == (("a", "b"), ("c", "d"), (10, 10))
    assert levels.encode(["a", "b", "c", "d", "e"]).tolist() == [1, 2, 3, 3, 1]
    drawn = levels.decode(np.full(4_000, 3, np.uint8), np.random.default_rng(1))
    assert set(drawn.tolist()) == {2, 3}
    assert np.mean(drawn == 2) == pytest.approx(0.5, abs=0.03)
    assert Levels.fit(["a"] * 20 + ["c"] * 9).rare == ()
    assert Levels.from_json(levels.to_json()) == levels


@pytest.mark.parametrize("step", [450.0, 4.5, 1.0, 1e-4])
def test_a_lattice_is_the_coarsest_step_that_the_values_keep(step: float) -> None:
    values = (step * np.random.default_rng(2).integers(1, 2_000, 900)).astype(np.float64)
    lattice = Lattice.fit(values)
    assert (lattice.step, lattice.share, lattice.rest) == (step, 1.0, 0.0)
    snapped = lattice.snap(values + 0.3 * step, np.random.default_rng(3))
    np.testing.assert_allclose(snapped, values, rtol=0, atol=1e-5)


def test_values_off_the_lattice_keep_a_finer_one() -> None:
    values = np.concatenate([4_500.0 * np.arange(1, 98), [4.5 * 3, 4.5 * 7, 4.5 * 1_001]])
    lattice = Lattice.fit(values)
    assert (lattice.step, lattice.share, lattice.rest) == (4_500.0, 0.97, 4.5)


def test_a_marginal_gives_back_the_distribution_it_was_fitted_on() -> None:
    rng = np.random.default_rng(4)
    values = np.concatenate([np.zeros(3_000), rng.exponential(100, 6_000).round(2), np.full(1_000, np.nan)])
    fitted = Marginal.fit(values, n_cells=20, own_cell=0.05)
    assert Marginal.from_json(fitted.to_json()).counts.tolist() == fitted.counts.tolist()
    codes = fitted.encode(values)
    drawn = fitted.decode(codes, rng.random(values.size), rng)
    assert np.array_equal(np.isnan(drawn), np.isnan(values))
    assert np.mean(drawn == 0) == pytest.approx(0.3, abs=0.002)
    ends = [0.4, 0.5, 0.7, 0.9, 0.97]
    np.testing.assert_allclose(np.nanquantile(drawn, ends), np.nanquantile(values, ends), rtol=0.05)


def test_no_end_of_a_piece_is_an_outlier_of_one() -> None:
    values = np.append(np.random.default_rng(5).uniform(0, 10, 5_000), 1e6)
    fitted = Marginal.fit(values, n_cells=10, own_cell=0.05)
    assert fitted.counts.min() >= 15
    assert not np.isin(1e6, fitted.high)


def test_ranks_are_scipys_with_missing_values_lowest() -> None:
    values = np.array([3.0, np.nan, 1.0, 3.0, np.nan, 2.0])
    np.testing.assert_array_equal(average_ranks(values), rankdata(np.where(np.isnan(values), -np.inf, values)))

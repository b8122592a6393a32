from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from optbinning import OptimalBinning

from inference.scorecard.binning import Bins, fit_bins, information_values, weights_of_evidence
from inference.scorecard.cells import Source, make_cells
from inference.scorecard.settings import ScorecardSettings

SETTINGS = ScorecardSettings()
N = 4_000


def bins_of(source: Source, matrix: NDArray[np.float32], target: NDArray[np.uint8]) -> tuple[Bins, NDArray[np.intp]]:
    """The bins, and the one of each row."""
    cells = make_cells(source, matrix, target, np.zeros(len(target), dtype=np.uint8))
    bins = fit_bins(source, cells.lows, cells.counts[0], SETTINGS)
    return bins, bins.of_cells[cells.codes]


def outcomes(chance: NDArray[np.floating]) -> NDArray[np.uint8]:
    return (np.random.default_rng(8).random(chance.size) < chance).astype(np.uint8)


def test_weight_of_evidence_and_information_value_by_hand() -> None:
    """60 of 100 good and 10 of 50 bad rows in one bin: ln(0.6 / 0.2) = ln 3; 40 and 40 in the other: ln(0.4 / 0.8)."""
    counts = np.array([[60, 10], [40, 40]])
    woe = weights_of_evidence(counts)
    assert woe == pytest.approx([math.log(3), -math.log(2)], abs=1e-15)
    assert information_values(counts, woe) == pytest.approx([0.4 * math.log(3), 0.4 * math.log(2)], abs=1e-15)


def test_a_bin_without_good_or_without_bad_rows_says_nothing() -> None:
    assert weights_of_evidence(np.array([[60, 0], [40, 40], [0, 10]])).tolist()[::2] == [0, 0]


# optbinning's table fills a pandas frame in a way that pandas will not allow later.
@pytest.mark.filterwarnings("ignore:Setting an item of incompatible dtype")
@pytest.mark.parametrize(("direction", "trend"), [(1, "ascending"), (-1, "descending"), (0, "auto")])
def test_numbers_are_binned_as_optbinning_bins_the_rows(direction: int, trend: str) -> None:
    random = np.random.default_rng(direction + 5)
    values = random.integers(0, 60, N).astype(np.float32)
    values[random.random(N) < 0.1] = np.nan
    target = outcomes(0.1 + 0.3 * np.nan_to_num(np.abs(values - 20) / 60))
    bins, rows = bins_of(Source(0, direction=direction), values[:, None], target)
    reference = OptimalBinning(monotonic_trend=trend).fit(values.astype(float), target)
    assert bins.n_ranges == len(reference.splits) + 1 > 1
    assert bins.woe[rows] == pytest.approx(
        reference.transform(values.astype(float), metric="woe", metric_missing="empirical"), abs=1e-12
    )
    assert bins.total_iv == pytest.approx(reference.binning_table.build()["IV"]["Totals"], abs=1e-12)
    rates = (bins.counts[:, 1] / bins.counts.sum(axis=1))[: bins.n_ranges]
    if direction:
        assert np.all(direction * np.diff(rates) > 0)


def test_levels_are_binned_as_optbinning_bins_the_rows() -> None:
    random = np.random.default_rng(4)
    codes = random.integers(0, 12, N).astype(np.float32)
    target = outcomes(0.05 + 0.04 * ((codes * 5) % 12))
    bins, rows = bins_of(Source(0, is_category=True), codes[:, None], target)
    reference = OptimalBinning(dtype="categorical").fit(codes.astype(int), target)
    assert bins.n_ranges == len(reference.splits) > 2
    assert bins.woe[rows] == pytest.approx(reference.transform(codes.astype(int), metric="woe"), abs=1e-12)


def test_a_rare_level_and_one_that_is_not_listed_say_nothing() -> None:
    codes = np.repeat(np.array([0, 1, 2, -1], dtype=np.float32), [2_000, 1_880, 20, 100])
    target = outcomes(np.where(codes == 0, 0.1, 0.4))
    bins, rows = bins_of(Source(0, is_category=True), codes[:, None], target)
    assert bins.n_ranges == 2
    assert set(rows[3_880:]) == {2}
    assert bins.counts[2].sum() == 120
    assert bins.woe[2] == bins.iv[2] == 0
    assert bins.woe[0] > 0 > bins.woe[1]


def test_special_and_missing_values_have_bins_of_their_own() -> None:
    values = np.random.default_rng(2).uniform(size=(N, 2)).astype(np.float32)
    values[:, 1] = 0
    values[:500] = np.nan, 1
    values[500:540] = np.nan, 0
    target = outcomes(np.where(np.arange(N) < 540, 0.5, values[:, 0] / 2))
    bins, rows = bins_of(Source(0, (1,)), values, target)
    special, missing = bins.n_ranges, bins.n_ranges + 1
    assert set(rows[:500]) == {special}
    assert set(rows[500:540]) == {missing}
    good, bad = bins.counts[special] / np.bincount(target)
    assert bins.woe[special] == pytest.approx(math.log(good / bad), abs=1e-12)
    # Forty rows are too few to say anything.
    assert bins.woe[missing] == 0


def test_values_that_are_all_alike_are_one_bin() -> None:
    bins, rows = bins_of(Source(0), np.ones((N, 1), dtype=np.float32), outcomes(np.full(N, 0.2)))
    assert bins.n_ranges == 1
    assert set(rows) == {0}
    assert bins.total_iv == 0

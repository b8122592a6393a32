"""Aggregates of contributions against the rows themselves: NumPy and Polars on random cohorts, and by hand."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from dashboard.metrics.counts import IntArray
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.explanation import MOST_BARS, dependence, difference, importance, strip
from dashboard.metrics.explanation_counts import (
    MOST_CELLS,
    BoolArray,
    ExplanationError,
    FeatureCounts,
    count_contributions,
    count_feature,
)
from inference.explain.contributions import BinKind, Contributions, ExplainedFeature, ValueBins

N_ROWS = 40_000
STEP = 1e-4
NAMES = ("score", "tied", "job", "unused", "wide")


def _contributions() -> Contributions:
    rng = np.random.default_rng(4)
    stored = {
        "score": np.rint(rng.normal(-200, 2_000, N_ROWS)),
        "tied": rng.choice([-37, 0, 5], N_ROWS),
        "job": np.rint(rng.gamma(2.0, 40.0, N_ROWS)),
        "unused": np.zeros(N_ROWS),
        "wide": np.append([-32_767, 32_767], rng.integers(-500, 500, N_ROWS - 2)),
    }
    bins = {
        "score": ValueBins(BinKind.RANGES, numbers=tuple(range(21))),
        "tied": ValueBins(BinKind.NUMBERS, numbers=(0.0, 1.0)),
        "job": ValueBins(BinKind.LEVELS, levels=tuple(f"level {i}" for i in range(58))),
        "unused": ValueBins(BinKind.NUMBERS),
        "wide": ValueBins(BinKind.LEVELS, levels=tuple(f"level {i}" for i in range(200))),
    }
    features, columns = [], {}
    for name, values in stored.items():
        whole = values.astype(np.int16)
        feature = ExplainedFeature(name, name.title(), int(whole.min()), int(whole.max()), bins[name])
        features.append(feature)
        columns[name] = pl.Series(whole)
        columns[feature.code_column] = pl.Series(rng.integers(0, bins[name].size + 1, N_ROWS), dtype=pl.UInt8)
    return Contributions(pl.DataFrame(columns), tuple(features), STEP, -2.5, STEP / 2, "ids", "digest")


@pytest.fixture(scope="module")
def found() -> Contributions:
    return _contributions()


PLACES = np.arange(N_ROWS)
NOBODY = PLACES < 0


def cohorts() -> list[BoolArray | None]:
    rng = np.random.default_rng(5)
    picked = [rng.random(N_ROWS) < share for share in (0.001, 0.3, 0.9)]
    return [None, *picked, PLACES == 7, NOBODY]


def named(rows: BoolArray | None) -> str:
    return "all" if rows is None else str(rows.sum())


def stored_in(found: Contributions, name: str, rows: BoolArray | None) -> IntArray:
    values = found.frame[name].to_numpy().astype(np.int64)
    return values if rows is None else values[rows]


@pytest.mark.parametrize("rows", cohorts(), ids=named)
def test_sums_are_those_of_the_rows(found: Contributions, rows: BoolArray | None) -> None:
    whole = count_contributions(found)
    for sums in (count_contributions(found, rows), count_contributions(found, rows, whole=whole)):
        assert sums.names == NAMES
        assert sums.n_applications == (N_ROWS if rows is None else rows.sum())
        for at, name in enumerate(NAMES):
            values = stored_in(found, name, rows)
            assert (sums.total[at], sums.absolute[at], sums.squares[at]) == (
                values.sum(),
                np.abs(values).sum(),
                (values**2).sum(),
            )


@pytest.mark.parametrize("rows", cohorts(), ids=named)
@pytest.mark.parametrize("name", NAMES)
def test_cells_hold_the_rows(found: Contributions, rows: BoolArray | None, name: str) -> None:
    counts = count_feature(found, name, rows)
    values = stored_in(found, name, rows)
    codes = found.frame[counts.feature.code_column].to_numpy()
    codes = codes if rows is None else codes[rows]
    expected = np.zeros_like(counts.table)
    np.add.at(expected, (codes, (values - counts.lowest) // counts.width), 1)
    np.testing.assert_array_equal(counts.table, expected)
    by_code = [values[codes == code].sum() for code in range(counts.feature.bins.size + 1)]
    assert counts.total.tolist() == by_code
    assert counts.table.shape[1] <= MOST_CELLS
    assert counts.table.size <= 65_536


def test_parts_add_up_and_the_rest_is_what_is_left(found: Contributions) -> None:
    part = np.random.default_rng(6).random(N_ROWS) < 0.2
    others = ~part
    whole, one, two = (count_contributions(found, rows) for rows in (None, part, others))
    for sums, wanted in ((one + two, whole), (whole - one, two)):
        assert sums.n_applications == wanted.n_applications
        for name in ("total", "absolute", "squares"):
            np.testing.assert_array_equal(getattr(sums, name), getattr(wanted, name))
    cells = [count_feature(found, "score", rows) for rows in (None, part, others)]
    np.testing.assert_array_equal((cells[0] - cells[1]).table, cells[2].table)
    np.testing.assert_array_equal((cells[1] + cells[2]).total, cells[0].total)
    with pytest.raises(ExplanationError, match="another feature"):
        cells[0] - count_feature(found, "job")


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


def by_hand(table: list[list[int]], kind: BinKind = BinKind.NUMBERS) -> FeatureCounts:
    """Counts whose cells stand for contributions of 0, 1, 2 ... log-odds."""
    n_bins = len(table) - 1
    bins = (
        ValueBins(kind, levels=tuple(map(str, range(n_bins))))
        if kind is BinKind.LEVELS
        else ValueBins(kind, numbers=tuple(map(float, range(n_bins))))
    )
    cells = np.array(table)
    feature = ExplainedFeature("x", "X", 0, cells.shape[1] - 1, bins)
    return FeatureCounts(feature, 1.0, 0, 1, cells, (cells * np.arange(cells.shape[1])).sum(axis=1))


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


def test_flipping_turns_the_values_and_keeps_the_missing_last() -> None:
    counts = by_hand([[1, 0], [0, 2], [3, 0], [0, 4]])
    flipped = counts.flipped()
    assert flipped.table.tolist() == [[3, 0], [0, 2], [1, 0], [0, 4]]
    assert flipped.total.tolist() == [0, 2, 0, 4]
    np.testing.assert_array_equal(flipped.flipped().table, counts.table)

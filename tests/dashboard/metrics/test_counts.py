from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from dashboard.metrics.counts import CountsError, ScoreCounts, count_scores, count_scores_by, exact_counts
from dashboard.metrics.rates import confusion
from data.predictions.scores import ScoreGrid, make_score_grid

_SUMS = ("good", "bad", "good_pd", "bad_pd", "good_exposure", "bad_exposure")


def predictions(outcomes: list[bool], pds: list[float], **columns: object) -> pl.DataFrame:
    return pl.DataFrame({"is_default": outcomes, "default_probability": pds, **columns})


def gridded(frame: pl.DataFrame) -> tuple[pl.DataFrame, ScoreGrid]:
    grid = make_score_grid(frame["default_probability"])
    return frame.with_columns(pl.Series("pd_bin", grid.bins(frame["default_probability"]))), grid


def assert_same(left: ScoreCounts, right: ScoreCounts) -> None:
    """The same sums in each bin that holds applications, and no others."""
    both = [each.on(right.edges, is_exact=right.is_exact) for each in (left, right)]
    for name in _SUMS:
        one, other = (getattr(each, name) for each in both)
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-9, err_msg=name)


def test_hand_worked_bins() -> None:
    frame = predictions([False, True, True, False], [0.0, 0.00015, 0.5, 1.0], exposure=[10.0, 20.0, 30.0, 40.0])
    counts = count_scores(frame)
    assert counts.edges.tolist() == [0.0, 0.00015, 0.5, 1.0]
    assert counts.good.tolist() == [1, 0, 0, 1]
    assert counts.bad.tolist() == [0, 1, 1, 0]
    assert counts.bad_pd.tolist() == [0, 0.00015, 0.5, 0]
    assert counts.good_exposure.tolist() == [10, 0, 0, 40]
    assert (counts.n_applications, counts.n_good, counts.n_bad, counts.exposure_sum) == (4, 2, 2, 100.0)


def test_few_distinct_pds_are_counted_exactly_however_many_rows() -> None:
    # 40,000 rows of 101 distinct PDs: each hundredth as often as its place says, a default where the place is even.
    places = np.repeat(np.arange(101), np.arange(101) * 8)
    frame, grid = gridded(predictions(list(places % 2 == 0), list(places / 100)))
    counts = count_scores(frame, grid)
    assert counts.is_exact
    assert counts.applications.sum() == 40_400
    for percent in range(1, 101):
        declined = int(8 * np.arange(percent, 101).sum())
        assert counts.applications[counts.first_declined(percent / 100) :].sum() == declined


@pytest.mark.parametrize("n_rows", [60_000, 1_000])
@pytest.mark.parametrize("decimals", [1, 2, 3, 4, 5, 6, 17])
def test_every_decision_is_that_of_the_row(decimals: int, n_rows: int) -> None:
    rng = np.random.default_rng(decimals)
    pds = np.round(rng.beta(1.2, 13.6, n_rows), decimals)
    cutoffs = np.arange(10_001) / 10_000
    # Where rounding is to the grid or coarser PDs lie on cutoffs; one ulp to either side of them are others.
    near = np.concatenate([cutoffs, np.nextafter(cutoffs, 0), np.nextafter(cutoffs, 1)])
    frame, grid = gridded(predictions([False] * (n_rows + near.size), [*pds, *near]))
    counts = count_scores(frame, grid)
    below = np.concatenate([[0], np.cumsum(counts.applications)])
    approved = [int(below[counts.first_declined(cutoff)]) for cutoff in cutoffs]
    assert approved == np.searchsorted(np.sort([*pds, *near]), cutoffs, side="left").tolist()


def test_every_grid_cutoff_decides_as_the_rows_do(portfolio: pl.DataFrame, binned: ScoreCounts) -> None:
    cutoffs = np.concatenate([np.arange(10_000) / 1_000_000, np.arange(10_001) / 10_000])
    pds = np.sort(portfolio["default_probability"].to_numpy())
    below = np.concatenate([[0], np.cumsum(binned.applications)])
    by_bin = [int(below[binned.first_declined(cutoff)]) for cutoff in cutoffs]
    assert not binned.is_exact
    assert by_bin == np.searchsorted(pds, cutoffs, side="left").tolist()


def test_a_cutoff_inside_coarse_bins_is_moved_to_one_that_can_be_applied(binned: ScoreCounts) -> None:
    found = confusion(binned, 0.16004)
    assert found.cutoff == 0.16
    assert found == confusion(binned, 0.16)
    assert confusion(exact_counts([True], [0.16002]), 0.16004).cutoff == 0.16004


def test_small_cohorts_are_exact_and_go_with_the_rest(portfolio: pl.DataFrame, grid: ScoreGrid) -> None:
    whole = count_scores(portfolio, grid)
    small = count_scores(portfolio.head(32_768), grid)
    assert (whole.is_exact, small.is_exact) == (False, True)
    assert not count_scores(portfolio.head(32_769), grid).is_exact
    rest = whole - small
    assert not rest.is_exact
    assert_same(rest, count_scores(portfolio.tail(-32_768), grid))
    assert_same(rest + small, whole)
    parts = [count_scores(portfolio.slice(start, 50), grid) for start in (0, 50)]
    assert_same(parts[0] + parts[1], count_scores(portfolio.head(100), grid))


def test_a_cutoff_of_a_bin_is_as_brief_as_it_can_be() -> None:
    counts = exact_counts([False] * 5, [0.003, 0.0912345, 0.09128, 0.0912801, 0.5])
    assert counts.cutoffs.tolist() == [0.003, 0.0912, 0.09128, 0.0912801, 0.5, 0.5001]
    for place, cutoff in enumerate(counts.cutoffs):
        assert counts.first_declined(cutoff) == place


def test_first_declined_outside_the_scale() -> None:
    counts = exact_counts([False, True], [0.1, 1.0])
    assert [counts.first_declined(cutoff) for cutoff in (-0.3, 0.1, 1.0, 1.2)] == [0, 0, 1, 2]


def test_counts_match_a_group_by_in_polars(portfolio: pl.DataFrame, grid: ScoreGrid) -> None:
    part = portfolio.filter(pl.col("region") == 2)
    counts = count_scores(portfolio, grid, filters=pl.col("region") == 2)
    reference = (
        part.filter(pl.col("is_default"))
        .group_by("pd_bin")
        .agg(pl.len(), pl.col("default_probability").cast(pl.Float64).sum(), pl.col("exposure").cast(pl.Float64).sum())
    )
    at = reference["pd_bin"].to_numpy()
    assert counts.bad[at].tolist() == reference["len"].to_list()
    assert counts.bad.sum() == reference["len"].sum()
    np.testing.assert_allclose(counts.bad_pd[at], reference["default_probability"].to_numpy(), rtol=1e-12)
    np.testing.assert_allclose(counts.bad_exposure[at], reference["exposure"].to_numpy(), rtol=1e-12)


def test_lazy_and_eager_frames_give_the_same(portfolio: pl.DataFrame, grid: ScoreGrid, binned: ScoreCounts) -> None:
    assert_same(count_scores(portfolio.lazy(), grid), binned)


def test_without_exposure_and_with_missing_exposure() -> None:
    assert count_scores(predictions([True], [0.2])).exposure_sum == 0
    assert count_scores(predictions([True, False], [0.2, 0.3], exposure=[None, 5.0])).exposure_sum == 5.0


@pytest.mark.parametrize(
    "column", ["region", pl.col("exposure").is_between(0, 400_000), pl.col("region").cast(pl.String)]
)
def test_segments_add_up_to_the_whole(
    portfolio: pl.DataFrame, grid: ScoreGrid, binned: ScoreCounts, column: str | pl.Expr
) -> None:
    segments = count_scores_by(portfolio, column, grid)
    assert len(segments) in (2, 3)
    total = ScoreCounts.empty()
    for counts in segments.values():
        total = total + counts
    assert_same(total, binned)


def test_segments_are_ordered_and_equal_filtered_counts() -> None:
    grades = pl.Series(["low", "high", None, "high", "mid"], dtype=pl.Enum(["low", "mid", "high", "never"]))
    frame = predictions([True, False, True, True, False], [0.1, 0.2, 0.3, 0.4, 0.5], grade=grades)
    segments = count_scores_by(frame, "grade")
    assert list(segments) == ["low", "mid", "high", None]
    assert [counts.n_applications for counts in segments.values()] == [1, 1, 2, 1]
    assert_same(segments["high"], count_scores(frame, filters=pl.col("grade") == "high"))
    assert_same(segments[None], count_scores(frame, filters=pl.col("grade").is_null()))


def test_segments_respect_filters(portfolio: pl.DataFrame, grid: ScoreGrid) -> None:
    wanted = pl.col("default_probability") > 0.1
    segments = count_scores_by(portfolio, "region", grid, filters=wanted)
    assert_same(segments[3], count_scores(portfolio, grid, filters=wanted & (pl.col("region") == 3)))


def test_rest_is_whole_less_part(portfolio: pl.DataFrame, grid: ScoreGrid, binned: ScoreCounts) -> None:
    part = count_scores(portfolio, grid, filters=pl.col("region") == 1)
    rest = binned - part
    assert_same(rest, count_scores(portfolio, grid, filters=pl.col("region") != 1))
    assert not rest.good_pd[rest.good == 0].any()


def test_whole_less_itself_is_nothing(binned: ScoreCounts) -> None:
    nothing = binned - binned
    assert nothing.n_applications == 0
    assert nothing.pd_sum == 0
    assert nothing.exposure_sum == 0


def test_part_less_whole_is_refused() -> None:
    one, two = count_scores(predictions([True], [0.25])), count_scores(predictions([True, True], [0.25, 0.25]))
    with pytest.raises(CountsError, match=r"bad applications at a PD of 0\.2500 would be below zero"):
        one - two


def test_grids_of_two_tables_are_refused(binned: ScoreCounts) -> None:
    other = replace(exact_counts([True, False], [0.1, 0.2]), is_exact=False)
    with pytest.raises(CountsError, match=r"the grids of two tables \([0-9,]+ and 2 bins\)"):
        binned + other
    with pytest.raises(CountsError, match="the grids of two tables"):
        other - binned


def test_counts_cannot_be_changed(binned: ScoreCounts) -> None:
    for counts in (binned, binned + binned, ScoreCounts.empty(), exact_counts([True], [0.5])):
        with pytest.raises(ValueError, match="read-only"):
            counts.bad[0] = 1


def test_arrays_handed_in_stay_the_callers() -> None:
    sums, ones = np.ones(2), np.ones(2, dtype=np.int64)
    counts = ScoreCounts(np.array([0.1, 0.2]), ones, ones, sums, sums, sums, sums)
    ones[0] = 7
    assert counts.good.tolist() == [1, 1]


def test_array_of_wrong_length_is_refused() -> None:
    sums, ones = np.ones(2), np.ones(2, dtype=np.int64)
    with pytest.raises(CountsError, match=r"`bad` has 3 values where the grid has 2"):
        ScoreCounts(np.array([0.1, 0.2]), ones, np.ones(3, dtype=np.int64), sums, sums, sums, sums)


def test_pickling_keeps_the_values_and_the_grid(binned: ScoreCounts) -> None:
    for counts in (binned, exact_counts([True, False], [0.5, 0.7], [3.0, 4.0])):
        copy = pickle.loads(pickle.dumps(counts))
        assert_same(copy, counts)
        assert copy.is_exact == counts.is_exact
        assert copy.edges.tolist() == counts.edges.tolist()
        assert not copy.bad.flags.writeable


def test_missing_column_is_named() -> None:
    with pytest.raises(CountsError, match="lack default_probability;"):
        count_scores(pl.DataFrame({"is_default": [True]}))
    with pytest.raises(CountsError, match="lack pd_bin;"):
        count_scores(predictions([True], [0.5]), make_score_grid([0.5]))


@pytest.mark.parametrize("pd", [None, float("nan"), -0.1, 1.5])
def test_row_without_a_valid_pd_is_refused(pd: float | None) -> None:
    frame = predictions([True, True], [0.1, pd])  # type: ignore[list-item]
    with pytest.raises(CountsError, match="1 predictions have no PD or one outside 0 to 1"):
        count_scores(frame)


def test_too_many_segments_are_refused() -> None:
    frame = predictions([True] * 300, [0.1] * 300, amount=list(range(300)))
    with pytest.raises(CountsError, match="amount has 300 distinct values"):
        count_scores_by(frame, "amount")


def test_exact_counts_group_ties() -> None:
    counts = exact_counts([1, 0, 1, 0], [0.3, 0.3, 0.1, 0.3], [1.0, 2.0, 3.0, 4.0])
    assert counts.edges.tolist() == [0.1, 0.3]
    assert counts.good.tolist() == [0, 2]
    assert counts.bad.tolist() == [1, 1]
    assert counts.good_exposure.tolist() == [0, 6]
    assert counts.first_declined(0.3) == 1


def test_empty_cohort_counts_nothing(portfolio: pl.DataFrame, grid: ScoreGrid) -> None:
    counts = count_scores(portfolio, grid, filters=pl.lit(value=False))
    assert counts.n_applications == 0
    assert count_scores_by(portfolio, "region", grid, filters=pl.lit(value=False)) == {}

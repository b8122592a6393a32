from __future__ import annotations

import pickle

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.metrics.counts import (
    BINS_PER_UNIT,
    STANDARD_EDGES,
    CountsError,
    ScoreCounts,
    count_scores,
    count_scores_by,
    exact_counts,
    score_bin_expression,
    score_bins,
)

_SUMS = ("good", "bad", "good_pd", "bad_pd", "good_exposure", "bad_exposure")


def predictions(outcomes: list[bool], pds: list[float], **columns: object) -> pl.DataFrame:
    frame = pl.DataFrame({"is_default": outcomes, "default_probability": pl.Series(pds, dtype=pl.Float32), **columns})
    return frame.with_columns(score_bin_expression())


def assert_same(left: ScoreCounts, right: ScoreCounts) -> None:
    for name in _SUMS:
        np.testing.assert_allclose(getattr(left, name), getattr(right, name), rtol=1e-12, atol=1e-9, err_msg=name)


def test_hand_worked_bins() -> None:
    frame = predictions([False, True, True, False], [0.0, 0.00015, 0.5, 1.0], exposure=[10.0, 20.0, 30.0, 40.0])
    counts = count_scores(frame)
    assert frame["pd_bin"].to_list() == [0, 1, 5_000, 10_000]
    assert {i: int(counts.good[i]) for i in np.flatnonzero(counts.good)} == {0: 1, 10_000: 1}
    assert {i: int(counts.bad[i]) for i in np.flatnonzero(counts.bad)} == {1: 1, 5_000: 1}
    assert counts.bad_pd[5_000] == 0.5
    assert counts.good_exposure[10_000] == 40.0
    assert (counts.n_applications, counts.n_good, counts.n_bad, counts.exposure_sum) == (4, 2, 2, 100.0)


@pytest.mark.parametrize(
    ("pd", "expected"),
    [
        (0.0909, 908),  # as Float32 this is 0.09089999646..., which is below the cutoff of 0.0909
        (0.5, 5_000),  # exact in binary
        (0.0001, 0),  # 0.0000999999974... as Float32
        (1.0, 10_000),
        (float(np.nextafter(np.float32(1), np.float32(0))), 9_999),
        (0.0, 0),
        (1e-45, 0),
    ],
)
def test_bins_at_the_edges(pd: float, expected: int) -> None:
    assert score_bins([pd]).tolist() == [expected]
    assert predictions([True], [pd])["pd_bin"].to_list() == [expected]


def test_pd_of_0_0909_is_below_the_cutoff_of_0_0909() -> None:
    stored = float(np.float32(0.0909))
    counts = count_scores(predictions([True], [0.0909]))
    assert stored < 0.0909
    assert counts.bad[counts.first_declined(0.0909) :].sum() == 0
    assert counts.bad[counts.first_declined(0.0908) :].sum() == 1


@settings(max_examples=200, deadline=None)
@given(st.integers(0, BINS_PER_UNIT), st.integers(-3, 3))
def test_decision_next_to_a_cutoff_is_that_of_the_row(step: int, ulps: int) -> None:
    pd = np.float32(step / BINS_PER_UNIT)
    for _ in range(abs(ulps)):
        pd = np.nextafter(pd, np.float32(np.sign(ulps)))
    pd = np.clip(pd, np.float32(0), np.float32(1))
    cutoff = step / BINS_PER_UNIT
    assert (score_bins([pd])[0] >= step) == (float(pd) >= cutoff)


def test_every_grid_cutoff_decides_as_the_rows_do(portfolio: pl.DataFrame, binned: ScoreCounts) -> None:
    pds = np.sort(portfolio["default_probability"].to_numpy().astype(np.float64))
    by_row = pds.size - np.searchsorted(pds, STANDARD_EDGES, side="left")
    below = np.cumsum(binned.applications) - binned.applications
    by_bin = [binned.n_applications - int(below[binned.first_declined(cutoff)]) for cutoff in STANDARD_EDGES]
    assert by_bin == by_row.tolist()


def test_first_declined_outside_the_scale() -> None:
    counts = ScoreCounts.empty()
    assert (counts.first_declined(-0.3), counts.first_declined(1.0), counts.first_declined(1.2)) == (0, 10_000, 10_001)


def test_counts_match_a_group_by_in_polars(portfolio: pl.DataFrame) -> None:
    part = portfolio.filter(pl.col("region") == 2)
    counts = count_scores(portfolio, filters=pl.col("region") == 2)
    reference = part.filter(pl.col("is_default")).group_by("pd_bin").agg(
        pl.len(), pl.col("default_probability").cast(pl.Float64).sum(), pl.col("exposure").cast(pl.Float64).sum()
    )  # fmt: skip
    at = reference["pd_bin"].to_numpy()
    assert counts.bad[at].tolist() == reference["len"].to_list()
    assert counts.bad.sum() == reference["len"].sum()
    np.testing.assert_allclose(counts.bad_pd[at], reference["default_probability"].to_numpy(), rtol=1e-12)
    np.testing.assert_allclose(counts.bad_exposure[at], reference["exposure"].to_numpy(), rtol=1e-12)


def test_lazy_and_eager_frames_give_the_same(portfolio: pl.DataFrame, binned: ScoreCounts) -> None:
    assert_same(count_scores(portfolio.lazy()), binned)


def test_without_exposure_and_with_missing_exposure() -> None:
    assert count_scores(predictions([True], [0.2])).exposure_sum == 0
    assert count_scores(predictions([True, False], [0.2, 0.3], exposure=[None, 5.0])).exposure_sum == 5.0


@pytest.mark.parametrize(
    "column", ["region", pl.col("exposure").is_between(0, 400_000), pl.col("region").cast(pl.String)]
)
def test_segments_add_up_to_the_whole(portfolio: pl.DataFrame, binned: ScoreCounts, column: str | pl.Expr) -> None:
    segments = count_scores_by(portfolio, column)
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


def test_segments_respect_filters(portfolio: pl.DataFrame) -> None:
    wanted = pl.col("default_probability") > 0.1
    segments = count_scores_by(portfolio, "region", filters=wanted)
    assert_same(segments[3], count_scores(portfolio, filters=wanted & (pl.col("region") == 3)))


def test_rest_is_whole_less_part(portfolio: pl.DataFrame, binned: ScoreCounts) -> None:
    part = count_scores(portfolio, filters=pl.col("region") == 1)
    rest = binned - part
    assert_same(rest, count_scores(portfolio, filters=pl.col("region") != 1))
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


def test_different_grids_are_refused(binned: ScoreCounts) -> None:
    other = exact_counts([True], [0.3])
    with pytest.raises(CountsError, match=r"different PD grids \(10,001 and 1 bins\)"):
        binned + other
    with pytest.raises(CountsError, match="different PD grids"):
        other - binned


def test_counts_cannot_be_changed(binned: ScoreCounts) -> None:
    for counts in (binned, binned + binned, ScoreCounts.empty(), exact_counts([True], [0.5])):
        with pytest.raises(ValueError, match="read-only"):
            counts.bad[0] = 1


def test_arrays_handed_in_stay_the_callers() -> None:
    sums, ones = np.ones(2), np.ones(2, dtype=np.int64)
    counts = ScoreCounts(np.array([0.1, 0.2]), ones, ones, sums, sums, sums, sums, 0.0)
    ones[0] = 7
    assert counts.good.tolist() == [1, 1]


def test_array_of_wrong_length_is_refused() -> None:
    sums, ones = np.ones(2), np.ones(2, dtype=np.int64)
    with pytest.raises(CountsError, match=r"`bad` has 3 values where the grid has 2"):
        ScoreCounts(np.array([0.1, 0.2]), ones, np.ones(3, dtype=np.int64), sums, sums, sums, sums, 0.0)


def test_pickling_keeps_the_values_and_the_grid(binned: ScoreCounts) -> None:
    for counts in (binned, exact_counts([True, False], [0.5, 0.7], [3.0, 4.0])):
        copy = pickle.loads(pickle.dumps(counts))
        assert_same(copy, counts)
        assert copy.step == counts.step
        assert (copy.edges is STANDARD_EDGES) == (counts.edges is STANDARD_EDGES)
        assert not copy.bad.flags.writeable


def test_missing_column_is_named() -> None:
    with pytest.raises(CountsError, match="lack default_probability, pd_bin"):
        count_scores(pl.DataFrame({"is_default": [True]}))


@pytest.mark.parametrize("pd", [None, float("nan"), -0.1, 1.5])
def test_row_without_a_valid_pd_is_refused(pd: float | None) -> None:
    frame = predictions([True, True], [0.1, pd])  # type: ignore[list-item]
    with pytest.raises(CountsError, match="1 predictions have no outcome, no PD or one outside 0 to 1"):
        count_scores(frame)


def test_bins_of_invalid_pds_are_refused() -> None:
    with pytest.raises(CountsError, match="2 predictions"):
        score_bins([0.1, float("nan"), 1.1])


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


def test_empty_cohort_counts_nothing(portfolio: pl.DataFrame) -> None:
    counts = count_scores(portfolio, filters=pl.lit(value=False))
    assert counts.n_applications == 0
    assert count_scores_by(portfolio, "region", filters=pl.lit(value=False)) == {}

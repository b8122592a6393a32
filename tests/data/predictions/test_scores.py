"""Scores as exact decimals, applicable cutoffs, and the grid of a table: against Python's decimal arithmetic."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.predictions.scores import (
    MOST_DISTINCT,
    exact_score,
    exact_scores,
    floor_cutoffs,
    make_score_grid,
    round_cutoff,
    round_cutoffs,
)

EVERY_CUTOFF = [k / 1_000_000 for k in range(10_000)] + [k / 10_000 for k in range(100, 10_001)]


@pytest.mark.parametrize("decimals", [1, 2, 3, 4, 5, 6])
def test_a_32_bit_score_of_up_to_six_decimals_is_that_decimal(decimals: int) -> None:
    steps = np.unique(np.linspace(0, 10**decimals, 20_001).astype(np.int64))
    wanted = [float(Decimal(int(step)).scaleb(-decimals)) for step in steps]
    stored = pl.Series(wanted, dtype=pl.Float32)
    assert exact_scores(stored).to_list() == wanted
    assert [exact_score(score) for score in stored.to_numpy()[:50]] == wanted[:50]


@given(st.lists(st.floats(0, 1, width=32), min_size=2, max_size=50))
def test_exact_scores_keep_the_order_and_the_stored_value(scores: list[float]) -> None:
    stored = np.array(scores, dtype=np.float32)
    exact = exact_scores(pl.Series(stored)).to_numpy()
    assert (exact.astype(np.float32) == stored).all()
    assert (np.argsort(exact, kind="stable") == np.argsort(stored, kind="stable")).all()


def test_a_64_bit_score_stays_as_it_is() -> None:
    scores = pl.Series([0.1 + 0.2, float(np.nextafter(0.16, 0)), 0.0])
    assert exact_scores(scores).to_list() == scores.to_list()


@pytest.mark.parametrize(
    ("wanted", "applied"),
    [(0.16, 0.16), (0.16004, 0.16), (0.16006, 0.1601), (0.0123456, 0.0123), (0.00123456, 0.001235), (1.0, 1.0)],
)
def test_cutoffs_have_four_decimals_and_six_below_one_percent(wanted: float, applied: float) -> None:
    assert round_cutoff(wanted) == applied


def test_every_applicable_cutoff_is_the_double_of_its_decimal() -> None:
    assert round_cutoffs(EVERY_CUTOFF).tolist() == EVERY_CUTOFF
    assert floor_cutoffs(np.array(EVERY_CUTOFF)).tolist() == EVERY_CUTOFF
    below = np.nextafter(EVERY_CUTOFF[1:], 0)
    assert floor_cutoffs(below).tolist() == EVERY_CUTOFF[:-1]


def test_few_distinct_scores_are_the_grid() -> None:
    grid = make_score_grid([0.5, 0.1, 0.5, 0.3])
    assert grid.is_exact
    assert grid.edges.tolist() == [0.1, 0.3, 0.5]
    assert grid.bins([0.3, 0.1, 0.5, 0.05]).tolist() == [1, 0, 2, 0]


def test_as_many_distinct_scores_as_16_bits_number_are_the_grid() -> None:
    scores = np.arange(MOST_DISTINCT) / MOST_DISTINCT
    grid = make_score_grid(scores)
    assert grid.is_exact
    assert grid.bins(scores).tolist() == list(range(MOST_DISTINCT))
    assert not make_score_grid(np.append(scores, 1.0)).is_exact


@pytest.mark.parametrize("scale", [1.0, 0.005])
def test_many_scores_are_parted_at_every_cutoff_and_by_rank(scale: float) -> None:
    scores = scale * np.random.default_rng(3).beta(1.2, 13.6, 100_000)
    grid = make_score_grid(scores)
    assert not grid.is_exact
    bins = grid.bins(scores)
    number = np.bincount(bins, minlength=grid.edges.size)
    # Only the last bin is empty: it is where a cutoff declines nobody.
    assert (number[:-1] > 0).all()
    assert number[-1] == 0
    assert number.max() <= scores.size / 16_384 + 1
    first = np.searchsorted(grid.edges, EVERY_CUTOFF, side="left")
    below = np.concatenate([[0], np.cumsum(number)])[first]
    assert below.tolist() == np.searchsorted(np.sort(scores), EVERY_CUTOFF, side="left").tolist()


@settings(max_examples=100)
@given(st.integers(0, 2**32 - 1), st.sampled_from(EVERY_CUTOFF))
def test_a_score_one_ulp_from_a_cutoff_is_parted_from_it(seed: int, cutoff: float) -> None:
    near = np.array([cutoff, *(np.nextafter(cutoff, end) for end in (0, 1))])
    scores = np.append(np.random.default_rng(seed).random(70_000), near)
    grid = make_score_grid(scores)
    first = int(np.searchsorted(grid.edges, cutoff, side="left"))
    assert ((grid.bins(near) >= first) == (near >= cutoff)).all()


def test_few_defaults_stand_alone_among_many_scores() -> None:
    rng = np.random.default_rng(8)
    scores = rng.beta(1.2, 13.6, 200_000)
    is_default = np.zeros(scores.size, dtype=bool)
    is_default[rng.choice(scores.size, 5_000, replace=False)] = True
    grid = make_score_grid(scores, is_default)
    bins = grid.bins(scores)
    both = np.intersect1d(bins[is_default], bins[~is_default])
    assert not grid.is_exact
    assert both.size == 0


def test_a_cutoff_of_any_digits_parts_the_rows_where_it_is_asked_for() -> None:
    scores = np.random.default_rng(9).beta(1.2, 13.6, 100_000)
    grid = make_score_grid(scores, cutoffs=[0.12345678, 0.9999999])
    first = int(np.searchsorted(grid.edges, 0.12345678))
    assert grid.edges[first] == 0.12345678
    assert ((grid.bins(scores) >= first) == (scores >= 0.12345678)).all()


def test_a_table_without_rows_has_a_grid() -> None:
    assert make_score_grid([]).edges.tolist() == [0.0]


@pytest.mark.parametrize("n", [1, 2_000, 300_000])
def test_a_score_is_in_the_bin_that_a_search_finds(n: int) -> None:
    random = np.random.default_rng(n)
    scores = np.concatenate([random.beta(1.2, 13.6, n), random.random(3) * 1e-9, [0.0, 1.0]])
    grid = make_score_grid(scores)
    asked = np.concatenate([scores, grid.edges, np.nextafter(grid.edges, -1), np.nextafter(grid.edges, 2), [-1.0, 7.0]])
    expected = np.maximum(np.searchsorted(grid.edges, asked, side="right") - 1, 0)
    assert np.array_equal(grid.bins(asked), expected)

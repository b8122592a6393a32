from __future__ import annotations

import numpy as np
import polars as pl

from dashboard.metrics.column_counts import make_column_codes
from dashboard.metrics.counts import OPEN
from dashboard.metrics.economics import Terms
from dashboard.metrics.paired import rank_scores
from dashboard.metrics.paired_counts import groups_of, pair, ranked, scored_by_both, swapped_columns
from dashboard.metrics.paired_swap import swap_set
from dashboard.metrics.row_counts import TableRows

RNG = np.random.default_rng(9)
N = 4_000
CODES = {"region": RNG.integers(0, 5, N), "size": RNG.integers(0, 3, N), "band": RNG.integers(0, 200, N)}
TABLE = TableRows(
    None,
    RNG.choice([0, 1, OPEN], N).astype(np.uint8),
    RNG.random(N),
    None,
    RNG.random(N).astype(np.float32),
    has_open=True,
)


def test_rows_that_one_model_does_not_score_are_left_out_and_counted() -> None:
    one, two = pl.Series([0.1, None, 0.3, 0.4]), pl.Series([0.1, 0.2, None, 0.4])
    kept, n_left = scored_by_both(one, two, None)
    assert kept is not None
    assert (kept.tolist(), n_left) == ([True, False, False, True], 2)
    kept, n_left = scored_by_both(one, two, np.array([True, True, False, False]))
    assert kept is not None
    assert (kept.tolist(), n_left) == ([True, False, False, False], 1)
    assert scored_by_both(one.drop_nulls(), two.drop_nulls(), None) == (None, 0)


def test_a_pair_is_of_the_chosen_rows() -> None:
    chosen = RNG.random(N) < 0.3
    found = pair(TABLE, ranked(pl.Series(TABLE.pd)), ranked(pl.Series(1 - TABLE.pd), why_no_pd="it ranks"), chosen)
    assert found.n_rows == chosen.sum()
    assert found.one.pd.tolist() == TABLE.pd[chosen].tolist()
    assert found.why_no_pd == "it ranks"
    assert found.exposure is not None
    assert found.exposure.dtype == np.float64


def test_groups_are_told_from_joint_codes() -> None:
    codes = make_column_codes(
        pl.DataFrame(CODES), {name: (pl.col(name), int(own.max()) + 1) for name, own in CODES.items()}
    )
    rows = np.array([5, 3, 900])
    assert {name: own.tolist() for name, own in groups_of(codes, None)} == {
        name: own.tolist() for name, own in CODES.items()
    }
    assert {name: own.tolist() for name, own in groups_of(codes, rows)} == {
        name: own[rows].tolist() for name, own in CODES.items()
    }


def test_the_column_that_parts_those_swapped_in_from_those_swapped_out_comes_first() -> None:
    one = RNG.random(N)
    # The second model declines in the first two regions what the first approves, and approves elsewhere.
    two = np.where(CODES["region"] < 2, 1 - one, one / 2)
    codes = make_column_codes(
        pl.DataFrame(CODES), {name: (pl.col(name), int(own.max()) + 1) for name, own in CODES.items()}
    )
    chosen = RNG.random(N) < 0.5
    rows = pair(TABLE, rank_scores(one), rank_scores(two), chosen)
    found = swapped_columns(codes, swap_set(rows, (0.4, 0.4), Terms(0.1, 0.5, 1.0)), np.flatnonzero(chosen))
    assert found[0].name == "region"
    assert found[0].stability.has_shifted
    out, into = (chosen & (left < 0.4) & (right >= 0.4) for left, right in ((one, two), (two, one)))
    assert found[0].stability.reference.tolist() == np.bincount(CODES["region"][out], minlength=5).tolist()
    assert found[0].stability.current.tolist() == np.bincount(CODES["region"][into], minlength=5).tolist()

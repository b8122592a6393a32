"""Groups of many columns at once have the counts that each column has alone."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from dashboard.metrics.column_counts import select_rows
from dashboard.metrics.counts import ScoreCounts, count_scores_by
from dashboard.metrics.segment_counts import code_rows
from data.predictions.scores import ScoreGrid

CODES = {
    "region": pl.col("region").cast(pl.UInt8),
    "large": (pl.col("exposure").fill_null(0) > 400_000).cast(pl.UInt8),
}


@pytest.mark.parametrize("filters", [None, pl.col("default_probability") > 0.1, pl.lit(value=False)])
@pytest.mark.parametrize("has_grid", [True, False])
def test_groups_have_the_counts_of_their_column_alone(
    portfolio: pl.DataFrame, grid: ScoreGrid, filters: pl.Expr | None, has_grid: bool
) -> None:
    on = grid if has_grid else None
    rows = code_rows(portfolio, on, CODES)
    found = dict(rows.counts(select_rows(portfolio, filters)))
    assert list(found) == list(CODES)
    for name, code in CODES.items():
        alone = count_scores_by(portfolio, code, on, filters=filters)
        assert list(found[name]) == [int(str(level)) for level in alone]
        for counts, expected in zip(found[name].values(), alone.values(), strict=True):
            _assert_same(counts, expected)


def _assert_same(found: ScoreCounts, expected: ScoreCounts) -> None:
    assert found.is_exact == expected.is_exact
    for name in ("edges", "good", "bad"):
        assert np.array_equal(getattr(found, name), getattr(expected, name))
    for name in ("good_pd", "bad_pd", "good_exposure", "bad_exposure"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-12)

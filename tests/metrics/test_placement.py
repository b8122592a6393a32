"""Where a PD stands in a cohort: against counting the rows one by one."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.metrics.counts import ScoreCounts, count_scores, score_bin_expression
from dashboard.metrics.placement import share_below


def counts_of(pds: list[float]) -> ScoreCounts:
    frame = pl.DataFrame(
        {
            "is_default": [False] * len(pds),
            "default_probability": pl.Series(pds, dtype=pl.Float32),
            "exposure": pl.Series([0.0] * len(pds), dtype=pl.Float32),
        }
    )
    return count_scores(frame.with_columns(score_bin_expression()))


def counted(pds: list[float], pd: float) -> float:
    """The share by going through the rows, PDs to four decimals downwards."""
    own, bins = (np.floor(np.asarray(of, dtype=np.float32).astype(np.float64) * 10_000) for of in (pd, pds))
    return float(((bins < own).sum() + (bins == own).sum() / 2) / len(pds))


@pytest.mark.parametrize(
    ("pds", "pd", "share"),
    [
        ([0.1, 0.2, 0.3, 0.4], 0.25, 0.5),
        ([0.1, 0.2, 0.3, 0.4], 0.05, 0.0),
        ([0.1, 0.2, 0.3, 0.4], 0.9, 1.0),
        # Itself, or one in its bin: half of it.
        ([0.1, 0.2, 0.3, 0.4], 0.2, 0.375),
        ([0.2, 0.2, 0.2], 0.2, 0.5),
        ([0.20001, 0.20009], 0.20005, 0.5),
        ([0.0, 1.0], 0.0, 0.25),
        ([0.0, 1.0], 1.0, 0.75),
    ],
)
def test_the_share_of_those_with_a_lower_pd(pds: list[float], pd: float, share: float) -> None:
    assert share_below(counts_of(pds), float(np.float32(pd))) == share


probabilities = st.floats(0, 1, width=32)


@given(st.lists(probabilities, min_size=1, max_size=30), probabilities)
def test_counts_say_what_the_rows_say(pds: list[float], pd: float) -> None:
    assert share_below(counts_of(pds), pd) == pytest.approx(counted(pds, pd), abs=1e-12)


def test_every_pd_on_the_grid_is_in_the_bin_that_rows_are_counted_in() -> None:
    grid = [float(pd) for pd in (np.arange(10_001) / 10_000).astype(np.float32)]
    counts = counts_of(grid)
    assert [share_below(counts, pd) for pd in grid] == pytest.approx([counted(grid, pd) for pd in grid], abs=1e-12)


def test_of_a_portfolio_half_is_below_the_median(portfolio: pl.DataFrame, binned: ScoreCounts) -> None:
    pds = portfolio["default_probability"].to_list()
    median = float(np.median(pds))
    assert share_below(binned, median) == pytest.approx(0.5, abs=2e-3)
    for pd in (0.003, 0.0909, 0.42):
        assert share_below(binned, pd) == pytest.approx(counted(pds, pd), abs=1e-12)


def test_nobody_has_no_share() -> None:
    assert share_below(ScoreCounts.empty(), 0.5) is None

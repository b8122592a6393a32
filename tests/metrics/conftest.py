"""Cohorts for the metric tests: made from few numbers, or drawn at the size of a real portfolio."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from dashboard.metrics.counts import ScoreCounts, count_scores, exact_counts, score_bin_expression

N_PORTFOLIO = 307_511


def _portfolio(n_rows: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    pd = rng.beta(1.2, 13.6, n_rows)
    frame = pl.DataFrame(
        {
            "is_default": rng.random(n_rows) < pd,
            "default_probability": pl.Series(pd, dtype=pl.Float32),
            "exposure": pl.Series(rng.lognormal(13.0, 0.7, n_rows), dtype=pl.Float32),
            "region": pl.Series(rng.integers(1, 4, n_rows), dtype=pl.Int8),
        }
    )
    return frame.with_columns(score_bin_expression())


@pytest.fixture(scope="session")
def portfolio() -> pl.DataFrame:
    """307,511 predictions whose outcomes follow their PDs."""
    return _portfolio(N_PORTFOLIO, seed=20)


@pytest.fixture(scope="session")
def binned(portfolio: pl.DataFrame) -> ScoreCounts:
    """The portfolio on the standard grid."""
    return count_scores(portfolio)


@pytest.fixture(scope="session")
def exact(portfolio: pl.DataFrame) -> ScoreCounts:
    """The portfolio with one bin per distinct PD."""
    columns = (portfolio[name].to_numpy() for name in ("is_default", "default_probability", "exposure"))
    return exact_counts(*columns)

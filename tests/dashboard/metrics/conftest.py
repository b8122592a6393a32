"""Cohorts for the metric tests: made from few numbers, or drawn at the size of a real portfolio."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from dashboard.metrics.counts import ScoreCounts, count_scores, exact_counts
from data.predictions.scores import ScoreGrid, exact_scores, make_score_grid

N_PORTFOLIO = 307_511


def _portfolio(n_rows: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    pd = rng.beta(1.2, 13.6, n_rows)
    return pl.DataFrame(
        {
            "is_default": rng.random(n_rows) < pd,
            "default_probability": exact_scores(pl.Series(pd, dtype=pl.Float32)),
            "exposure": pl.Series(rng.lognormal(13.0, 0.7, n_rows), dtype=pl.Float32),
            "region": pl.Series(rng.integers(1, 4, n_rows), dtype=pl.Int8),
        }
    )


@pytest.fixture(scope="session")
def drawn() -> pl.DataFrame:
    """307,511 predictions whose outcomes follow their PDs."""
    return _portfolio(N_PORTFOLIO, seed=20)


@pytest.fixture(scope="session")
def grid(drawn: pl.DataFrame) -> ScoreGrid:
    """The grid of their PDs."""
    return make_score_grid(drawn["default_probability"], drawn["is_default"])


@pytest.fixture(scope="session")
def portfolio(drawn: pl.DataFrame, grid: ScoreGrid) -> pl.DataFrame:
    """The predictions, each with its bin."""
    return drawn.with_columns(pl.Series("pd_bin", grid.bins(drawn["default_probability"])))


@pytest.fixture(scope="session")
def binned(portfolio: pl.DataFrame, grid: ScoreGrid) -> ScoreCounts:
    """The portfolio on its grid."""
    return count_scores(portfolio, grid)


@pytest.fixture(scope="session")
def exact(portfolio: pl.DataFrame) -> ScoreCounts:
    """The portfolio with one bin per distinct PD."""
    columns = (portfolio[name].to_numpy() for name in ("is_default", "default_probability", "exposure"))
    return exact_counts(*columns)

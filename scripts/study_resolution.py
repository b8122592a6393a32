"""Measure what counting in bins costs: each figure of coarse counts against that of the distinct PDs.

Usage: python -m scripts.study_resolution [--rows 307511] [--portfolios 10] [--seed 1]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

import numpy as np
import polars as pl

from dashboard.metrics.calibration import brier_score, expected_calibration_error
from dashboard.metrics.calibration_fit import calibration_in_the_large, calibration_slope
from dashboard.metrics.calibration_scores import brier_decomposition, log_loss
from dashboard.metrics.calibration_tests import spiegelhalter_test
from dashboard.metrics.counts import ScoreCounts, count_scores
from dashboard.metrics.discrimination import delong, ks_statistic
from dashboard.metrics.ranking import average_precision
from dashboard.metrics.rates import expected_loss
from data.predictions.scores import make_score_grid
from data.predictions.table import EXPOSURE, OUTCOME, PD_BIN, PROBABILITY
from scripts._cli import positive, progress, run

# The figure, and whether its difference is given as a share of it.
FIGURES: Mapping[str, tuple[Callable[[ScoreCounts], float | None], bool]] = {
    "ROC AUC": (lambda counts: _of(delong(counts), "auc"), False),
    "DeLong's variance": (lambda counts: _of(delong(counts), "variance"), True),
    "Average precision": (lambda counts: average_precision(counts).value, False),
    "KS": (lambda counts: ks_statistic(counts).statistic.value, False),
    "Brier score": (lambda counts: brier_score(counts).value, False),
    "Expected calibration error": (lambda counts: expected_calibration_error(counts).error.value, False),
    "Calibration intercept": (lambda counts: calibration_in_the_large(counts).intercept.value, False),
    "Calibration slope": (lambda counts: calibration_slope(counts).slope.value, False),
    "Log-loss": (lambda counts: log_loss(counts).score.value, False),
    "Reliability": (lambda counts: _of(brier_decomposition(counts), "reliability"), False),
    "Resolution": (lambda counts: _of(brier_decomposition(counts), "resolution"), False),
    "Spiegelhalter's z": (lambda counts: spiegelhalter_test(counts).statistic.value, False),
    "Expected loss": (lambda counts: expected_loss(counts, lgd=0.45).amount.value, True),
}


def main() -> None:
    """Draw the portfolios, count each both ways, print the largest differences."""
    parser = argparse.ArgumentParser(prog="python -m scripts.study_resolution", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=positive, default=307_511, help="applications each (default: %(default)s)")
    parser.add_argument("--portfolios", type=positive, default=10, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    arguments = parser.parse_args()
    largest = dict.fromkeys(FIGURES, 0.0)
    bins = 0
    with progress("Counting") as advance:
        for number in range(arguments.portfolios):
            frame = _drawn(arguments.rows, np.random.default_rng((arguments.seed, number)))
            grid = make_score_grid(frame[PROBABILITY], frame[OUTCOME])
            bins = max(bins, grid.edges.size)
            coarse = count_scores(frame.with_columns(pl.Series(PD_BIN, grid.bins(frame[PROBABILITY]))), grid)
            exact = count_scores(frame)
            for name, (figure, is_relative) in FIGURES.items():
                one, other = figure(coarse) or 0.0, figure(exact) or 0.0
                gap = abs(one - other) / (abs(other) if is_relative and other else 1.0)
                largest[name] = max(largest[name], gap)
            advance(number + 1, arguments.portfolios)
    print(f"{arguments.portfolios} portfolios of {arguments.rows:,} applications in at most {bins:,} bins")
    for name, (_, is_relative) in FIGURES.items():
        print(f"{name:<28} {largest[name]:.1e}{' of itself' if is_relative else ''}")


def _drawn(n_rows: int, rng: np.random.Generator) -> pl.DataFrame:
    pds = rng.beta(1.2, 13.6, n_rows)
    return pl.DataFrame(
        {OUTCOME: rng.random(n_rows) < pds, PROBABILITY: pds, EXPOSURE: rng.lognormal(13.0, 0.7, n_rows)}
    )


def _of(result: object | None, name: str) -> float | None:
    value: float | None = getattr(result, name, None)
    return value


if __name__ == "__main__":
    run(main)

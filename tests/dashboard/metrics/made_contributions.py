"""Contributions of five features drawn for 40,000 rows, and counts by hand, to test what is counted of them."""

from __future__ import annotations

import numpy as np
import polars as pl

from dashboard.metrics.counts import IntArray
from dashboard.metrics.explanation_counts import (
    BoolArray,
    FeatureCounts,
)
from inference.explain.contributions import BinKind, Contributions, ExplainedFeature, ValueBins

N_ROWS = 40_000


STEP = 1e-4


NAMES = ("score", "tied", "job", "unused", "wide")


def draw_contributions() -> Contributions:
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


PLACES = np.arange(N_ROWS)


NOBODY = PLACES < 0


def stored_in(found: Contributions, name: str, rows: BoolArray | None) -> IntArray:
    values = found.frame[name].to_numpy().astype(np.int64)
    return values if rows is None else values[rows]


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

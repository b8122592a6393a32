"""A table of predictions with hostile names, and papers on it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl

from dashboard.cohort.columns import prepare
from dashboard.report.paper import Origin, Paper, make_paper
from dashboard.report.recipe import Recipe
from data.home_credit import embedded
from data.predictions.imports import import_predictions, parse_answers
from data.predictions.table import Predictions

HOSTILE = "</script><img src=x onerror=alert(1)>"
FORMULA = '=HYPERLINK("http://evil.example","x")'
ORIGIN = Origin(dt.datetime(2026, 1, 31, 12, 0, 5, tzinfo=dt.UTC), "1.2.3", "ab" * 32, "cd" * 32)


def draw_rows(n_rows: int = 4_000) -> pl.DataFrame:
    """Rows whose PDs are right, in two regions and three branches, of which two have names that want to be run."""
    rng = np.random.default_rng(5)
    pd = np.round(rng.beta(1.2, 9, n_rows), 6)
    return pl.DataFrame(
        {
            "y": (rng.random(n_rows) < pd).astype(int),
            "score": pd,
            "ead": np.round(rng.lognormal(10, 0.6, n_rows)),
            "region": rng.choice(["north", "south"], n_rows, p=[0.7, 0.3]),
            "<b>branch</b>": rng.choice([HOSTILE, FORMULA, "a&b"], n_rows),
        }
    )


def load_rows(rows: pl.DataFrame, folder: Path) -> Predictions:
    """The rows as predictions, in a file of a hostile name."""
    path = folder / "<i>&scored.parquet"
    rows.write_parquet(path)
    return prepare(
        import_predictions(path, embedded.DEFINITION, parse_answers(["y=outcome", "score=probability", "ead=exposure"]))
    )


def write_paper(recipe: Recipe, predictions: Predictions) -> Paper:
    """The paper that `recipe` makes of `predictions`."""
    return make_paper(recipe, predictions, embedded.DEFINITION, ORIGIN)

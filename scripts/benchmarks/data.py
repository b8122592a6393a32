"""Seconds to load applications and predictions, from CSV and from Parquet."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from data.predictions import load_predictions
from data.settings import Settings
from scripts._measure import medians


def measure_data(settings: Settings) -> Mapping[str, object]:
    """Seconds to load each table from either format; both must hold the same rows."""
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        for path in (settings.applications, settings.predictions):
            figures[path.stem] = _measure_table(path, Path(folder) / f"{path.stem}.csv")
    figures["load_predictions_ms"] = 1e3 * medians({"": lambda: load_predictions(settings.predictions)}, runs=9)[""]
    return figures


def _measure_table(parquet: Path, csv: Path) -> Mapping[str, object]:
    table = pl.read_parquet(parquet)
    table.write_csv(csv)
    loads: dict[str, Callable[[], pl.DataFrame]] = {
        "csv_s": lambda: pl.read_csv(csv, schema_overrides=table.schema),
        "parquet_s": lambda: pl.read_parquet(parquet),
    }
    rows = {load().height for load in loads.values()}
    if rows != {table.height}:
        raise AssertionError(f"CSV and Parquet of {parquet.name} hold different rows")
    taken = medians(loads, runs=3)
    sizes = {"csv_bytes": csv.stat().st_size, "parquet_bytes": parquet.stat().st_size}
    return taken | {"ratio": taken["csv_s"] / taken["parquet_s"]} | sizes

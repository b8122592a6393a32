"""Seconds and memory to load applications and predictions, from CSV and from Parquet.

All loading is done in processes of its own: memory is measured there, and the benchmark's own stays small for the
sections after this one.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from data.definition.at_hand import load_definition
from data.predictions.table import load_predictions
from data.settings import Settings
from scripts._measure import DifferenceError, Say, alone, medians, peak_mb, silent

RUNS = 5
Figures = dict[str, object]


def measure_data(settings: Settings, say: Say = silent) -> Figures:
    """Seconds, bytes and peak memory of each table in either format, and seconds of loading the predictions as shown.

    `pandas_csv` is how the earlier system loaded its files before it had Parquet. Peaks are in MB above what the
    process held once the library was loaded.

    Raises:
        DifferenceError: the formats do not hold the same table.
    """
    figures: Figures = {}
    with tempfile.TemporaryDirectory() as folder:
        for parquet in (settings.applications, settings.predictions):
            csv = Path(folder) / f"{parquet.stem}.csv"
            say(f"seconds to load the {parquet.stem}")
            seconds = alone(_measure_seconds, parquet, csv)
            say(f"memory to load the {parquet.stem}")
            figures[parquet.stem] = seconds | _measure_peaks(parquet, csv)
    say("seconds to load the predictions as the dashboard does")
    return figures | {"load_predictions_s": alone(_measure_product, settings)}


def _measure_seconds(parquet: Path, csv: Path) -> Figures:
    """Write `csv` with the rows of `parquet`, and time loading both."""
    table = pl.read_parquet(parquet)
    table.write_csv(csv)
    loads = {f"{name}_s": load for name, load in _loads(parquet, csv).items()}
    taken = medians(loads, runs=RUNS, check=_check_same)
    figures: Figures = {"rows": table.height}
    figures |= {name: round(seconds, 4) for name, seconds in taken.items()}
    for name, slow in (("ratio", "csv_s"), ("pandas_ratio", "pandas_csv_s")):
        figures[name] = round(taken[slow] / taken["parquet_s"], 1)
    return figures | {"csv_bytes": csv.stat().st_size, "parquet_bytes": parquet.stat().st_size}


def _loads(parquet: Path, csv: Path) -> Mapping[str, Callable[[], Any]]:
    types = pl.read_parquet_schema(parquet)
    return {
        "csv": partial(pl.read_csv, csv, schema_overrides=types),
        "parquet": partial(pl.read_parquet, parquet),
        "pandas_csv": partial(_read_pandas, csv),
    }


def _read_pandas(csv: Path) -> Any:
    import pandas as pd  # type: ignore[import-untyped]

    # A level may be spelt as pandas writes a missing value; what is missing here is empty.
    return pd.read_csv(csv, keep_default_na=False, na_values=[""])


def _check_same(loaded: Mapping[str, Any]) -> None:
    """Polars has the very same table from both; pandas, whose types are others, the same gaps and sums of columns."""
    parquet: pl.DataFrame = loaded["parquet_s"]
    if not parquet.equals(loaded["csv_s"]):
        raise DifferenceError("CSV and Parquet hold different tables.")
    _check_pandas(loaded["pandas_csv_s"], parquet)


def _check_pandas(frame: Any, parquet: pl.DataFrame) -> None:
    numbers = [name for name, dtype in parquet.schema.items() if dtype.is_numeric()]
    sums = parquet.select(pl.col(numbers).cast(pl.Float64).sum()).row(0)
    gaps = parquet.null_count().row(0)
    same = list(frame.columns) == parquet.columns and tuple(frame.isna().sum()) == gaps
    if not same or not np.allclose(frame[numbers].sum().to_numpy(), sums, rtol=1e-6):
        raise DifferenceError("Polars and pandas do not find the same columns, gaps and sums.")


def _measure_peaks(parquet: Path, csv: Path) -> Figures:
    return {f"{name}_peak_mb": alone(_measure_peak, name, parquet, csv) for name in ("csv", "parquet", "pandas_csv")}


def _measure_peak(name: str, parquet: Path, csv: Path) -> float:
    load = _loads(parquet, csv)[name]
    if name == "pandas_csv":
        importlib.import_module("pandas")
    before = peak_mb()
    load()
    return round(peak_mb() - before, 1)


def _measure_product(settings: Settings) -> float:
    definition = load_definition(settings)
    return round(medians({"": lambda: load_predictions(settings.predictions, definition)}, runs=9)[""], 4)

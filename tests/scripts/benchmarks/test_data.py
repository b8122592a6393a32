"""Loading from either format: tables that are not the same are noticed."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from scripts._measure import DifferenceError
from scripts.benchmarks.data import _check_same, _loads

TABLE = pl.DataFrame(
    {
        "number": pl.Series([1, None, 300], dtype=pl.Int16),
        "share": pl.Series([0.1, 0.25, None], dtype=pl.Float32),
        # Levels that pandas would take for missing values, and one that is.
        "level": ["NA", "", None],
        "is_late": [True, False, True],
    }
)


def load(parquet: pl.DataFrame, csv: pl.DataFrame, folder: Path) -> None:
    """Write both tables, load each as the benchmark does, and compare."""
    parquet.write_parquet(folder / "table.parquet")
    csv.write_csv(folder / "table.csv", quote_style="non_numeric")
    loads = _loads(folder / "table.parquet", folder / "table.csv")
    _check_same({f"{name}_s": each() for name, each in loads.items()})


def test_the_same_table_from_all_three(tmp_path: Path) -> None:
    # Where text may be empty, CSV cannot tell it from missing.
    table = TABLE.with_columns(pl.col("level").replace({"": "nan"}))
    load(table, table, tmp_path)


@pytest.mark.parametrize(
    "changed",
    [
        TABLE.with_columns(number=pl.Series([1, None, 301], dtype=pl.Int16)),
        TABLE.with_columns(number=pl.Series([1, 0, 300], dtype=pl.Int16)),
        TABLE.with_columns(level=pl.Series(["NA", "B", None])),
        TABLE.head(2),
    ],
)
def test_another_table_is_noticed(tmp_path: Path, changed: pl.DataFrame) -> None:
    with pytest.raises(DifferenceError, match="different tables"):
        load(TABLE, changed, tmp_path)


@pytest.mark.parametrize(
    "changed",
    [
        TABLE.with_columns(number=pl.Series([1, None, 299], dtype=pl.Int16)),
        TABLE.with_columns(number=pl.Series([1, 0, 300], dtype=pl.Int16)),
        TABLE.select("number", "level", "share", "is_late"),
        TABLE.with_columns(level=pl.Series(["NA", "B", "C"])),
    ],
)
def test_what_pandas_finds_otherwise_is_noticed(changed: pl.DataFrame) -> None:
    found = {"parquet_s": TABLE, "csv_s": TABLE, "pandas_csv_s": changed.to_pandas()}
    with pytest.raises(DifferenceError, match="same columns, gaps and sums"):
        _check_same(found)

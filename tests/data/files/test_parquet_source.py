"""Rows out of Parquet: numbers as floats, texts that are empty as gaps, and each known by its number."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from data.files.sources import open_source
from tests.data.files.small_tables import DEFINITION, rows


def test_parquet_gives_numbers_as_floats_and_counts_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    frame = pl.DataFrame({"note": ["", None], "grade": pl.Series(["a", "?"]).cast(pl.Categorical), "age": [20, None]})
    frame.write_parquet(path)
    (found,) = rows(path)
    assert found.select("age", "grade").to_dict(as_series=False) == {"age": [20.0, None], "grade": ["a", None]}
    assert open_source(path, DEFINITION).places([0, 1]) == [1, 2]

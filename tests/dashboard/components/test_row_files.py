"""A cohort's rows as files, read back."""

from __future__ import annotations

import io

import polars as pl
from polars.testing import assert_frame_equal

from dashboard import cache
from dashboard.cohort.filters import Filters, LevelFilter
from dashboard.cohort.rows import cohort_table
from dashboard.components.row_files import csv_file, parquet_file
from data.settings import Settings

PENSIONERS = Filters.of([LevelFilter("NAME_INCOME_TYPE", ("Pensioner",))])


def test_both_files_hold_the_cohort_at_its_cutoff(built: Settings, frame: pl.DataFrame) -> None:
    predictions = cache.predictions(cache.open_dataset(cache.Location()))
    parquet = pl.read_parquet(io.BytesIO(parquet_file(predictions, PENSIONERS, 0.05)))
    # Categories come back from Parquet as they are; every dtype is the stored one.
    assert_frame_equal(parquet, cohort_table(predictions, PENSIONERS, 0.05))
    pensioners = frame.filter(pl.col("NAME_INCOME_TYPE") == "Pensioner")
    assert parquet["application_id"].to_list() == pensioners["application_id"].to_list()
    csv = pl.read_csv(csv_file(predictions, PENSIONERS, 0.05), infer_schema_length=None)
    assert csv.columns == parquet.columns
    assert csv["application_id"].to_list() == parquet["application_id"].to_list()
    declined = (pensioners["default_probability"].cast(pl.Float64) >= 0.05).sum()
    assert csv["decision"].to_list().count("Declined") == declined

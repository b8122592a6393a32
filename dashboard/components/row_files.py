"""A cohort's rows as a file: CSV that a spreadsheet does not run, and Parquet with the stored dtypes."""

from __future__ import annotations

import io

import polars as pl

from dashboard.cohort.filters import Filters
from dashboard.cohort.rows import cohort_table
from data.files.spreadsheets import csv_of
from data.predictions.table import Predictions


def csv_file(predictions: Predictions, filters: Filters, cutoff: float) -> bytes:
    """The cohort as CSV; text and headers that a spreadsheet would run as a formula are kept from being one."""
    return csv_of(cohort_table(predictions, filters, cutoff))


def parquet_file(predictions: Predictions, filters: Filters, cutoff: float) -> bytes:
    """The cohort as Parquet (zstd)."""
    return parquet_of(cohort_table(predictions, filters, cutoff))


def parquet_of(frame: pl.DataFrame) -> bytes:
    """`frame` as Parquet (zstd)."""
    out = io.BytesIO()
    frame.write_parquet(out, compression="zstd")
    return out.getvalue()

"""The predictions table: shape, round trip, and refusal of files that are something else."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from data.errors import FileError, PredictionsError
from data.home_credit import embedded
from data.predictions.table import (
    CohortKind,
    PredictionsSource,
    load_predictions,
    make_predictions,
    read_source,
    write_predictions,
)

SOURCE = PredictionsSource("application_train.csv", "abc123", is_imported=False, notices=("Mind the gap.",))


@pytest.fixture
def applications() -> pl.DataFrame:
    """Three applications of the whole table: mostly missing, with an age, a time employed and an income type."""
    values = {column.name: [None] * 3 for column in embedded.COLUMNS} | {
        "SK_ID_CURR": [7, 8, 9],
        "TARGET": [0, 1, 0],
        "DAYS_BIRTH": [-9_000, -12_000, -20_000],
        "DAYS_EMPLOYED": [-100, -3_000, embedded.NOT_EMPLOYED],
        "NAME_INCOME_TYPE": ["Working", "Working", "Pensioner"],
        "AMT_CREDIT": [45_000.0, 90_000.0, 1_000_000.5],
    }
    return pl.DataFrame(values, schema=embedded.DEFINITION.polars_schema())


@pytest.fixture
def frame(applications: pl.DataFrame) -> pl.DataFrame:
    return make_predictions(applications, embedded.DEFINITION, pl.Series([0.1, 0.2, 0.3]), pl.Series([0, 1, 4]))


def test_make_predictions_holds_outcome_pd_fold_and_exposure_of_each_application(frame: pl.DataFrame) -> None:
    roles = frame.select("application_id", "is_default", "fold", "exposure")
    assert roles.rows() == [(7, False, 0, 45_000.0), (8, True, 1, 90_000.0), (9, False, 4, 1_000_000.5)]
    assert frame["default_probability"].dtype == pl.Float64
    assert frame["default_probability"].to_list() == pytest.approx([0.1, 0.2, 0.3], abs=1e-7)


def test_cohort_columns_are_small(frame: pl.DataFrame) -> None:
    wide = {name: dtype for name, dtype in frame.schema.items() if dtype in (pl.Float64, pl.Int64, pl.String)}
    # The PD alone is wide: as a 32-bit number it would not be the decimal that cutoffs are compared with.
    assert wide == {"default_probability": pl.Float64}


def test_every_cohort_column_of_the_schema_is_carried(frame: pl.DataFrame) -> None:
    assert frame.columns[5:] == [column.name for column in embedded.COLUMNS if column.cohort]


def test_protected_columns_are_there_to_cut_cohorts_by(frame: pl.DataFrame) -> None:
    assert {"CODE_GENDER", "NAME_FAMILY_STATUS"} <= set(frame.columns)


def test_round_trip_keeps_frame_and_source(frame: pl.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    write_predictions(frame, path, SOURCE)
    loaded = load_predictions(path, embedded.DEFINITION)
    assert loaded.frame.equals(frame)
    assert loaded.frame.schema == frame.schema
    assert loaded.source == SOURCE == read_source(path)
    assert [child.name for child in tmp_path.iterdir()] == ["predictions.parquet"]


def test_range_of_a_cohort_column_leaves_its_sentinel_out(frame: pl.DataFrame, tmp_path: Path) -> None:
    write_predictions(frame, tmp_path / "p.parquet", SOURCE)
    columns = {
        column.name: column for column in load_predictions(tmp_path / "p.parquet", embedded.DEFINITION).cohort_columns
    }
    employed = columns["DAYS_EMPLOYED"]
    assert (employed.kind, employed.minimum, employed.maximum) == (CohortKind.RANGE, -3_000, -100)
    assert columns["NAME_INCOME_TYPE"].levels[0] == "Working"
    assert columns["NAME_INCOME_TYPE"].label == "Income type"


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"nowhere\.parquet: no such file"):
        load_predictions(tmp_path / "nowhere.parquet", embedded.DEFINITION)


@pytest.mark.parametrize("content", [b"", b"not parquet at all", b"PAR1"])
def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "p.parquet"
    path.write_bytes(content)
    with pytest.raises(PredictionsError, match="not written by this version"):
        load_predictions(path, embedded.DEFINITION)


def test_a_parquet_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    pl.DataFrame({"a": [1]}).write_parquet(path)
    with pytest.raises(PredictionsError, match="not written by this version"):
        load_predictions(path, embedded.DEFINITION)

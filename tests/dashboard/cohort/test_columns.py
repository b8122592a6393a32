"""The columns that every table of predictions gets: bands of single rows, and words for outcome and fold."""

from __future__ import annotations

import polars as pl

from dashboard.cohort.columns import prepare
from data.predictions.table import Predictions, PredictionsSource

SOURCE = PredictionsSource("test", "0" * 64, is_imported=False)


def test_bands_outcome_and_fold_are_those_of_every_row() -> None:
    frame = pl.DataFrame(
        {
            "is_default": [False, True, False, True, False],
            "default_probability": [0.0, 0.0199, 0.08, 0.32, 1.0],
            "fold": pl.Series([2, 1, 2, 10, 1], dtype=pl.UInt8),
        }
    )
    found = prepare(Predictions(frame, SOURCE, ()))
    assert found.frame["pd_band"].to_list() == ["A", "A", "D", "F", "F"]
    assert found.frame["observed"].to_list() == ["Repaid", "Defaulted", "Repaid", "Defaulted", "Repaid"]
    assert found.frame["fold_name"].cast(pl.String).to_list() == ["2", "1", "2", "10", "1"]
    described = {column.name: column for column in found.cohort_columns}
    assert described["fold_name"].levels == ("1", "2", "10")
    assert described["default_probability"].maximum == 1.0


def test_without_folds_there_is_no_column_of_them() -> None:
    frame = pl.DataFrame({"is_default": [True], "default_probability": [0.5]})
    found = prepare(Predictions(frame, SOURCE, ()))
    assert [column.name for column in found.cohort_columns] == ["default_probability", "pd_band", "observed"]

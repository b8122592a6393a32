"""A dropped file's rows as predictions: what is left out, what cohorts are cut by, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest

from data.definition.definition import Definition, Outcome
from data.files.batch_file import read_batch
from data.home_credit import embedded
from data.predictions.scored import scored_predictions
from data.predictions.table import Predictions

MakeRows = Callable[[int], pl.DataFrame]
PDS = pl.Series([0.1, 0.25, None, 0.5], dtype=pl.Float32)


def predictions(table: pl.DataFrame, definition: Definition = embedded.DEFINITION) -> Predictions:
    batch = read_batch("new.csv", table.write_csv().encode(), definition, ("AMT_CREDIT",))
    return scored_predictions(batch, PDS, definition, "f00")


@pytest.fixture(name="table")
def fixture_table(make_rows: MakeRows) -> pl.DataFrame:
    """Four rows that all can be scored, with a column of their own and one that says nothing."""
    return make_rows(4).with_columns(
        pl.Series("TARGET", [0, 1, 1, None]), pl.Series("branch", ["N", "S", "N", "N"]), pl.Series("note", [""] * 4)
    )


def test_rows_without_a_pd_are_left_out_and_counted_and_open_ones_kept(table: pl.DataFrame) -> None:
    found = predictions(table)
    assert found.frame["default_probability"].to_list() == [0.1, 0.25, 0.5]
    assert found.frame["is_default"].to_list() == [False, True, None]
    assert found.frame["application_id"].to_list() == table["SK_ID_CURR"].gather([0, 1, 3]).to_list()
    assert found.frame["branch"].to_list() == ["N", "S", "N"]
    assert found.source.notices == (
        "Left out of every figure: 1 row referred without a PD.",
        "Left out as cohort columns: note (no value in any row).",
    )
    assert (found.source.has_outcomes, found.source.n_open, found.source.whose) == (True, 1, "published model")


def test_without_any_outcome_all_that_is_scored_is_shown(table: pl.DataFrame) -> None:
    for without in (table.drop("TARGET"), table.with_columns(TARGET=pl.lit(None))):
        found = predictions(without)
        assert found.frame["default_probability"].to_list() == [0.1, 0.25, 0.5]
        assert not found.source.has_outcomes
        assert found.source.n_open == 3


def test_columns_of_the_definition_are_described_in_its_words(table: pl.DataFrame) -> None:
    columns = {column.name: column for column in predictions(table).cohort_columns}
    own = embedded.DEFINITION.column("NAME_INCOME_TYPE")
    # In the definition's order, not in that of the letters.
    assert columns["NAME_INCOME_TYPE"].levels == own.levels
    assert columns["NAME_INCOME_TYPE"].label == own.label
    assert columns["branch"].group == "Columns of the file"
    # What is no cohort column of the portfolio is none of the file.
    assert "FLAG_MOBIL" not in columns


def test_a_filter_may_name_what_is_no_cohort_column(table: pl.DataFrame) -> None:
    found = predictions(table)
    assert set(found.filter_columns) >= {column.name for column in embedded.DEFINITION.inputs}
    # The third row is not scored.
    scored = table[[0, 1, 3]]
    assert found.values("OBS_30_CNT_SOCIAL_CIRCLE").to_list() == scored["OBS_30_CNT_SOCIAL_CIRCLE"].to_list()
    own = found.holding(["FONDKAPREMONT_MODE"])["FONDKAPREMONT_MODE"]
    assert own.cast(pl.String).to_list() == scored["FONDKAPREMONT_MODE"].cast(pl.String).to_list()


def test_repeated_ids_name_no_row(table: pl.DataFrame) -> None:
    found = predictions(table.with_columns(SK_ID_CURR=pl.lit(100_001)))
    assert not found.has_ids
    assert "SK_ID_CURR does not identify the rows (repeated values); it is not used as id." in found.source.notices


def test_outcomes_are_in_the_words_of_the_definition(table: pl.DataFrame) -> None:
    outcome = Outcome("status", ("Charged Off",), ("Paid",))
    said = table.with_columns(status=pl.Series([" Charged Off", "Paid", "Paid", "Late"]))
    assert predictions(said, replace(embedded.DEFINITION, outcome=outcome)).frame["is_default"].to_list() == [
        True,
        False,
        None,
    ]

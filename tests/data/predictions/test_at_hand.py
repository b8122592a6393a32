"""The project's own predictions, and the other columns of the applications that they are of."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from data.definition.columns import Column, Kind
from data.definition.definition import Definition
from data.errors import DamageError
from data.home_credit import embedded
from data.predictions.at_hand import MOST_LOADED, ApplicationColumns, open_predictions
from data.predictions.table import CohortKind, Predictions, name_on_screen
from data.settings import Settings, load_settings

BESIDE = {column.name for column in embedded.DEFINITION.inputs if not column.cohort}


@pytest.fixture(name="own")
def own_predictions(built: Settings) -> Predictions:
    return open_predictions(built, embedded.DEFINITION)


def test_every_column_that_an_application_brings_can_be_filtered_by(own: Predictions) -> None:
    assert len(BESIDE) == 91
    assert set(own.filter_columns) == {column.name for column in embedded.DEFINITION.inputs}
    assert own.more is not None
    assert set(own.more.columns) == BESIDE
    assert {column.name for column in own.cohort_columns}.isdisjoint(BESIDE)


@pytest.mark.parametrize("name", ["APARTMENTS_AVG", "FONDKAPREMONT_MODE", "FLAG_DOCUMENT_2", "DAYS_ID_PUBLISH"])
def test_values_are_those_of_the_applications_in_their_order(own: Predictions, built: Settings, name: str) -> None:
    stored = pl.read_parquet(built.applications).sort("SK_ID_CURR")
    held = own.holding([name, "no column"])
    assert held.columns == [*own.frame.columns, name]
    assert held.sort("application_id")[name].equals(stored[name])
    assert own.values(name) is own.values(name)


def test_the_frame_is_not_made_anew_for_what_it_carries(own: Predictions) -> None:
    assert own.holding(["AMT_CREDIT", "NAME_INCOME_TYPE"]) is own.frame
    assert replace(own, more=None).holding(["APARTMENTS_AVG"]) is own.frame


def test_no_more_columns_stay_in_memory_than_there_is_room_for(own: Predictions) -> None:
    first, *others = sorted(BESIDE)[: MOST_LOADED + 1]
    before = own.values(first)
    for name in others[:-1]:
        own.values(name)
    assert own.values(first) is before
    # Asked for last, it stays; the one that was asked for longest ago goes.
    second = own.values(others[0])
    for name in sorted(BESIDE)[MOST_LOADED + 1 : 2 * MOST_LOADED + 1]:
        own.values(name)
    assert own.values(others[0]) is not second


def test_values_of_other_applications_are_refused(own: Predictions, built: Settings) -> None:
    schema = pl.read_parquet_schema(built.applications)
    turned = replace(own, frame=own.frame.reverse())
    other = replace(own, source=replace(own.source, digest="0" * 64))
    for predictions in (turned, other):
        columns = ApplicationColumns(built, embedded.DEFINITION, predictions, pl.Schema(schema))
        with pytest.raises(DamageError, match="holds other applications than the predictions on the screen"):
            columns.values("APARTMENTS_AVG")


def test_a_table_that_is_gone_takes_the_other_columns_with_it(
    built: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(built.processed, tmp_path / "processed")
    monkeypatch.setenv("SCOREROOM_PROCESSED", str(tmp_path / "processed"))
    copied = load_settings()
    opened = open_predictions(copied, embedded.DEFINITION)
    copied.applications.unlink()
    with pytest.raises(DamageError, match=r"applications\.parquet"):
        opened.values("APARTMENTS_AVG")
    assert open_predictions(copied, embedded.DEFINITION).more is None


def test_a_column_called_like_one_of_the_predictions_gets_another_name(home_credit: Definition) -> None:
    column = replace(home_credit.columns[5], name="fold")
    assert name_on_screen(column, home_credit) == "fold_"


def test_a_date_that_predictions_carry_by_quarter_is_there_by_day(
    own: Predictions, built: Settings, home_credit: Definition
) -> None:
    quarterly = Column("opened", "Opened", "", "Loan", Kind.DATE, pl.Date(), cohort=True)
    daily = replace(quarterly, name="closed", cohort=False)
    definition = replace(home_credit, columns=(*home_credit.columns, quarterly, daily))
    schema = pl.Schema({**pl.read_parquet_schema(built.applications), "opened": pl.Date(), "closed": pl.Date()})
    columns = ApplicationColumns(built, definition, own, schema).columns
    assert set(columns) == {*BESIDE, "opened~day", "closed"}
    assert columns["opened~day"].is_date
    assert columns["closed"].is_date
    assert columns["opened~day"].kind is CohortKind.RANGE

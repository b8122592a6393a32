"""Predictions of a dropped file: what a model gave its rows, beside the outcomes that the file itself brings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from data.definition.definition import Definition
from data.files.batch_file import BatchTable
from data.files.cells import outcomes_of
from data.files.validate import count_rows
from data.predictions.at_hand import describe_others
from data.predictions.imports import cohort_columns
from data.predictions.scores import exact_scores
from data.predictions.table import (
    EXPOSURE,
    ID,
    OUTCOME,
    PROBABILITY,
    CohortColumn,
    Predictions,
    PredictionsSource,
    cohort_names,
    cohort_values,
    describe_columns,
)
from data.reading.cells import read_cells

PUBLISHED = "published model"


@dataclass(frozen=True, slots=True)
class ScoredSource(PredictionsSource):
    """The origin of predictions that the published model, or another `model`, gave the rows of a dropped file."""

    model: str = ""

    @property
    def whose(self) -> str:
        """Whose the PDs are, in words."""
        return f"model {self.model}" if self.model else PUBLISHED

    @property
    def is_out_of_fold(self) -> bool:
        """Whether each PD is of a model that had not seen the row, which nobody knows."""
        return False


def scored_predictions(
    table: BatchTable, pds: pl.Series, definition: Definition, digest: str, model: str = ""
) -> Predictions:
    """The good rows of `table` with their `pds` (Float32, null where a row was referred) as predictions.

    Rows without a PD are left out. Cohorts are cut by the columns that cut the portfolio, and by the file's own.
    `digest` is the SHA-256 of the file, and `model` the name of the model if it is not the published one.
    """
    kept = pds.is_not_null()
    outcomes = _outcomes(table, definition, pds.len()).filter(kept)
    n_open, n_referred = outcomes.null_count(), int((~kept).sum())
    notices = [f"Left out of every figure: {count_rows(n_referred)} referred without a PD."] if n_referred else []
    applications = table.applications.filter(kept)
    own, more = _own_columns(applications, definition)
    # Their names are as they are stored; a column of the file that is called so is no other one.
    taken = {*own.columns, *applications.columns, definition.target}
    names = [name for name in table.extra.columns if name not in taken]
    carried = pl.DataFrame({name: read_cells(table.extra[name].filter(kept))[0] for name in names})
    others, odd = cohort_columns(carried)
    frame = pl.DataFrame(
        [
            outcomes.cast(pl.Boolean).alias(OUTCOME),
            exact_scores(pds.filter(kept)).alias(PROBABILITY),
            *own,
            *others,
        ]
    )
    source = ScoredSource(
        table.name,
        digest,
        is_imported=False,
        notices=(*notices, *more, *odd),
        n_open=n_open,
        has_outcomes=n_open < outcomes.len(),
        model=model,
    )
    others_at_hand = HeldColumns(table.applications, kept, definition)
    return Predictions(frame, source, describe_columns(frame, definition), more=others_at_hand)


class HeldColumns:
    """The columns of a file's applications that its predictions do not carry, each taken when it is asked for."""

    def __init__(self, applications: pl.DataFrame, kept: pl.Series, definition: Definition) -> None:
        self._applications, self._kept = applications, kept
        self._described = describe_others(definition, applications.schema)

    @property
    def columns(self) -> Mapping[str, CohortColumn]:
        """What they are, by name."""
        return {name: column for name, (column, _) in self._described.items()}

    def values(self, name: str) -> pl.Series:
        """A column's values, called `name`; dates as days since 1970-01-01."""
        column, stored = self._described[name]
        values = self._applications[stored].filter(self._kept).alias(name)
        return values.to_physical() if column.is_date else values


def _outcomes(table: BatchTable, definition: Definition, n_rows: int) -> pl.Series:
    """1, 0 or null for each row, as the definition reads the file's column; null throughout where there is none."""
    outcome = definition.outcome
    if outcome is None or outcome.column not in table.extra.columns:
        return pl.Series(OUTCOME, [None], dtype=pl.Float64).new_from_index(0, n_rows)
    cells = table.extra[outcome.column]
    cells = cells.cast(pl.Float64) if cells.dtype.is_numeric() else cells.cast(pl.String).str.strip_chars()
    return outcomes_of(cells, outcome)


def _own_columns(applications: pl.DataFrame, definition: Definition) -> tuple[pl.DataFrame, list[str]]:
    """Id, exposure and the definition's cohort columns, as far as the file has them, and what is odd about them."""
    notices: list[str] = []
    found: list[pl.Expr | pl.Series] = []
    if definition.id in applications.columns:
        ids = applications[definition.id]
        if ids.null_count() or ids.n_unique() < ids.len():
            notices.append(f"{definition.id} does not identify the rows (repeated values); it is not used as id.")
        else:
            found.append(pl.col(definition.id).alias(ID))
    exposure = definition.roles.exposure
    if exposure in applications.columns:
        found.append(pl.col(exposure).cast(pl.Float32).alias(EXPOSURE))
    empty = {name for name in applications.columns if applications[name].null_count() == applications.height}
    cut = {name: column for name, column in cohort_names(definition).items() if column.name in applications.columns}
    found += [
        cohort_values(applications[column.name], column).alias(name)
        for name, column in cut.items()
        if column.name not in empty
    ]
    if gone := [column.label for column in cut.values() if column.name in empty]:
        notices.append(f"Left out as cohort columns, because no row has a value: {', '.join(gone)}.")
    return applications.select(found), notices

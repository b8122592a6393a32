"""The project's own predictions beside the applications that they are of, whose other columns filters may name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from threading import Lock

import polars as pl

from data.definition.definition import Definition
from data.errors import DamageError
from data.files.convert import open_applications
from data.predictions.table import (
    DAY,
    ID,
    CohortColumn,
    Predictions,
    check_rows,
    cohort_names,
    describe_column,
    load_predictions,
    name_on_screen,
    own_digest,
    predicted,
)
from data.settings import Settings
from data.store.opening import reading
from data.store.records import PREDICTIONS, check_built

# 2.5 MB each at most at 307,511 rows; to load a column again takes 10 ms.
MOST_LOADED = 16


def open_predictions(settings: Settings, definition: Definition) -> Predictions:
    """The project's own predictions, in memory, after making sure that they are what was built.

    Raises:
        ScoreroomError: they are missing or damaged, or are not of the applications at hand.
    """
    check_built(settings, PREDICTIONS)
    actual = load_predictions(settings.predictions, definition)
    try:
        applications = open_applications(settings, definition)
    except DamageError:
        # Said where applications are asked for; the predictions are what was built.
        return actual
    check_rows(settings.predictions, actual.frame, definition, applications)
    return replace(actual, more=ApplicationColumns(settings, definition, actual, applications.collect_schema()))


def describe_others(definition: Definition, schema: pl.Schema) -> dict[str, tuple[CohortColumn, str]]:
    """What the columns of applications with this schema are that predictions do not carry, and their names there.

    Identifier and outcome are left out. Of a date the predictions may carry the quarter; here it is the day, under
    a name with `~day` behind it.
    """
    carried, others = cohort_names(definition), {}
    for column in definition.inputs:
        name, dtype = name_on_screen(column, definition), schema.get(column.name)
        if dtype is not None and (name not in carried or dtype == pl.Date):
            described = describe_column(name + DAY * (name in carried), dtype, None, column)
            others[described.name] = (replace(described, currency=definition.currency), column.name)
    return others


class ApplicationColumns:
    """The columns of the application table that predictions do not carry; the last 16 asked for stay in memory."""

    def __init__(self, settings: Settings, definition: Definition, predictions: Predictions, schema: pl.Schema) -> None:
        self._settings, self._definition, self._predictions = settings, definition, predictions
        self._described = describe_others(definition, schema)
        self._loaded: dict[str, pl.Series] = {}
        self._lock = Lock()

    @property
    def columns(self) -> Mapping[str, CohortColumn]:
        """What they are, by name; least and greatest value are not known before they are loaded."""
        return {name: column for name, (column, _) in self._described.items()}

    def values(self, name: str) -> pl.Series:
        """A column's values, called `name`, in the order of the predictions; dates as days since 1970-01-01.

        Raises:
            ScoreroomError: the table is missing or damaged, or no longer the one that the predictions are of.
        """
        with self._lock:
            values = self._loaded.pop(name, None)
            self._loaded[name] = self._load(name) if values is None else values
            if len(self._loaded) > MOST_LOADED:
                del self._loaded[next(iter(self._loaded))]
            return self._loaded[name]

    def _load(self, name: str) -> pl.Series:
        settings, definition, frame = self._settings, self._definition, self._predictions.frame
        table = open_applications(settings, definition)
        column, stored = self._described[name]
        values = pl.col(stored).to_physical() if column.is_date else pl.col(stored)
        with reading(settings.applications):
            rows = predicted(table, frame, definition).select(pl.col(definition.id).alias("~id"), values.alias(name))
            loaded = rows.collect()
        # Another table may have taken its place since the predictions were opened.
        is_same = own_digest(settings) == self._predictions.source.digest and loaded["~id"].equals(frame[ID])
        if not is_same:
            raise DamageError.from_others(settings.applications)
        return loaded[name]

"""The rows of a cohort: columns to show, order, one page at a time, and all of them as a file.

Rows are named by their position in the predictions' frame, so that the order of a cohort is one small array.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
import numpy.typing as npt
import polars as pl

from dashboard.cohort.columns import OUTCOME_GROUP, PREDICTION
from dashboard.cohort.filters import Filters
from dashboard.cohort.row_order import (
    MOST_SORTED,
    Order,
    PagedOrder,
    Positions,
    can_be_paged,
    counting_sort,
    sort_keys,
)
from dashboard.words import labels
from dashboard.words.score_words import as_places
from data.definition.columns import Unit
from data.definition.definition import Definition
from data.predictions.table import (
    DERIVED_COLUMNS,
    EXPOSURE,
    FOLD_NAME,
    ID,
    OBSERVED,
    OUTCOME,
    PD_BAND,
    PROBABILITY,
    CohortColumn,
    CohortKind,
    Predictions,
    scores_column,
)
from inference.model.judgement import APPROVE, DECLINE, REFER

# Shown and never stored: the row number and the decision. No column of a file begins with a tilde.
ROW_NUMBER, DECISION = "~row", "~decision"
APPROVED, DECLINED = "Approved", "Declined"
# What the service and files call a decision, and people.
DECISIONS = {APPROVE: APPROVED, DECLINE: DECLINED, REFER: "Referred"}
_DECISION_IN_FILE = "decision"
_LEADING = (PROBABILITY, DECISION, OBSERVED, PD_BAND, FOLD_NAME)
_MOST_AT_FIRST = 6


@dataclass(frozen=True, slots=True)
class Sort:
    """An order of rows: by `column` as it is shown, the highest value or last level first unless it is rising."""

    column: str = PROBABILITY
    is_rising: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """A search for rows by the beginning of their id, or by part of a level's words in `columns`."""

    text: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Slice:
    """One page out of `n_rows` rows: `positions` in the frame, the first of them the `start`-th row (from 0)."""

    positions: Positions
    start: int
    number: int
    n_pages: int
    n_rows: int


def identity(predictions: Predictions) -> CohortColumn:
    """The column that identifies a row: the application's id, or else the row number."""
    if predictions.has_ids:
        return CohortColumn(ID, "Application", "Number that identifies one application.", "", CohortKind.RANGE)
    text = "Place of the row in the file: these predictions carry no application id."
    return CohortColumn(ROW_NUMBER, "Row", text, "", CohortKind.RANGE)


def row_columns(predictions: Predictions, currency: str, models: Sequence[str] = ()) -> dict[str, CohortColumn]:
    """The columns that a table of rows can show beside their identity, by name, prediction and outcome first.

    Exposures are in `currency`; of the `models` whose decisions select the rows, each has its PDs in a column.
    """
    known = {column.name: column for column in predictions.cohort_columns}
    whose = predictions.source.whose
    text = f"{DECLINED} when the PD {whose} is at or above the cutoff, else {APPROVED.lower()}."
    text = text if predictions.scale is None else as_places(text)
    label = f"Decision, {whose}"
    own = {DECISION: CohortColumn(DECISION, label, text, PREDICTION, CohortKind.LEVELS, (APPROVED, DECLINED))}
    own[PROBABILITY] = replace(known[PROBABILITY], label=f"{known[PROBABILITY].label}, {whose}")
    if EXPOSURE in predictions.frame.columns and EXPOSURE not in known:
        own[EXPOSURE] = CohortColumn(
            EXPOSURE,
            "Exposure",
            "Amount at risk.",
            OUTCOME_GROUP,
            CohortKind.RANGE,
            unit=Unit.CURRENCY,
            currency=currency,
        )
    offered = known | own
    by_model = {scores_column(name): _pd_by(known[PROBABILITY], name) for name in models}
    offered |= by_model
    names = [name for name in (PROBABILITY, *by_model, *_LEADING[1:]) if name in offered]
    names += [name for name in (*known, EXPOSURE) if name in offered and name not in names]
    return {name: offered[name] for name in names}


def _pd_by(pd: CohortColumn, model: str) -> CohortColumn:
    text = f"What {model} gives the application, as the cohort's filter on decisions of models takes it."
    return replace(pd, name=scores_column(model), label=f"PD by {model}", description=text)


def first_columns(predictions: Predictions, definition: Definition, models: Sequence[str] = ()) -> tuple[str, ...]:
    """The columns shown before anybody chooses: those that the definition names, else the first few."""
    columns = row_columns(predictions, definition.currency, models)
    by_model = tuple(map(scores_column, models))
    leading = [name for name in columns if name in (*_LEADING, *by_model)]
    others = [name for name in columns if name not in (*leading, EXPOSURE)]
    familiar = [name for name in definition.screen.first_columns if name in columns] or others[:_MOST_AT_FIRST]
    return (*(name for name in leading if name != FOLD_NAME), *familiar)


def find_order(
    predictions: Predictions,
    filters: Filters,
    sort: Sort,
    search: Search | None = None,
    *,
    most_sorted: int = MOST_SORTED,
) -> Order:
    """The rows that meet `filters` and `search`, in the order of `sort`; of many only what is asked for is sorted.

    Rows without a value, or with one that is no quantity, come last in either direction; equal ones keep the order of
    the frame.
    """
    met = _met(predictions, filters, search)
    column = PROBABILITY if sort.column == DECISION else sort.column
    n_met = predictions.frame.height if met is None else int(np.count_nonzero(met))
    if n_met > most_sorted and column != ROW_NUMBER:
        values = _quantities(predictions, column)
        if can_be_paged(values):
            return PagedOrder.of(values, met, is_rising=sort.is_rising is not _is_turned(predictions, column))
    positions = np.arange(n_met, dtype=np.int32) if met is None else np.flatnonzero(met).astype(np.int32)
    return _ordered(predictions, positions, column, is_rising=sort.is_rising)


def _ordered(predictions: Predictions, positions: Positions, column: str, *, is_rising: bool) -> Positions:
    if column == ROW_NUMBER:
        ordered = positions if is_rising else positions[::-1].copy()
    else:
        keys = sort_keys(_quantities(predictions, column), is_rising=is_rising is not _is_turned(predictions, column))
        ordered = positions[counting_sort(keys[positions])]
    ordered.flags.writeable = False
    return ordered


def take_slice(order: Order, number: int, size: int) -> Slice:
    """Page `number` (from 1) of `size` rows; the last one where there are fewer pages than that."""
    n_pages = max(1, -(-order.size // size))
    shown = min(max(number, 1), n_pages)
    start = (shown - 1) * size
    return Slice(order[start : start + size], start, shown, n_pages, order.size)


def sliced(predictions: Predictions, positions: Positions, names: Sequence[str], cutoff: float) -> pl.DataFrame:
    """The named columns of the rows at `positions`, in that order, as they are stored."""
    drawn = [name for name in names if name not in (DECISION, ROW_NUMBER)]
    rows = predictions.holding(drawn).select({*drawn, PROBABILITY})[positions]
    own = {
        DECISION: decisions(rows[PROBABILITY], cutoff).alias(DECISION),
        ROW_NUMBER: pl.Series(ROW_NUMBER, positions + 1),
    }
    return pl.DataFrame([own[name] if name in own else rows[name] for name in names])


def decisions(pds: pl.Series, cutoff: float) -> pl.Series:
    """The decision on each PD in words."""
    declined = pds >= cutoff
    return declined.cast(pl.UInt8).cat.to(pl.Enum([APPROVED, DECLINED]))


def cohort_table(predictions: Predictions, filters: Filters, cutoff: float) -> pl.DataFrame:
    """All rows that meet `filters`, in the frame's order: what is stored, in its dtypes, and the decision.

    Where models' decisions select them, the PDs of each stand in `pd_MODEL`.
    """
    expression = filters.expression()
    stored = [pl.col(name) for name in predictions.frame.columns]
    for model in filters.models:
        name = f"pd_{model}"
        while name in predictions.frame.columns:
            name += "_by_model"
        stored.append(pl.col(scores_column(model)).alias(name))
    rows = predictions.frame
    if expression is not None:
        rows = predictions.holding(filters.needed).filter(expression).select(stored)
    name = _DECISION_IN_FILE
    while name in rows.columns:
        name += "_at_cutoff"
    unknown = () if predictions.source.has_outcomes else (OUTCOME,)
    decided = rows.with_columns(decisions(rows[PROBABILITY], cutoff).alias(name))
    return decided.drop(*DERIVED_COLUMNS, *unknown, strict=False)


def _met(predictions: Predictions, filters: Filters, search: Search | None) -> npt.NDArray[np.bool_] | None:
    """Which rows meet filters and search; None for all."""
    wanted = [filters.expression(), None if search is None else _found_by(predictions, search)]
    conditions = [expression for expression in wanted if expression is not None]
    if not conditions:
        return None
    rows = predictions.holding(filters.needed)
    met = rows.lazy().select(reduce(lambda a, b: a & b, conditions).alias("met")).collect()["met"]
    # A condition that is the same for all rows may give one value.
    return np.broadcast_to(met.to_numpy(), predictions.frame.height)


def _found_by(predictions: Predictions, search: Search) -> pl.Expr:
    text = search.text.strip()
    numbers = pl.col(ID) if predictions.has_ids else pl.int_range(1, pl.len() + 1)
    numbered = numbers.cast(pl.String).str.to_lowercase().str.starts_with(text.lower())
    # Digits are the beginning of a number; a level that holds one as well is not what is meant.
    if text.isdecimal():
        return numbered
    return reduce(lambda a, b: a | b, _holding(predictions, search.columns, text.casefold()), numbered)


def _holding(predictions: Predictions, columns: Sequence[str], text: str) -> list[pl.Expr]:
    known = {column.name: column for column in predictions.cohort_columns}
    conditions = []
    for name in columns:
        column = known.get(name)
        if column is None:
            continue
        holding = [level for level in column.levels if text in labels.level(column, level).casefold()]
        if holding:
            conditions.append(pl.col(name).is_in(holding).fill_null(value=False))
    return conditions


def _is_turned(predictions: Predictions, name: str) -> bool:
    """Whether the values are shown in the opposite order: days before the application as years since."""
    described = next((column for column in predictions.cohort_columns if column.name == name), None)
    return described is not None and labels.scale(described).factor < 0


def _quantities(predictions: Predictions, name: str) -> pl.Series:
    """The column's values, None where one is special."""
    values = predictions.holding([name])[name]
    special = next((column.special_values for column in predictions.cohort_columns if column.name == name), ())
    return values.set(values.cast(pl.Float64).is_in(special), None) if special else values

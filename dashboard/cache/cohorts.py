"""Counts over a cohort, a column or a pair of columns, and the order of a cohort's rows."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import polars as pl
import streamlit as st

from dashboard.cache.chosen import LOADED, TABLES
from dashboard.cache.sources import KEYS, SMALL, Dataset, chosen_rows, portfolio_beside, predictions
from dashboard.cohort.bins import Bins, ValueGrid, make_bins, make_grid
from dashboard.cohort.filters import Filters
from dashboard.cohort.row_order import Order
from dashboard.cohort.rows import Search, Sort, find_order
from dashboard.metrics.cell_counts import CellCounts, count_cells
from dashboard.metrics.column_counts import (
    ColumnCodes,
    ColumnCounts,
    count_both,
    count_columns,
    make_column_codes,
)
from dashboard.metrics.counts import ScoreCounts, count_scores
from dashboard.metrics.evaluation import Assumptions, Evaluation
from dashboard.metrics.row_counts import TableRows, add_counts, table_rows
from dashboard.metrics.segment_counts import MOST_SORTED
from dashboard.metrics.weighing import Overlap
from data.predictions import pieces
from data.predictions.table import PROBABILITY, CohortKind

# The largest that an entry gets at 307,511 rows: segments 29 MB (60 groups, held as arrays), counts of a cohort 1.4
# MB, an order of rows 1.2 MB, cells of a heat map 0.1 MB. Counting a dropped entry
# again takes 5 to 40 ms.
_LATELY = 2
_SEGMENTS, _COHORTS, _SHARED, _ORDERS, _CELLS = 3, 24, 16, 4, 64


@dataclass(frozen=True, slots=True)
class ColumnGroups:
    """The groups of every cohort column but the PD itself, by column, and the group of every row in them."""

    bins: Mapping[str, Bins]
    codes: ColumnCodes


# A resource, as its arrays are read-only: unpickled on every look-up they were the larger part of a page's own work.
@st.cache_resource(max_entries=_COHORTS, show_spinner=False, hash_funcs=KEYS)
def cohort_counts(dataset: Dataset, filters: Filters) -> ScoreCounts:
    """The counts of the cohort that `filters` selects from `dataset`."""
    if filters.is_rest:
        return cohort_counts(dataset, Filters()) - cohort_counts(dataset, filters.rest())
    rows, base = rows_of(dataset), counted_before(dataset, filters)
    if base is None or rows.grid is None:
        return rows.counts(chosen_rows(dataset, filters))
    # Who adds a level asks of the cohort that is counted already.
    return add_counts(cohort_counts(dataset, base[0]), rows.counts(chosen_rows(dataset, base[1])), rows.grid)


def counted_before(dataset: Dataset, filters: Filters) -> tuple[Filters, Filters] | None:
    """Two cohorts that make up this one without a row in common, the first counted lately; None where nothing was.

    Of a table that is counted at once whatever the cohort, nothing is remembered.
    """
    if rows_of(dataset).n_rows <= MOST_SORTED:
        return None
    lately = _counted_lately(dataset)
    others = [(base, more) for base in list(lately) if (more := filters.beyond(base)) is not None and base != filters]
    if filters not in lately:
        lately.append(filters)
    return others[-1] if others else None


@st.cache_resource(max_entries=TABLES, show_spinner=False, hash_funcs=KEYS)
def _counted_lately(dataset: Dataset) -> deque[Filters]:  # noqa: ARG001
    return deque(maxlen=_LATELY)


def rows_of(dataset: Dataset) -> TableRows:
    """The rows of `dataset`, ready to be counted."""
    return _rows_of(dataset.own)


# Beside the table itself the outcomes, and the exposures where some are not known.
@st.cache_resource(max_entries=TABLES, show_spinner=False, hash_funcs=KEYS)
def _rows_of(dataset: Dataset) -> TableRows:
    table = predictions(dataset)
    return table_rows(table.frame, table.grid)


def evaluate(dataset: Dataset, filters: Filters, assumptions: Assumptions) -> Evaluation:
    """The results for the cohort that `filters` selects; what no assumption changes is computed once a cohort."""
    return Evaluation(
        cohort_counts(dataset, filters), assumptions, _results(dataset, filters), predictions(dataset).why_no_pd
    )


@st.cache_resource(max_entries=_COHORTS, show_spinner=False, hash_funcs=KEYS)
def _results(dataset: Dataset, filters: Filters) -> dict[tuple[str, int], Any]:  # noqa: ARG001
    return {}


# A resource: 58 levels take longer to unpickle than all that a page does with them.
@st.cache_resource(max_entries=_SEGMENTS, show_spinner=False, hash_funcs=KEYS)
def segment_counts(dataset: Dataset, filters: Filters, bins: Bins) -> Mapping[int, ScoreCounts]:
    """The counts of each group of `bins` within a cohort, by the group's code; groups without a row are left out."""
    # Of two models that are compared, both have the segments of the one that is looked at.
    codes = bins.codes(predictions(dataset.chosen_by or dataset).frame[bins.column])
    return MappingProxyType(rows_of(dataset).counts_by(codes, len(bins.labels), chosen_rows(dataset, filters)))


@st.cache_data(max_entries=SMALL, show_spinner=False, hash_funcs=KEYS)
def column_bins(dataset: Dataset, name: str, n_groups: int) -> Bins:
    """The groups into which `name` is cut, made on the whole portfolio so that cohorts can be compared."""
    table = predictions(dataset)
    column = next(column for column in table.cohort_columns if column.name == name)
    return make_bins(table.frame[name], column, n_groups)


@st.cache_data(max_entries=SMALL, show_spinner=False, hash_funcs=KEYS)
def level_counts(dataset: Dataset, name: str) -> Mapping[str | None, int]:
    """How many rows of the portfolio have each level of `name`, the most frequent first; None counts missing ones."""
    return pieces.level_counts(predictions(dataset).values(name))


@st.cache_data(max_entries=SMALL, show_spinner=False, hash_funcs=KEYS)
def value_grid(dataset: Dataset, name: str) -> ValueGrid:
    """The portfolio's histogram of the number `name`, on the steps of its slider."""
    table = predictions(dataset)
    return make_grid(table.values(name), table.filter_columns[name])


@st.cache_resource(max_entries=LOADED, show_spinner="Grouping the columns ...", hash_funcs=KEYS)
def column_groups(dataset: Dataset) -> ColumnGroups:
    """The columns of `dataset` in up to ten groups each (a category's levels stay apart), worked out once."""
    table = predictions(dataset)
    names = [column.name for column in table.cohort_columns if column.name != PROBABILITY]
    bins = {name: column_bins(dataset, name, 10) for name in names}
    codes = make_column_codes(table.frame, {name: (cut.code(), len(cut.labels)) for name, cut in bins.items()})
    return ColumnGroups(bins, codes)


@st.cache_data(max_entries=SMALL, show_spinner=False, hash_funcs=KEYS)
def column_counts(dataset: Dataset, filters: Filters) -> ColumnCounts:
    """The applications of a cohort by the groups of every column."""
    chosen = chosen_rows(dataset, filters)
    return count_columns(column_groups(dataset).codes, chosen)


@dataclass(frozen=True, slots=True)
class SharedGroups:
    """The groups of the columns that a dropped file shares with the portfolio, which hold the values of both.

    `codes` are the file's rows, `portfolio` counts all of the portfolio's.
    """

    bins: Mapping[str, Bins]
    codes: ColumnCodes
    portfolio: ColumnCounts


@st.cache_resource(max_entries=LOADED, show_spinner="Grouping the columns ...", hash_funcs=KEYS)
def shared_groups(dataset: Dataset) -> SharedGroups:
    """The columns of the dropped file `dataset` and of the portfolio beside it, grouped alike."""
    file, whole = predictions(dataset), predictions(portfolio_beside(dataset))
    own = {column.name: column for column in file.cohort_columns}
    bins = {}
    for column in whole.cohort_columns:
        other = own.get(column.name)
        if other is None or other.kind is not column.kind or column.name == PROBABILITY:
            continue
        levels = tuple(dict.fromkeys((*column.levels, *other.levels)))
        values = pl.concat([_plain(each.frame[column.name], column.kind) for each in (whole, file)])
        bins[column.name] = make_bins(values, replace(column, levels=levels), 10)
    codes = {name: (cut.code(), len(cut.labels)) for name, cut in bins.items()}
    return SharedGroups(bins, make_column_codes(file.frame, codes), make_column_codes(whole.frame, codes).whole)


def _plain(values: pl.Series, kind: CohortKind) -> pl.Series:
    """The values in a type that those of another table have, too."""
    return values.cast(pl.String if kind is CohortKind.LEVELS else pl.Float64)


@st.cache_data(max_entries=SMALL, show_spinner=False, hash_funcs=KEYS)
def shared_column_counts(dataset: Dataset, filters: Filters) -> ColumnCounts:
    """The applications of a cohort of the dropped file `dataset` by the groups that it shares with the portfolio."""
    chosen = chosen_rows(dataset, filters)
    return count_columns(shared_groups(dataset).codes, chosen)


@st.cache_data(max_entries=SMALL, show_spinner=False, hash_funcs=KEYS)
def overlap(dataset: Dataset, one: Filters, other: Filters) -> Overlap:
    """The applications that are in both cohorts."""
    rows = predictions(dataset).holding([*one.needed, *other.needed])
    return count_both(rows, one.expression(), other.expression())


@st.cache_data(max_entries=_CELLS, show_spinner=False, hash_funcs=KEYS)
def cell_counts(dataset: Dataset, filters: Filters, down: Bins, across: Bins, cutoff: float) -> CellCounts:
    """The counts of each pair of groups of two columns within a cohort; approved are PDs below `cutoff`."""
    shape = (len(down.labels), len(across.labels))
    frame = predictions(dataset).frame
    codes = (down.codes(frame[down.column]), across.codes(frame[across.column]))
    return count_cells(rows_of(dataset), codes, shape, cutoff=cutoff, chosen=chosen_rows(dataset, filters))


@st.cache_data(max_entries=_SHARED, show_spinner=False, hash_funcs=KEYS)
def shared_counts(dataset: Dataset, one: Filters, other: Filters) -> ScoreCounts:
    """The counts of the applications that are in both cohorts."""
    if one == other.rest():
        return ScoreCounts.empty()
    if not one or not other:
        return cohort_counts(dataset, one or other)
    met = [cohort.expression() for cohort in (one, other)]
    both = pl.all_horizontal([expression for expression in met if expression is not None] or [pl.lit(value=True)])
    table = predictions(dataset)
    return count_scores(table.holding([*one.needed, *other.needed]), table.grid, filters=both)


# A resource: the array is never written to, and a copy of it a page turned would be the largest part of the turn.
@st.cache_resource(max_entries=_ORDERS, show_spinner=False, hash_funcs=KEYS)
def row_order(dataset: Dataset, filters: Filters, sort: Sort, search: Search | None) -> Order:
    """The positions of a cohort's rows that `search` finds, in the order of `sort`."""
    return find_order(predictions(dataset), filters, sort, search)

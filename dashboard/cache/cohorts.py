"""Counts over a cohort, a column or a pair of columns, and the order of a cohort's rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl
import streamlit as st

from dashboard.cache.sources import KEYS, SMALL, Dataset, predictions
from dashboard.cohort.bins import Bins, ValueGrid, make_bins, make_grid
from dashboard.cohort.filters import Filters
from dashboard.cohort.rows import Positions, Search, Sort, order_rows
from dashboard.metrics.cell_counts import CellCounts, count_cells
from dashboard.metrics.column_counts import (
    ColumnCodes,
    ColumnCounts,
    count_both,
    count_columns,
    make_column_codes,
    select_rows,
)
from dashboard.metrics.counts import ScoreCounts, count_scores, count_scores_by
from data.predictions.table import PROBABILITY

# The largest that an entry gets at 307,511 rows: segments 29 MB (60 groups, held as arrays), counts of a cohort 0.31
# MB, an order of rows 1.2 MB (12 MB at ten times the rows), cells of a heat map 0.1 MB. Counting a dropped entry
# again takes 5 to 40 ms.
_SEGMENTS, _COHORTS, _SHARED, _ORDERS, _CELLS = 3, 64, 16, 4, 64


@dataclass(frozen=True, slots=True)
class ColumnGroups:
    """The groups of every cohort column but the PD itself, by column, and the group of every row in them."""

    bins: Mapping[str, Bins]
    codes: ColumnCodes


@st.cache_data(max_entries=_COHORTS, show_spinner=False, hash_funcs=KEYS)
def cohort_counts(dataset: Dataset, filters: Filters) -> ScoreCounts:
    """The counts of the cohort that `filters` selects from `dataset`."""
    if filters.is_rest:
        return cohort_counts(dataset, Filters()) - cohort_counts(dataset, filters.rest())
    table = predictions(dataset)
    return count_scores(table.frame, table.grid, filters=filters.expression())


# A resource: 58 levels take longer to unpickle than all that a page does with them.
@st.cache_resource(max_entries=_SEGMENTS, show_spinner=False, hash_funcs=KEYS)
def segment_counts(dataset: Dataset, filters: Filters, bins: Bins) -> Mapping[int, ScoreCounts]:
    """The counts of each group of `bins` within a cohort, by the group's code; groups without a row are left out."""
    table = predictions(dataset)
    counted = count_scores_by(table.frame, bins.code(), table.grid, filters=filters.expression())
    return MappingProxyType({int(str(code)): counts for code, counts in counted.items()})


@st.cache_data(max_entries=SMALL, show_spinner=False, hash_funcs=KEYS)
def column_bins(dataset: Dataset, name: str, n_groups: int) -> Bins:
    """The groups into which `name` is cut, made on the whole portfolio so that cohorts can be compared."""
    table = predictions(dataset)
    column = next(column for column in table.cohort_columns if column.name == name)
    return make_bins(table.frame[name], column, n_groups)


@st.cache_data(max_entries=SMALL, show_spinner=False, hash_funcs=KEYS)
def level_counts(dataset: Dataset, name: str) -> Mapping[str | None, int]:
    """How many rows of the portfolio have each level of `name`, the most frequent first; None counts missing ones."""
    values = predictions(dataset).frame[name].cast(pl.String).value_counts(sort=True, name="~n")
    return dict(zip(*values.to_dict(as_series=False).values(), strict=True))


@st.cache_data(max_entries=SMALL, show_spinner=False, hash_funcs=KEYS)
def value_grid(dataset: Dataset, name: str) -> ValueGrid:
    """The portfolio's histogram of the number `name`, on the steps of its slider."""
    table = predictions(dataset)
    column = next(column for column in table.cohort_columns if column.name == name)
    return make_grid(table.frame[name], column)


@st.cache_resource(max_entries=2, show_spinner="Grouping the columns ...", hash_funcs=KEYS)
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
    chosen = select_rows(predictions(dataset).frame, filters.expression())
    return count_columns(column_groups(dataset).codes, chosen)


@st.cache_data(max_entries=SMALL, show_spinner=False, hash_funcs=KEYS)
def n_in_both(dataset: Dataset, one: Filters, other: Filters) -> int:
    """The number of applications that are in both cohorts."""
    return count_both(predictions(dataset).frame, one.expression(), other.expression())


@st.cache_data(max_entries=_CELLS, show_spinner=False, hash_funcs=KEYS)
def cell_counts(dataset: Dataset, filters: Filters, down: Bins, across: Bins, cutoff: float) -> CellCounts:
    """The counts of each pair of groups of two columns within a cohort; approved are PDs below `cutoff`."""
    shape = (len(down.labels), len(across.labels))
    codes = (down.code(), across.code())
    return count_cells(predictions(dataset).frame, codes, shape, cutoff=cutoff, filters=filters.expression())


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
    return count_scores(table.frame, table.grid, filters=both)


# A resource: the array is never written to, and a copy of it a page turned would be the largest part of the turn.
@st.cache_resource(max_entries=_ORDERS, show_spinner=False, hash_funcs=KEYS)
def row_order(dataset: Dataset, filters: Filters, sort: Sort, search: Search | None) -> Positions:
    """The positions of a cohort's rows that `search` finds, in the order of `sort`."""
    return order_rows(predictions(dataset), filters, sort, search)

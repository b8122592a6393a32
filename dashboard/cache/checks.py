"""What the first page finds in a cohort: the facts on its groups, and the findings at a cutoff."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import streamlit as st

from dashboard.cache.chosen import LOADED
from dashboard.cache.cohorts import (
    cohort_counts,
    column_bins,
    column_counts,
    column_groups,
    counted_before,
    evaluate,
    rows_of,
)
from dashboard.cache.sources import KEYS, SMALL, Dataset, chosen_rows, definition, predictions
from dashboard.cohort.bins import Bins
from dashboard.cohort.filters import Filters, LevelFilter
from dashboard.metrics.evaluation import Assumptions
from dashboard.metrics.findings import Finding, Findings, find_faults
from dashboard.metrics.group_facts import Group, GroupFacts, group_facts
from dashboard.metrics.segment_counts import CodedRows, Groups, add_groups, code_rows
from dashboard.metrics.shift_findings import shift_findings
from dashboard.metrics.stability import characteristic_stability
from data.predictions.table import FOLD_NAME, OBSERVED, PD_BAND, CohortColumn, CohortKind

# 19 MB each at 307,511 rows and 111 groups.
_FACTS = 2
_N_GROUPS = 10
# What follows from PD and outcome is no segment of the portfolio.
_NO_SEGMENTS = (PD_BAND, FOLD_NAME, OBSERVED)


@st.cache_resource(max_entries=SMALL, show_spinner=False, hash_funcs={**KEYS, Assumptions: repr, Finding: repr})
def findings(dataset: Dataset, filters: Filters, assumptions: Assumptions, more: tuple[Finding, ...] = ()) -> Findings:
    """The findings on a cohort and on its segments by every category and every usual column of the portfolio.

    `more` are checks of what else the reader has at hand. Shifts are a question to the whole portfolio: of a cohort
    they are what it was cut out by.
    """
    shifts = () if filters else _shifts(dataset)
    return find_faults(evaluate(dataset, filters, assumptions), checked_groups(dataset, filters), (*shifts, *more))


@st.cache_resource(max_entries=LOADED, show_spinner=False, hash_funcs=KEYS)
def _shifts(dataset: Dataset) -> tuple[Finding, ...]:
    """The shift of each column between the first fold and the others, which the page on stability shows first.

    The project's own folds are drawn at random and cannot shift; somebody else's may be periods.
    """
    table = predictions(dataset)
    folds = next((column.levels for column in table.cohort_columns if column.name == FOLD_NAME), ())
    if not table.source.is_imported or len(folds) < 2:
        return ()
    first = Filters.of([LevelFilter(FOLD_NAME, (folds[0],))])
    counted = [column_counts(dataset, side) for side in (first.rest(), first)]
    bins = column_groups(dataset).bins
    found = {name: each for name, each in characteristic_stability(*counted).items() if name != FOLD_NAME}
    groups = {
        name: Group(name, bins[name].title, each.largest or 0, bins[name].labels[each.largest or 0])
        for name, each in found.items()
    }
    return shift_findings(found, groups)


# The segments' own counts are not kept: they would take 70 MB a cohort.
@st.cache_resource(max_entries=_FACTS, show_spinner=False, hash_funcs=KEYS)
def checked_groups(dataset: Dataset, filters: Filters) -> tuple[GroupFacts, ...]:
    """The facts on the groups of the columns that are checked, within a cohort; they hold at every cutoff."""
    whole = cohort_counts(dataset, filters)
    bins = _checked_rows(dataset)[1]
    return tuple(
        facts
        for name, parts in _parts(dataset, filters)
        for facts in group_facts(name, bins[name].title, bins[name].labels, parts, whole)
    )


def _parts(dataset: Dataset, filters: Filters) -> Iterable[tuple[str, Groups]]:
    """The counts of the groups of each column within a cohort."""
    rows = _checked_rows(dataset)[0]
    # Of a table that is counted at once, all that would be kept is larger than what it saves.
    return rows.counts(chosen_rows(dataset, filters)) if rows.order is not None else _kept_parts(dataset, filters)


# 60 MB each, of tables of more than a million rows only.
@st.cache_resource(max_entries=_FACTS, show_spinner=False, hash_funcs=KEYS)
def _kept_parts(dataset: Dataset, filters: Filters) -> tuple[tuple[str, Groups], ...]:
    rows, base = _checked_rows(dataset)[0], counted_before(dataset, filters)
    if base is None or rows.rows.grid is None:
        return tuple(rows.counts(chosen_rows(dataset, filters)))
    more = dict(rows.counts(chosen_rows(dataset, base[1])))
    grid = rows.rows.grid
    return tuple((name, add_groups(own, more[name], grid)) for name, own in _kept_parts(dataset, base[0]))


# 10 MB at 307,511 rows.
@st.cache_resource(max_entries=LOADED, show_spinner=False, hash_funcs=KEYS)
def _checked_rows(dataset: Dataset) -> tuple[CodedRows, Mapping[str, Bins]]:
    table = predictions(dataset)
    usual = table.usual_segments(definition())
    names = [column.name for column in table.cohort_columns if _is_checked(column, usual)]
    bins = {name: column_bins(dataset, name, _N_GROUPS) for name in names}
    codes = ((name, cut.codes(table.frame[name])) for name, cut in bins.items())
    return code_rows(rows_of(dataset), codes, {name: len(cut.labels) for name, cut in bins.items()}), bins


def _is_checked(column: CohortColumn, usual: Collection[str]) -> bool:
    return column.name in usual or (column.kind is CohortKind.LEVELS and column.name not in _NO_SEGMENTS)

"""What the first page finds in a cohort: the facts on its groups, and the findings at a cutoff."""

from __future__ import annotations

import streamlit as st

from dashboard.cache.cohorts import cohort_counts, column_bins
from dashboard.cache.sources import KEYS, SMALL, Dataset, definition, predictions
from dashboard.cohort.filters import Filters
from dashboard.metrics.counts import count_scores_by
from dashboard.metrics.evaluation import Assumptions, Evaluation
from dashboard.metrics.findings import Findings, GroupFacts, find_faults, group_facts
from data.predictions.table import FOLD_NAME, OBSERVED, PD_BAND, CohortColumn, CohortKind

# 19 MB each at 307,511 rows and 111 groups.
_FACTS = 2
_N_GROUPS = 10
# What follows from PD and outcome is no segment of the portfolio.
_NO_SEGMENTS = (PD_BAND, FOLD_NAME, OBSERVED)


@st.cache_resource(max_entries=SMALL, show_spinner=False, hash_funcs={**KEYS, Assumptions: repr})
def findings(dataset: Dataset, filters: Filters, assumptions: Assumptions) -> Findings:
    """The findings on a cohort and on its segments by every category and every usual column of the portfolio."""
    return find_faults(Evaluation(cohort_counts(dataset, filters), assumptions), checked_groups(dataset, filters))


# The segments' own counts are not kept: they would take 70 MB a cohort.
@st.cache_resource(max_entries=_FACTS, show_spinner=False, hash_funcs=KEYS)
def checked_groups(dataset: Dataset, filters: Filters) -> tuple[GroupFacts, ...]:
    """The facts on the groups of the columns that are checked, within a cohort; they hold at every cutoff."""
    table, whole = predictions(dataset), cohort_counts(dataset, filters)
    rows = table.holding(filters.columns)
    found: list[GroupFacts] = []
    for column in table.cohort_columns:
        if not _is_checked(column):
            continue
        bins = column_bins(dataset, column.name, _N_GROUPS)
        parts = count_scores_by(rows, bins.code(), table.grid, filters=filters.expression())
        by_code = {int(str(code)): counts for code, counts in parts.items()}
        found += group_facts(column.name, bins.title, bins.labels, by_code, whole)
    return tuple(found)


def _is_checked(column: CohortColumn) -> bool:
    usual = column.name in definition().screen.segments
    return usual or (column.kind is CohortKind.LEVELS and column.name not in _NO_SEGMENTS)

"""Everything the dashboard keeps between runs: one session, one frame, and small aggregates keyed by what they are of.

The frame and the session are resources (shared, never copied); what is computed from them is keyed by the predictions'
digest and the canonical filters, and bounded: see the numbers of entries in the modules. What is kept fits into about
150 MB of the server's 700, whatever is asked for. No frame is ever a hashed argument.
"""

from __future__ import annotations

from dashboard.cache.ahead import get_ready, load_ahead, warm_up
from dashboard.cache.cohorts import (
    ColumnGroups,
    cell_counts,
    cohort_counts,
    column_bins,
    column_counts,
    column_groups,
    level_counts,
    n_in_both,
    row_order,
    segment_counts,
    shared_counts,
    value_grid,
)
from dashboard.cache.explanations import Explained, contribution_sums, explained, feature_counts
from dashboard.cache.lookup import Applicants, applicants, application, application_table
from dashboard.cache.sources import (
    Dataset,
    Location,
    open_dataset,
    open_session,
    predictions,
    scoring_session,
    settings,
)

__all__ = [
    "Applicants",
    "ColumnGroups",
    "Dataset",
    "Explained",
    "Location",
    "applicants",
    "application",
    "application_table",
    "cell_counts",
    "cohort_counts",
    "column_bins",
    "column_counts",
    "column_groups",
    "contribution_sums",
    "explained",
    "feature_counts",
    "get_ready",
    "level_counts",
    "load_ahead",
    "n_in_both",
    "open_dataset",
    "open_session",
    "predictions",
    "row_order",
    "scoring_session",
    "segment_counts",
    "settings",
    "shared_counts",
    "value_grid",
    "warm_up",
]

"""Everything the dashboard keeps between runs: one session, one frame, and small aggregates keyed by what they are of.

The frame and the session are resources (shared, never copied); what is computed from them is keyed by the predictions'
digest and the canonical filters, or by an application's values and the versions of the files behind them, and bounded:
see the numbers of entries in the modules. What is kept fits into about 200 MB of the server's 700. No frame is ever a
hashed argument.
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
from dashboard.cache.explanations import (
    Explained,
    contribution_sums,
    explained,
    feature_counts,
    model_contributions,
)
from dashboard.cache.lookup import (
    Applicants,
    Observed,
    applicants,
    application,
    application_table,
    base_values,
    has_application,
    numbers_beginning_with,
    observed,
    pick_application,
)
from dashboard.cache.portfolio import (
    Portfolio,
    assess_values,
    column_facts,
    explain_many,
    explainer,
    field_values,
    neighbours,
    portfolio,
    published_pds,
    reference,
    typical_of_reference,
    why_no_portfolio,
)
from dashboard.cache.sources import (
    Dataset,
    Location,
    open_dataset,
    open_session,
    predictions,
    scoring_session,
    settings,
)
from dashboard.cache.what_if import N_MAP, changes_to_approve, curve_pds, field_range, map_pds, nearest

__all__ = [
    "N_MAP",
    "Applicants",
    "ColumnGroups",
    "Dataset",
    "Explained",
    "Location",
    "Observed",
    "Portfolio",
    "applicants",
    "application",
    "application_table",
    "assess_values",
    "base_values",
    "cell_counts",
    "changes_to_approve",
    "cohort_counts",
    "column_bins",
    "column_counts",
    "column_facts",
    "column_groups",
    "contribution_sums",
    "curve_pds",
    "explain_many",
    "explained",
    "explainer",
    "feature_counts",
    "field_range",
    "field_values",
    "get_ready",
    "has_application",
    "level_counts",
    "load_ahead",
    "map_pds",
    "model_contributions",
    "n_in_both",
    "nearest",
    "neighbours",
    "numbers_beginning_with",
    "observed",
    "open_dataset",
    "open_session",
    "pick_application",
    "portfolio",
    "predictions",
    "published_pds",
    "reference",
    "row_order",
    "scoring_session",
    "segment_counts",
    "settings",
    "shared_counts",
    "typical_of_reference",
    "value_grid",
    "warm_up",
    "why_no_portfolio",
]

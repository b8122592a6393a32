"""What the cohort on the screen is compared with."""

from __future__ import annotations

import streamlit as st

from dashboard import state
from dashboard.cohort.filters import Filters
from dashboard.visit.links import Cohort
from dashboard.visit.visit import AGAINST, COHORTS, REST, WHOLE
from dashboard.words import labels

_FIXED = {"": "No comparison", REST: "vs the rest", WHOLE: "vs the portfolio"}


def render_comparison() -> None:
    """Write the choice of what the cohort is compared with."""
    names = labels.distinct(_FIXED | {cohort.name: f"vs {cohort.name}" for cohort in state.kept(COHORTS)}, "cohort")
    st.selectbox(
        "Compare with",
        format_func=names.__getitem__,
        label_visibility="collapsed",
        **state.select_widget(AGAINST, list(names)),
    )


def compared() -> Cohort | None:
    """The cohort that the one on the screen is compared with; None where that is nothing, or the very same."""
    chosen, shown = state.get(AGAINST), state.filters()
    found = {
        REST: Cohort("Rest", shown.rest()) if shown else None,
        WHOLE: Cohort("Portfolio", Filters()),
    } | {cohort.name: cohort for cohort in state.kept(COHORTS)}
    against = found.get(chosen)
    return None if against is None or against.filters == shown else against

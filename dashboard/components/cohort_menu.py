"""What the cohort on the screen is compared with."""

from __future__ import annotations

import streamlit as st

from dashboard import state
from dashboard.cohort.filters import Filters
from dashboard.visit.links import Cohort
from dashboard.visit.visit import AGAINST, COHORTS, FILE, REST, WHOLE
from dashboard.words import labels


def whole_name() -> str:
    """What all rows that are shown are called together."""
    return "Whole file" if state.get(FILE) else "Portfolio"


def rest_name() -> str:
    """What the rows outside of a cohort are called where they stand for a cohort themselves."""
    return "Rest of the file" if state.get(FILE) else "Rest of the portfolio"


def render_comparison() -> None:
    """Write the choice of what the cohort is compared with."""
    fixed = {"": "No comparison", REST: "vs the rest", WHOLE: f"vs the {whole_name().lower()}"}
    names = labels.distinct(fixed | {cohort.name: f"vs {cohort.name}" for cohort in state.kept(COHORTS)}, "cohort")
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
        WHOLE: Cohort(whole_name(), Filters()),
    } | {cohort.name: cohort for cohort in state.kept(COHORTS)}
    against = found.get(chosen)
    return None if against is None or against.filters == shown else against

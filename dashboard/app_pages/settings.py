"""Settings: what the figures of all pages assume, each as a number that can be typed."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard import state
from dashboard.components.assumptions import render_beta, render_costs, render_groups, render_terms
from dashboard.components.frame import View
from dashboard.visit.assumptions import BETA, COST_FN, COST_FP, EAD, GROUPS, LGD, MARGIN
from dashboard.visit.parameters import Parameter

PLACE = ".settings"
ASSUMPTIONS: tuple[Parameter[Any], ...] = (COST_FN, COST_FP, LGD, MARGIN, EAD, BETA, GROUPS)


def render(view: View) -> None:
    """Write the page for `view`."""
    st.markdown("These assumptions hold on every page and are part of the link to it.")
    costs, loans, metrics = st.columns(3, gap="medium", border=True)
    with costs:
        st.subheader("Costs", anchor=False)
        render_costs(PLACE)
    with loans:
        st.subheader("Loans", anchor=False)
        has_exposure = view.portfolio_counts.exposure_sum > 0
        render_terms(view.definition.currency, has_exposure=has_exposure, place=PLACE)
    with metrics:
        st.subheader("Metrics", anchor=False)
        render_beta(PLACE)
        render_groups(PLACE)
    st.button(
        "Back to the defaults",
        icon=":material/undo:",
        on_click=state.put,
        args=({parameter: parameter.default for parameter in ASSUMPTIONS},),
        disabled=all(state.get(parameter) == parameter.default for parameter in ASSUMPTIONS),
    )

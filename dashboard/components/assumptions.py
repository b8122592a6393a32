"""The numbers that figures assume, as inputs to type into; the same ones on a page of their own and beside a chart.

`place` tells the inputs of one place from those of another.
"""

from __future__ import annotations

import streamlit as st

from dashboard import state
from dashboard.visit.assumptions import BETA, COST_FN, COST_FP, EAD, GROUPS, LGD, MARGIN
from dashboard.words import labels
from dashboard.words.money import unit


def render_costs(place: str = "") -> None:
    """Write the costs of the two wrong decisions."""
    st.number_input(
        "Cost of a false approval (FN)",
        0.0,
        1_000.0,
        step=1.0,
        format="%.4g",
        **state.value_widget(COST_FN, place=place),
        help="What approving an application that defaults costs, in any unit.",
    )
    st.number_input(
        "Cost of a false decline (FP)",
        0.0,
        1_000.0,
        step=1.0,
        format="%.4g",
        **state.value_widget(COST_FP, place=place),
        help="What declining an application that would have repaid costs, in the same unit.",
    )


def render_terms(currency: str, *, has_exposure: bool, place: str = "") -> None:
    """Write what a loan earns and loses, and the exposure where applications bring none of their own."""
    st.number_input(
        "Margin (% of EAD)",
        0.0,
        50.0,
        step=0.5,
        format="%.4g",
        **state.percent_widget(MARGIN, place=place),
        help="What a loan that repays earns, over its whole life and after all costs but defaults.",
    )
    st.number_input(
        "LGD (% of EAD)",
        0.0,
        100.0,
        step=1.0,
        format="%.4g",
        **state.percent_widget(LGD, place=place),
        help="Loss given default: what is lost of the exposure when a loan defaults, after recoveries.",
    )
    if has_exposure:
        st.caption("EAD: each application's own exposure, from the predictions.")
        return
    st.number_input(
        f"EAD ({labels.plain(unit(currency))})",
        1.0,
        1e9,
        step=1_000.0,
        format="%.0f",
        **state.value_widget(EAD, place=place),
        help="Exposure at default, the same for every application, since the predictions carry none.",
    )


def render_beta(place: str = "") -> None:
    """Write how many times as much as precision recall counts."""
    st.number_input(
        "β of F-beta",
        0.1,
        10.0,
        step=0.5,
        format="%.3g",
        **state.value_widget(BETA, place=place),
        help="How many times as much as precision recall counts.",
    )


def render_groups(place: str = "") -> None:
    """Write into how many groups applications are split to judge calibration."""
    st.number_input("Groups of equal size", 5, 50, **state.value_widget(GROUPS, place=place))

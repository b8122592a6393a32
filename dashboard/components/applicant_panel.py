"""The side panel: one applicant by number, scored by the one cached session without rerunning the page behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import streamlit as st

from dashboard import cache, labels, state
from dashboard.visit import APPLICANT
from data.errors import DataError
from data.predictions import ID, OUTCOME, PROBABILITY
from inference.decision import declines, risk_band


def render_applicant_panel(dataset: cache.Dataset) -> None:
    """Write the panel for `dataset`, or one line that says why it is off."""
    st.header("Applicant", anchor=False)
    found = cache.applicants(dataset)
    if found.path is None:
        st.caption(f"Scoring is off. {found.reason}")
        return
    _render_lookup(dataset, state.cutoff())


@st.fragment(key="applicant-panel")
def _render_lookup(dataset: cache.Dataset, cutoff: float) -> None:
    text = st.text_input(
        "Application number (SK_ID_CURR)", placeholder="for example 100002", max_chars=12,
        **state.value_widget(APPLICANT),
    )  # fmt: skip
    state.write_address()
    if not text.strip():
        st.caption("Enter the number of an application to score it with the current model.")
        return
    if not text.strip().isdecimal():
        st.warning("An application number holds digits only.", icon=":material/info:")
        return
    identifier = int(text)
    values = cache.application(dataset, identifier)
    if values is None:
        st.warning(f"There is no application {identifier} in these predictions.", icon=":material/info:")
        return
    try:
        _render_score(dataset, identifier, values, cutoff)
    except DataError as error:
        st.error(labels.plain(str(error)), icon=":material/error:")


def _render_score(dataset: cache.Dataset, identifier: int, values: Mapping[str, Any], cutoff: float) -> None:
    session = cache.open_session()
    pd = session.score(values)
    declined = declines(pd, cutoff)
    with st.container(border=True):
        st.metric("PD", labels.percent(pd), help="Probability of default by the current model.")
        if declined:
            st.badge("Declined", icon=":material/block:", color="orange")
        else:
            st.badge("Approved", icon=":material/check:", color="blue")
        side = "above" if declined else "below"
        st.markdown(f"{labels.points(abs(pd - cutoff))} {side} the cutoff of {labels.percent(cutoff)}")
        st.caption(_worded_band(pd, session.manifest.band_edges))
    row = cache.predictions(dataset).frame.filter(pl.col(ID) == identifier).select(PROBABILITY, OUTCOME)
    out_of_fold, defaulted = row.row(0)
    st.caption(
        f"In the portfolio this application has a PD of {labels.percent(out_of_fold)}, given by a model that "
        f"had not seen it, and {'defaulted' if defaulted else 'did not default'}."
    )
    if session.fallback_reason:
        st.caption(labels.plain(f"Scored by {session.backend}: {session.fallback_reason}"))


def _worded_band(pd: float, edges: Sequence[float]) -> str:
    band = risk_band(pd, edges)
    inside = [edge for edge in edges if edge <= pd][-1:], [edge for edge in edges if edge > pd][:1]
    match inside:
        case [], [high]:
            return f"Risk band {band} (PD below {labels.percent(high, 0)})"
        case [low], [high]:
            return f"Risk band {band} (PD from {labels.percent(low, 0)} to {labels.percent(high, 0)})"
        case _:
            return f"Risk band {band} (PD of {labels.percent(edges[-1], 0)} and more)"

"""What docs/ says, on the screen: how a figure is computed, in a popover, and any other section."""

from __future__ import annotations

import streamlit as st

from dashboard import state
from dashboard.words.score_words import IN_PLACES
from dashboard.words.sections import METRICS, sections_of


def render_method(heading: str, *, key: str) -> None:
    """Write a button that opens the section called `heading`."""
    opened = st.popover(
        "How is this computed?",
        icon=":material/function:",
        type="tertiary",
        key=f"{key}.method",
        on_change="rerun",
        width="content",
    )
    if opened.open:
        with opened:
            render_section(heading)


def render_section(heading: str) -> None:
    """Write the section called `heading`."""
    if state.shows_places():
        st.caption(IN_PLACES)
    st.markdown(f"**{heading}**\n\n{sections_of(METRICS)[heading]}")

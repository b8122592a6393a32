"""A Plotly figure on the screen: the only place where the dashboard hands one to Streamlit."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from dashboard import labels

_CONFIG = {"displayModeBar": False, "scrollZoom": False}
# Room for the legend's row alone; the title stands above the figure, where the page can break its line.
_TOP_WITHOUT_TITLE = 36


def is_dark() -> bool:
    """Whether the reader's theme is the dark one."""
    return st.context.theme.type == "dark"


def render_figure(figure: go.Figure, *, key: str, alt: str) -> None:
    """Write `figure` across the width it is given, its title as text above it; `alt` says in words what it shows."""
    title = figure.layout.title
    st.markdown(f"**{labels.plain(title.text)}**  \n:small[:gray[{labels.plain(title.subtitle.text or '')}]]")
    freed = figure.layout.margin.t - _TOP_WITHOUT_TITLE
    figure.update_layout(title=None, height=figure.layout.height - freed, margin_t=_TOP_WITHOUT_TITLE)
    # Streamlit's theme recolours text and grid in the browser when the reader switches between light and dark.
    st.plotly_chart(figure, width="stretch", theme="streamlit", key=key, config=_CONFIG, alt=alt)

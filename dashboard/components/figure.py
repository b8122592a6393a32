"""A Plotly figure on the screen, with its data as a table and a file and the way it is computed.

The only place where the dashboard hands a figure to Streamlit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboard.charts.chart import Chart, table_frame
from dashboard.charts.template import Table
from dashboard.components.files import offer_file
from dashboard.components.method import render_method
from dashboard.components.table import render_frame
from dashboard.words import labels
from data.files.spreadsheets import csv_of

_CONFIG = {"displayModeBar": False, "scrollZoom": False}
# Room for the legend's row alone; the title stands above the figure, where the page can break its line.
_TOP_WITHOUT_TITLE = 36
_CSV = "text/csv"


def is_dark() -> bool:
    """Whether the reader's theme is the dark one."""
    return st.context.theme.type == "dark"


def render_figure(chart: Chart, *, key: str = "", selectable: bool = False) -> list[dict[str, Any]]:
    """Write `chart` across the width it is given, its title as text above the figure; its name is the widgets' `key`.

    If `selectable`, a click on a point reruns the page, and the selected points are returned.
    """
    key = key or chart.name
    with st.container(gap="xsmall"):
        st.markdown(f"**{labels.plain(chart.title)}**  \n:small[:gray[{labels.plain(chart.subtitle)}]]")
        # Streamlit's theme recolours text and grid in the browser when the reader switches between light and dark.
        with _without_title(chart.figure) as figure:
            state: Any = st.plotly_chart(
                figure,
                width="stretch",
                theme="streamlit",
                key=key,
                config=_CONFIG,
                alt=labels.literal(chart.alt),
                on_select="rerun" if selectable else "ignore",
                selection_mode="points",
            )
        render_tools(chart.table, key=key, method=chart.method, file_name=chart.name)
    return list(state.selection.points) if selectable else []


@contextmanager
def _without_title(figure: go.Figure) -> Iterator[go.Figure]:
    """Lend `figure` without its title and the room for it, and give both back: a copy costs ten times as much."""
    layout = figure.layout
    title, height, top = layout.title, layout.height, layout.margin.t
    layout.title, layout.height, layout.margin.t = None, height - (top - _TOP_WITHOUT_TITLE), _TOP_WITHOUT_TITLE
    try:
        yield figure
    finally:
        layout.title, layout.height, layout.margin.t = title, height, top


@st.fragment
def render_tools(table: Table, *, key: str, method: str, file_name: str) -> None:
    """Write the buttons under a figure: its data, and how it is computed; neither is made before it is asked for."""
    with st.container(horizontal=True, gap="small", horizontal_alignment="right"):
        data = st.popover(
            "Data", icon=":material/table_rows:", type="tertiary", key=f"{key}.data", on_change="rerun", width="content"
        )
        if data.open:
            with data:
                _render_table(table_frame(table), key, file_name)
        render_method(method, key=key)


def _render_table(frame: pl.DataFrame, key: str, file_name: str) -> None:
    height = min(38 + 35 * frame.height, 420)
    render_frame(frame, height=height, width=560, alt="The figure's data", name="")
    offer_file(
        "Download CSV",
        partial(csv_of, frame),
        f"{file_name}.csv",
        _CSV,
        key=f"{key}.csv",
        what="figure",
        facts={"rows": frame.height},
    )

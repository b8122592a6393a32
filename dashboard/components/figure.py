"""A Plotly figure on the screen, with its data as a table and a file and the way it is computed.

The only place where the dashboard hands a figure to Streamlit.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st

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


def render_figure(
    figure: go.Figure,
    *,
    key: str,
    alt: str,
    table: Table,
    method: str,
    selectable: bool = False,
    file_name: str | None = None,
) -> list[dict[str, Any]]:
    """Write `figure` across the width it is given, its title as text above it; `alt` says in words what it shows.

    `table` is the figure's data, `method` the heading of the section in docs/metrics.md that says how it is computed.
    The file is called `file_name` (as the key, where there is none), followed by its ending.
    Where it is `selectable`, a click on a point runs the page again, and the points chosen are returned.
    """
    title = figure.layout.title
    with st.container(gap="xsmall"):
        st.markdown(f"**{labels.plain(title.text)}**  \n:small[:gray[{labels.plain(title.subtitle.text or '')}]]")
        freed = figure.layout.margin.t - _TOP_WITHOUT_TITLE
        figure.layout.height -= freed
        figure.layout.margin.t = _TOP_WITHOUT_TITLE
        figure.layout.title = None
        # Streamlit's theme recolours text and grid in the browser when the reader switches between light and dark.
        chosen: Any = st.plotly_chart(
            figure,
            width="stretch",
            theme="streamlit",
            key=key,
            config=_CONFIG,
            alt=labels.literal(alt),
            on_select="rerun" if selectable else "ignore",
            selection_mode="points",
        )
        render_tools(table, key=key, method=method, file_name=file_name)
    return list(chosen.selection.points) if selectable else []


@st.fragment
def render_tools(table: Table, *, key: str, method: str, file_name: str | None = None) -> None:
    """Write the buttons under a figure: its data, and how it is computed; neither is made before it is asked for."""
    with st.container(horizontal=True, gap="small", horizontal_alignment="right"):
        data = st.popover(
            "Data", icon=":material/table_rows:", type="tertiary", key=f"{key}.data", on_change="rerun", width="content"
        )
        if data.open:
            with data:
                _render_table(table, key, file_name or key)
        render_method(method, key=key)


def _render_table(table: Table, key: str, file_name: str) -> None:
    frame = pl.DataFrame(dict(table), strict=False)
    height = min(38 + 35 * frame.height, 420)
    render_frame(frame, height=height, width=560, alt="The figure's data")
    offer_file(
        "Download CSV",
        partial(csv_of, frame),
        f"{file_name}.csv",
        _CSV,
        key=f"{key}.csv",
        what="figure",
        facts={"rows": frame.height},
    )

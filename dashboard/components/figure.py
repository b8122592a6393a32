"""A figure on the screen: its title, the drawing, and a menu with its picture, its data and the way it is computed."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from functools import partial
from typing import Any

import streamlit as st

from dashboard import state
from dashboard.charts.chart import Chart, table_frame
from dashboard.charts.inline import figure_json
from dashboard.charts.template import Table
from dashboard.components.files import offer_file
from dashboard.components.follow import follow
from dashboard.components.method import render_method, render_section
from dashboard.components.plot import Asked, render_plot, token_of
from dashboard.components.table import render_frame
from dashboard.follow.slots import Slot
from dashboard.report.paper_book import XLSX_TYPE, table_xlsx
from dashboard.words import labels
from dashboard.words.score_words import all_as_places
from data.files.spreadsheets import csv_of

_CSV = "text/csv"
# Title, subtitle and the button of the menu (static/chart.js). `data-figure` names the figure that the title belongs
# to; the drawing has the same name once it is done.
_TITLE = """<div class="chart-title" data-figure="{token}"><p><b>{title}</b><br><small>{subtitle}</small></p>
<button type="button" class="chart-menu" aria-haspopup="menu" aria-label="Save, data, method: {title}">
<span class="bar-icon" aria-hidden="true">more_horiz</span></button></div>"""


def render_figure(
    chart: Chart, *, key: str = "", selectable: bool = False, slots: Iterable[Slot] = ()
) -> list[dict[str, Any]]:
    """Write `chart` across the width it is given, its title as text above the figure; its name is the widgets' `key`.

    If `selectable`, a click on a point reruns the page, and the clicked point is returned. `slots` are what of it
    follows the cutoff.
    """
    follow(slots, inside=place_of(chart, key))
    if selectable:
        return _render(chart, key or chart.name, selectable=True)
    _render_alone(chart, key or chart.name)
    return []


def place_of(chart: Chart, key: str = "") -> str:
    """The CSS selector of a figure with its title."""
    # As Streamlit makes a class of a key.
    return f".st-key-figure-{re.sub(r'[^a-zA-Z0-9_-]', '-', key or chart.name)}"


# What the menu asks for concerns this figure alone.
@st.fragment
def _render_alone(chart: Chart, key: str) -> None:
    _render(chart, key, selectable=False)


def _render(chart: Chart, key: str, *, selectable: bool) -> list[dict[str, Any]]:
    if state.shows_places():
        chart = chart.reworded(all_as_places)
    figure = figure_json(chart.figure)
    token = token_of(key, figure)
    # Its key lets the style sheet keep the title's room while the page loads.
    with st.container(gap="xsmall", key=f"figure-{key}"):
        st.html(_TITLE.format(token=token, title=_escaped(chart.title), subtitle=_escaped(chart.subtitle)))
        answer = render_plot(chart, figure, token, key=key, selectable=selectable)
    if answer.asked is Asked.DATA:
        _open_data(chart.title, chart.table, key, chart.name)
    elif answer.asked is Asked.METHOD:
        _open_method(chart.method)
    return answer.points


def _escaped(text: str) -> str:
    return html.escape(labels.literal(text)).replace(" %", "\u00a0%")


@st.fragment
def render_tools(title: str, table: Table, *, key: str, method: str, file_name: str) -> None:
    """Write the buttons under a table: its data, and how it is computed; neither is made before it is asked for."""
    with st.container(horizontal=True, gap="small", horizontal_alignment="right"):
        if st.button("Data", icon=":material/table_rows:", type="tertiary", key=f"{key}.data"):
            _open_data(title, table, key, file_name)
        render_method(method, key=key)


@st.dialog("Data", width="large", position="right", icon=":material/table_rows:")
def _open_data(title: str, table: Table, key: str, file_name: str) -> None:
    """Open a drawer as high as the window with the whole table, and its files."""
    frame = table_frame(table)
    st.markdown(f"**{labels.plain(title)}**")
    offer = partial(offer_file, what="figure", facts={"rows": frame.height})
    with st.container(horizontal=True, gap="small"):
        offer("Download CSV", partial(csv_of, frame), f"{file_name}.csv", _CSV, key=f"{key}.csv")
        offer("Download Excel", partial(table_xlsx, title, table), f"{file_name}.xlsx", XLSX_TYPE, key=f"{key}.xlsx")
    with st.container(key="drawer-table"):
        render_frame(frame, height="stretch", alt="The figure's data", name="")


@st.dialog("How is this computed?", width="medium", position="right", icon=":material/function:")
def _open_method(heading: str) -> None:
    render_section(heading)

"""The data under a figure: a file under a name that a person can read."""

from __future__ import annotations

import io
import json
from typing import Any

import polars as pl
import pytest
from python_calamine import CalamineWorkbook
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.testing.v1 import AppTest

from data.files.spreadsheets import csv_of
from tests.dashboard import sent_figures

TABLE: dict[str, list[object]] = {"Segment": ["low", "=cmd()"], "Applications": [3, -4]}


# Content, type and name of a file.
Offer = tuple[bytes, str, str]


@pytest.fixture
def offers(monkeypatch: pytest.MonkeyPatch) -> list[Offer]:
    """The files that pages have offered so far, made as if they were asked for."""
    found: list[Offer] = []
    offer = MediaFileManager.add_deferred

    def offered(self: Any, make: Any, mime: Any, coordinates: Any, file_name: Any, **rest: Any) -> str:
        found.append((make(), mime, file_name))
        return offer(self, make, mime, coordinates, file_name, **rest)

    monkeypatch.setattr(MediaFileManager, "add_deferred", offered)
    return found


def page(table: dict[str, list[object]], key: str) -> None:
    import streamlit as st

    from dashboard.charts.chart import Chart
    from dashboard.charts.template import new_figure
    from dashboard.components.figure import render_figure

    figure = new_figure("Title", "Subtitle", dark=False)
    layout = figure.layout.to_plotly_json()
    render_figure(Chart("segments", "Segments", figure, "Nothing", table), key=key)
    st.session_state["is_unchanged"] = figure.layout.to_plotly_json() == layout


@pytest.mark.parametrize("key", ["some.key", ""])
def test_the_drawer_offers_the_data_under_the_charts_name_whatever_its_key(offers: list[Offer], key: str) -> None:
    app = AppTest.from_function(page, args=(TABLE, key)).run()
    assert not app.dataframe
    sent_figures.tell(app, "asked", "data")
    assert app.dataframe[0].value.to_dict(orient="list") == TABLE
    (first, second) = offers
    assert first == (csv_of(pl.DataFrame(TABLE)), "text/csv", "segments.csv")
    assert second[2] == "segments.xlsx"
    (sheet,) = CalamineWorkbook.from_filelike(io.BytesIO(second[0])).sheet_names
    rows = CalamineWorkbook.from_filelike(io.BytesIO(second[0])).get_sheet_by_name(sheet).to_python()
    assert rows == [["Title", ""], ["Segment", "Applications"], ["low", 3.0], ["=cmd()", -4.0]]
    # The next run knows nothing of it.
    app.run()
    assert not app.dataframe


def test_the_menu_opens_how_it_is_computed() -> None:
    app = AppTest.from_function(page, args=(TABLE, "")).run()
    sent_figures.tell(app, "asked", "method")
    assert app.markdown[0].value.startswith("**Segments**\n\n")


def test_an_unknown_wish_is_none() -> None:
    app = AppTest.from_function(page, args=(TABLE, "")).run()
    sent_figures.tell(app, "asked", "format the disk")
    assert not app.markdown
    assert not app.dataframe


def test_the_title_is_text_above_the_figure_and_stays_in_the_chart() -> None:
    app = AppTest.from_function(page, args=(TABLE, "")).run()
    ((title,), (drawn,)) = sent_figures.titles(app), sent_figures.sent(app)
    words = "<p><b>Title</b><br><small>Subtitle</small></p>"
    assert title.startswith(f'<div class="chart-title" data-figure="{drawn["token"]}">{words}')
    assert "title" not in json.loads(drawn["figure"])["layout"]
    assert app.session_state["is_unchanged"]

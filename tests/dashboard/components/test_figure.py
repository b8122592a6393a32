"""The data under a figure: a file under a name that a person can read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.testing.v1 import AppTest

from data.files.spreadsheets import csv_of

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


@pytest.mark.parametrize(("key", "used"), [("some.key", "some.key"), ("", "segments")])
def test_the_file_has_the_charts_name_whatever_its_key(offers: list[Offer], key: str, used: str) -> None:
    app = AppTest.from_function(page, args=(TABLE, key)).run()
    app.session_state[f"{used}.data"] = True
    app.run()
    assert [error.value for error in app.exception] == []
    assert offers == [(csv_of(pl.DataFrame(TABLE)), "text/csv", "segments.csv")]


def test_the_title_is_text_above_the_figure_and_stays_in_the_chart() -> None:
    app = AppTest.from_function(page, args=(TABLE, "")).run()
    assert [element.value for element in app.markdown] == ["**Title**  \n:small[:gray[Subtitle]]"]
    (drawn,) = app.get("plotly_chart")
    assert "title" not in json.loads(drawn.proto.spec)["layout"]
    assert app.session_state["is_unchanged"]


def test_the_segments_file_is_not_called_after_the_charts_key(
    offers: list[Offer], open_page: Callable[..., AppTest]
) -> None:
    app = open_page("segments")
    (opened,) = [key for key in app.session_state._state.filtered_state if re.fullmatch(r"seg\.chart\.\w+\.data", key)]
    app.session_state[opened] = True
    app.run()
    (data,) = [element.value for element in app.dataframe if element.proto.alt == "The figure's data"]
    assert (csv_of(pl.from_pandas(data)), "text/csv", "segments.csv") in offers

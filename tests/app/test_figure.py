"""The data under a figure: a file under a name that a person can read."""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl
import pytest
from streamlit.runtime.memory_media_file_storage import _calculate_file_id
from streamlit.testing.v1 import AppTest

from data.spreadsheets import csv_of

TABLE: dict[str, list[object]] = {"Segment": ["low", "=cmd()"], "Applications": [3, -4]}


def page(table: dict[str, list[object]], file_name: str | None) -> None:
    from dashboard.charts.template import new_figure
    from dashboard.components.figure import render_figure

    render_figure(
        new_figure("Title", dark=False), key="some.key", alt="Nothing", table=table, method="Segments",
        file_name=file_name,
    )  # fmt: skip


@pytest.mark.parametrize(("file_name", "called"), [("segments", "segments.csv"), (None, "some.key.csv")])
def test_the_file_has_a_readable_name(file_name: str | None, called: str) -> None:
    app = AppTest.from_function(page, args=(TABLE, file_name)).run()
    app.session_state["some.key.data"] = True
    app.run()
    assert [error.value for error in app.exception] == []
    (button,) = app.download_button
    # The address of a file is made of its content, type and name.
    assert _calculate_file_id(csv_of(pl.DataFrame(TABLE)), "text/csv", called) in button.proto.url


def test_the_segments_file_is_not_called_after_the_charts_key(open_page: Callable[..., AppTest]) -> None:
    app = open_page("segments")
    (opened,) = [key for key in app.session_state._state.filtered_state if re.fullmatch(r"seg\.chart\.\w+\.data", key)]
    app.session_state[opened] = True
    app.run()
    (data,) = [element.value for element in app.dataframe if element.proto.alt == "The figure's data"]
    (button,) = [button for button in app.download_button if button.label == "Download CSV"]
    assert _calculate_file_id(csv_of(pl.from_pandas(data)), "text/csv", "segments.csv") in button.proto.url

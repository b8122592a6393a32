"""The data under a figure: a file under a name that a person can read."""

from __future__ import annotations

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


def page(table: dict[str, list[object]], file_name: str | None) -> None:
    from dashboard.charts.template import new_figure
    from dashboard.components.figure import render_figure

    render_figure(
        new_figure("Title", dark=False),
        key="some.key",
        alt="Nothing",
        table=table,
        method="Segments",
        file_name=file_name,
    )


@pytest.mark.parametrize(("file_name", "called"), [("segments", "segments.csv"), (None, "some.key.csv")])
def test_the_file_has_a_readable_name(offers: list[Offer], file_name: str | None, called: str) -> None:
    app = AppTest.from_function(page, args=(TABLE, file_name)).run()
    app.session_state["some.key.data"] = True
    app.run()
    assert [error.value for error in app.exception] == []
    assert offers == [(csv_of(pl.DataFrame(TABLE)), "text/csv", called)]


def test_the_segments_file_is_not_called_after_the_charts_key(
    offers: list[Offer], open_page: Callable[..., AppTest]
) -> None:
    app = open_page("segments")
    (opened,) = [key for key in app.session_state._state.filtered_state if re.fullmatch(r"seg\.chart\.\w+\.data", key)]
    app.session_state[opened] = True
    app.run()
    (data,) = [element.value for element in app.dataframe if element.proto.alt == "The figure's data"]
    assert (csv_of(pl.from_pandas(data)), "text/csv", "segments.csv") in offers

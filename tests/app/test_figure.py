"""The data under a figure: a file that a spreadsheet does not run, under a name that a person can read."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.testing.v1 import AppTest

from dashboard.components.figure import csv_of

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
        new_figure("Title", dark=False), key="some.key", alt="Nothing", table=table, method="Segments",
        file_name=file_name,
    )  # fmt: skip


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_a_header_that_begins_a_formula_is_kept_from_being_one(begin: str) -> None:
    header = csv_of(pl.DataFrame({f'{begin}HYPERLINK("http://x"): lift': [1.5], "Group": [1]})).partition(b"\n")[0]
    assert header.lstrip(b'"').startswith(f"'{begin}HYPERLINK".encode())
    assert header.endswith(b",Group")


def test_text_is_kept_from_being_a_formula_and_numbers_stay() -> None:
    assert csv_of(pl.DataFrame(TABLE)) == b"Segment,Applications\nlow,3\n'=cmd(),-4\n"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("-12.5", "-12.5"), ("+3e5", "+3e5"), ("-7", "-7"), ("-.5", "-.5"), ("+1.", "+1."), ("-1E-9", "-1E-9"),
        ("=1+1", "'=1+1"), ("-cmd", "'-cmd"), ("+a", "'+a"), ("@SUM", "'@SUM"), ("-", "'-"), ("+-1", "'+-1"),
        ("-1+1", "'-1+1"), ("-1e", "'-1e"), ("-1-cmd|x", "'-1-cmd|x"), ("=-12.5", "'=-12.5"), ("-1 ", "'-1 "),
        ("1+1", "1+1"), ("a=1", "a=1"), ("-.", "'-."), ("-inf", "'-inf"), ("-1,5", "'-1,5"), ("-1\n=2", "'-1\n=2"),
    ],
)  # fmt: skip
def test_a_number_in_text_stays_and_a_formula_does_not(text: str, written: str) -> None:
    content = csv_of(pl.DataFrame({"Found": [text]})).decode()
    assert list(csv.reader(io.StringIO(content, newline=""))) == [["Found"], [written]]


def test_a_text_that_is_missing_is_an_empty_cell() -> None:
    assert csv_of(pl.DataFrame({"Found": [None, "-1"], "n": [1, 2]})) == b"Found,n\n,1\n-1,2\n"


def test_a_figure_without_data_has_an_empty_file() -> None:
    assert csv_of(pl.DataFrame({})).strip() == b""


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

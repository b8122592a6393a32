"""Rows in words, and what a click on them says."""

from __future__ import annotations

import polars as pl
import pytest
import streamlit as st

from dashboard.cohort.rows import Sort
from dashboard.components.row_table import RowTable, _config, _take_click, _version, is_number, worded
from data.home_credit import embedded
from data.predictions.table import CohortColumn, CohortKind, describe_columns


def column(name: str, kind: CohortKind = CohortKind.RANGE) -> CohortColumn:
    dtype = pl.Enum(["a"]) if kind is CohortKind.LEVELS else pl.Float64()
    described = describe_columns(pl.DataFrame(schema={name: dtype}), embedded.DEFINITION)
    return next(iter(described), CohortColumn(name, name, "", "", kind))


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("DAYS_EMPLOYED", [-3_653, 365_243, 0], ["10.0", "Not employed", "0.0"]),
        ("FLAG_DOCUMENT_3", [0, 1, None], ["No", "Yes", "–"]),
        ("EXT_SOURCE_1", [0.5, None, 0.12345], ["0.5000", "–", "0.1235"]),
        ("AMT_CREDIT", [1_350_000.0, 999.5, None], ["1,350,000", "999.5", "–"]),
        ("theirs", [-1_234.6, -2.5, 3.0], ["−1,234.6", "−2.5", "3"]),
        ("theirs", [99_999_999.99, 123_456_789_012.5, 5_000], ["99,999,999.99", "123,456,789,012.5", "5,000"]),
        ("default_probability", [0.09094, None], ["9.09 %", "–"]),
    ],
)
def test_values_are_worded_in_the_unit_of_their_title(name: str, values: list[float | None], words: list[str]) -> None:
    assert worded(column(name), pl.Series(name, values)).to_list() == words


class Clicked:
    """A table of two rows, and what was clicked in it."""

    def __init__(self, chosen: int | None = None, *, can_choose: bool = True, sort: Sort | None = None) -> None:
        page = pl.DataFrame({"default_probability": [0.2, 0.1], "theirs": [1.0, 2.0]})
        columns = (column("default_probability"), column("theirs"))
        self.table = RowTable(page, columns, sort or Sort(), chosen, can_choose)
        self.sorted_by: list[str] = []
        self.chosen: list[int | None] = []

    def click(self, monkeypatch: pytest.MonkeyPatch, *, rows: list[int], columns: list[str]) -> None:
        monkeypatch.setattr(st, "session_state", {"key": {"selection": {"rows": rows, "columns": columns}}})
        _take_click("key", self.table, self.sorted_by.append, self.chosen.append)


def test_a_header_sorts_by_its_column_and_a_row_is_opened_by_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    clicked = Clicked()
    clicked.click(monkeypatch, rows=[1], columns=[])
    clicked.click(monkeypatch, rows=[], columns=[])
    # The browser names columns by their place, and keeps the row that was chosen before.
    clicked.click(monkeypatch, rows=[1], columns=["1"])
    assert (clicked.chosen, clicked.sorted_by) == ([1, None], ["theirs"])
    shut = Clicked(can_choose=False)
    shut.click(monkeypatch, rows=[1], columns=[])
    assert shut.chosen == []


def test_other_rows_or_another_order_make_another_table() -> None:
    rising = Sort("theirs", is_rising=True)
    versions = [_version(Clicked(sort=sort).table) for sort in (None, rising, None)]
    assert versions[0] == versions[2] != versions[1]
    # The row that is open is not what the table is of.
    assert _version(Clicked(1).table) == versions[0]


def test_the_sorted_column_has_an_arrow() -> None:
    described = column("theirs")
    titles = [
        _config(described, sort, pinned=False)["label"]
        for sort in (Sort("theirs"), Sort("theirs", is_rising=True), Sort())
    ]
    assert titles == ["theirs ↓", "theirs ↑", "theirs"]
    assert is_number(described)
    assert not is_number(column("theirs", CohortKind.LEVELS))

"""Workbooks and files of statistics packages that are read by a process of their own."""

from __future__ import annotations

import zipfile
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from data.errors import FileError
from data.reading import aside
from data.reading.aside import read_aside


def book(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    with xlsxwriter.Workbook(path) as written:
        for name, rows in sheets.items():
            sheet = written.add_worksheet(name)
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
    return path


def test_a_table_comes_back_as_parquet_with_what_was_assumed(tmp_path: Path) -> None:
    rows: list[list[object]] = [["id", "share"], [1, "0,5 %"], [2, "1,25 %"]]
    path, out = book(tmp_path / "a.xlsx", {"One": rows, "Two": rows}), tmp_path / "a.parquet"
    with pytest.raises(FileError, match=r"a\.xlsx: has tables on several sheets"):
        read_aside(path, out, {})
    assert "Columns read: share with a decimal comma; share as percentages." in read_aside(path, out, {"sheet": "Two"})
    assert pl.read_parquet(out).rows() == [(1, 0.005), (2, 0.0125)]


def test_a_workbook_that_says_it_is_endless_stops_its_own_process_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = book(tmp_path / "a.xlsx", {"One": [["id", "pd"], [1, 0.5]]})
    wide = tmp_path / "wide.xlsx"
    with zipfile.ZipFile(path) as read, zipfile.ZipFile(wide, "w") as written:
        for name in read.namelist():
            # The last cell of a sheet of 17 thousand million cells.
            written.writestr(name, read.read(name).replace(b'r="B2"', b'r="XFD1048576"'))
    with pytest.raises(FileError, match=r"wide\.xlsx: cannot be read within 3 GB of memory and 120 s; save it as CSV"):
        read_aside(wide, tmp_path / "a.parquet", {})
    monkeypatch.setattr(aside, "MOST_SECONDS", 0.01)
    with pytest.raises(FileError, match=r"within 3 GB of memory and 0\.01 s"):
        read_aside(path, tmp_path / "a.parquet", {})

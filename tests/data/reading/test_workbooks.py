"""Workbooks: the sheet and the place of the table found, types kept, and a question where two sheets fit."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter

from data.errors import FileError
from data.reading.table import read_table

HEADER = ["id", "target", "pd", "when", "at", "flag", "note"]
MORNING, MIDNIGHT = datetime.fromisoformat("2024-01-02 10:30"), datetime.fromisoformat("2024-02-03")
ROWS: list[list[Any]] = [
    [700_001, 0, 0.25, date(2024, 1, 2), MORNING, True, "NA"],
    [700_002, 1, 1.0, date(2024, 2, 3), MIDNIGHT, False, " x "],
    [700_003, 0, None, None, None, None, "007"],
]


def book(path: Path, sheets: dict[str, list[list[Any]]]) -> Path:
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as written:
        for name, rows in sheets.items():
            sheet = written.add_worksheet(name)
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
    return path


def test_a_table_under_a_title_on_the_second_sheet_is_found(tmp_path: Path) -> None:
    rows = [["Scores of 2024"], [], HEADER, *ROWS, [], ["Total", 3]]
    path = book(tmp_path / "a.xlsx", {"Read me": [["See the next sheet"]], "Scores": rows})
    reading = read_table(path)
    assert reading.frame.columns == HEADER
    assert reading.frame.rows() == [
        (700_001, 0, 0.25, date(2024, 1, 2), MORNING, True, "NA"),
        (700_002, 1, 1.0, date(2024, 2, 3), MIDNIGHT, False, "x"),
        (700_003, 0, None, None, None, None, "007"),
    ]
    assert reading.frame.schema["id"] == pl.Int64
    assert reading.assumed.sentences() == (
        "Read as a workbook: sheet Scores.",
        "Skipped before the table: 'Scores of 2024'.",
        "Skipped after the table: 'Total | 3'.",
    )


def test_which_of_two_tables_is_asked_and_can_be_said(tmp_path: Path) -> None:
    one: list[list[Any]] = [["a", "b"], [1, 2], [3, 4]]
    path = book(tmp_path / "a.xlsx", {"first": one, "second": [*one, [5, 6]]})
    with pytest.raises(FileError, match=r"tables on several sheets: second \(4 rows\), first \(3 rows\); say which"):
        read_table(path)
    assert read_table(path, {"sheet": "first"}).frame.height == 2
    assert read_table(path, {"sheet": "2"}).frame.height == 3
    with pytest.raises(FileError, match=r"has no sheet 'third'; its sheets are first, second"):
        read_table(path, {"sheet": "third"})


def test_numbers_as_german_text_and_no_header(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", {"S": [["1.234,50 €", "0,25", "x"], ["7,00 €", "0,5", "y"]]})
    reading = read_table(path, {"names": "amount,pd,name"})
    assert reading.frame.rows() == [(1234.5, 0.25, "x"), (7.0, 0.5, "y")]


def test_what_is_no_workbook_is_said(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", {"S": [["a", "b"], [1, 2]]})
    content = path.read_bytes()
    assert b"xl/workbook.xml" in content
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(FileError, match="is no whole workbook"):
        read_table(path)


def test_a_full_row_called_a_total_is_none_of_the_table(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["id", "ead", "pd"], ["a", 1, 0.1], ["b", 2, 0.2], ["Summe", 3, 0.15]]
    reading = read_table(book(tmp_path / "a.xlsx", {"Scores": rows}))
    assert reading.frame["id"].to_list() == ["a", "b"]
    assert reading.assumed.footer == ("Summe | 3 | 0.15",)


def test_the_ending_of_a_workbook_may_be_another_one_s(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", {"Scores": [["id", "pd"], [1, 0.5], [2, 0.25]]}).rename(tmp_path / "a.xls")
    assert read_table(path).frame.rows() == [(1, 0.5), (2, 0.25)]
    assert read_table(path.rename(tmp_path / "a.csv")).frame.rows() == [(1, 0.5), (2, 0.25)]


def test_two_lines_of_names_are_said_with_the_flag_that_takes_the_second(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["Key", "Risk", "Ends"], ["id", "pd", "default"], *([n, n / 8, n % 2] for n in range(5))]
    path = book(tmp_path / "a.xlsx", {"Scores": rows})
    with pytest.raises(FileError, match=r"two lines of names .* take the second with --read skip=1"):
        read_table(path)
    assert read_table(path, {"skip": "1"}).frame["pd"].to_list() == [0, 0.125, 0.25, 0.375, 0.5]

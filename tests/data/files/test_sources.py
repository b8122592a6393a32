"""Rows out of files: the same from every format, and each known by where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter

from data.definition.errors import DefinitionError
from data.definition.reading import parse_definition
from data.errors import FileError
from data.files.sources import open_source
from tests.data.files.small_tables import DEFINITION, SAID, put, rows


def test_text_as_workbooks_save_it_is_read_and_a_row_is_still_known_by_its_line(tmp_path: Path) -> None:
    path = put(tmp_path, ".csv", "Stand: Mai\n\nage;grade;note\n1.020,5;a;K\xf6ln\n;;\n?;b;x\n".encode("cp1252"))
    source = open_source(path, DEFINITION)
    (frame,) = source.batches([DEFINITION.column(name) for name in ("age", "grade")], 10, None, carried=["note"])
    assert frame.rows() == [("1020.5", "a", "K\xf6ln"), (None, "b", "x")]
    assert (source.names, source.places([0, 1])) == (("age", "grade", "note"), [4, 6])


def test_a_workbook_gives_rows(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet()
        for at, row in enumerate([["age", "grade", "note"], [20, "a", "x"], [30, "b", None], [None, "a", None]]):
            sheet.write_row(at, 0, row)
    frame, last = rows(tmp_path / "a.xlsx")
    assert last.rows() == [(None, "a", None)]
    assert frame.rows() == [(20.0, "a", "x"), (30.0, "b", None)]


def test_what_else_is_to_be_known_is_said_in_the_definition(tmp_path: Path) -> None:
    said = SAID.replace("[table]", '[table]\nread = ["decimal=,", "encoding=cp850"]')
    path = put(tmp_path, ".csv", "age;grade;note\n1,250;a;K\xf6ln\n2,500;b;x\n".encode("cp850"))
    (frame,) = rows(path, parse_definition(said, Path("portfolio.toml")))
    assert frame.rows() == [("1.250", "a", "K\xf6ln"), ("2.500", "b", "x")]
    with pytest.raises(DefinitionError, match="'x' is no decimal"):
        parse_definition(SAID.replace("[table]", '[table]\nread = ["decimal=x"]'), Path("portfolio.toml"))


def test_says_why_a_file_holds_no_table(tmp_path: Path) -> None:
    for kind, content, words in (
        (".csv", b"", "holds no rows"),
        (".gz", b"", "holds no rows"),
        (".zip", b"PK\x03\x04 cut short", "is not a whole zip archive"),
    ):
        path = tmp_path / f"bad{kind}"
        path.write_bytes(content)
        with pytest.raises(FileError, match=words):
            open_source(path, DEFINITION)

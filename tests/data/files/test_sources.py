"""Rows out of files: the same from every format, and each known by where it stands."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from data.definition.definition import Definition
from data.definition.errors import DefinitionError
from data.definition.reading import parse_definition
from data.errors import FileError, TableError
from data.files.sources import open_source

SAID = """
name = "Small"
[table]
separator = ";"
missing = ["?"]
[columns.age]
[columns.grade]
levels = ["a", "b"]
"""
TEXT = 'age;grade;note\n20;a;x\n?;" ? ";"two\nlines"\n\n40;b;?\n'


@pytest.fixture(scope="module")
def definition() -> Definition:
    return parse_definition(SAID, Path("portfolio.toml"))


def rows(path: Path, definition: Definition, batch_rows: int = 2) -> list[pl.DataFrame]:
    source = open_source(path, definition)
    columns = [definition.column(name) for name in ("age", "grade")]
    return list(source.batches(columns, batch_rows, None, carried=["note"]))


def put(folder: Path, kind: str, text: bytes) -> Path:
    path = folder / f"a{kind}"
    if kind == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("inner.csv", text)
            archive.writestr("__MACOSX/._inner.csv", "junk")
    else:
        path.write_bytes(gzip.compress(text) if kind == ".gz" else text)
    return path


@pytest.mark.parametrize("kind", [".csv", ".gz", ".zip"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_text_is_read_alike_plain_or_packed(tmp_path: Path, definition: Definition, kind: str, mark: bytes) -> None:
    path = put(tmp_path, kind, mark + TEXT.encode())
    first, second = rows(path, definition)
    assert first.to_dict(as_series=False) == {"age": ["20", None], "grade": ["a", None], "note": ["x", "two\nlines"]}
    # What is carried keeps what stands for nothing in the table.
    assert second.to_dict(as_series=False) == {"age": ["40"], "grade": ["b"], "note": ["?"]}


def test_a_row_is_known_by_the_line_on_which_it_begins(tmp_path: Path, definition: Definition) -> None:
    source = open_source(put(tmp_path, ".csv", TEXT.encode()), definition)
    assert (source.names, source.place_words) == (("age", "grade", "note"), "on line")
    assert source.places([2, 0]) == [6, 2]


def test_text_as_workbooks_save_it_is_read_and_a_row_is_still_known_by_its_line(
    tmp_path: Path, definition: Definition
) -> None:
    path = put(tmp_path, ".csv", "Stand: Mai\n\nage;grade;note\n1.020,5;a;K\xf6ln\n;;\n?;b;x\n".encode("cp1252"))
    source = open_source(path, definition)
    (frame,) = source.batches([definition.column(name) for name in ("age", "grade")], 10, None, carried=["note"])
    assert frame.rows() == [("1020.5", "a", "K\xf6ln"), (None, "b", "x")]
    assert (source.names, source.places([0, 1])) == (("age", "grade", "note"), [4, 6])


def test_a_workbook_gives_rows(tmp_path: Path, definition: Definition) -> None:
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet()
        for at, row in enumerate([["age", "grade", "note"], [20, "a", "x"], [30, "b", None], [None, "a", None]]):
            sheet.write_row(at, 0, row)
    frame, last = rows(tmp_path / "a.xlsx", definition)
    assert last.rows() == [(None, "a", None)]
    assert frame.rows() == [(20.0, "a", "x"), (30.0, "b", None)]


def test_what_else_is_to_be_known_is_said_in_the_definition(tmp_path: Path) -> None:
    said = SAID.replace("[table]", '[table]\nread = ["decimal=,", "encoding=cp850"]')
    path = put(tmp_path, ".csv", "age;grade;note\n1,250;a;K\xf6ln\n2,500;b;x\n".encode("cp850"))
    (frame,) = rows(path, parse_definition(said, Path("portfolio.toml")))
    assert frame.rows() == [("1.250", "a", "K\xf6ln"), ("2.500", "b", "x")]
    with pytest.raises(DefinitionError, match="'x' is no decimal"):
        parse_definition(SAID.replace("[table]", '[table]\nread = ["decimal=x"]'), Path("portfolio.toml"))


def test_commas_are_read_too_where_the_header_has_the_columns(tmp_path: Path, definition: Definition) -> None:
    path = put(tmp_path, ".csv", b"age,grade,note\n20,a,x;y\n")
    assert rows(path, definition)[0].row(0) == ("20", "a", "x;y")


def test_parquet_gives_numbers_as_floats_and_counts_rows(tmp_path: Path, definition: Definition) -> None:
    path = tmp_path / "a.parquet"
    frame = pl.DataFrame({"note": ["", None], "grade": pl.Series(["a", "?"]).cast(pl.Categorical), "age": [20, None]})
    frame.write_parquet(path)
    (found,) = rows(path, definition)
    assert found.select("age", "grade").to_dict(as_series=False) == {"age": [20.0, None], "grade": ["a", None]}
    assert open_source(path, definition).places([0, 1]) == [1, 2]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"age;grade;note\n1;a\n2;b;c\n3;a\n", "2 rows with another number of fields than the header, .*2 on line 2"),
        (b'age;grade;note\n1;a;"x\n', "after line 1 a quotation mark is opened and not closed"),
        (
            b"\xef\xbb\xbfage;grade;note\n1;a;x\n2;\xff;x\n",
            "column grade has text that is not UTF-8, 1 row .*on line 3",
        ),
    ],
)
def test_says_on_which_line_a_text_is_no_table(tmp_path: Path, definition: Definition, text: bytes, words: str) -> None:
    with pytest.raises(TableError, match=words):
        rows(put(tmp_path, ".csv", text), definition)


def test_says_why_a_file_holds_no_table(tmp_path: Path, definition: Definition) -> None:
    for kind, content, words in (
        (".csv", b"", "holds no rows"),
        (".gz", b"", "holds no rows"),
        (".zip", b"PK\x03\x04 cut short", "is not a whole zip archive"),
    ):
        path = tmp_path / f"bad{kind}"
        path.write_bytes(content)
        with pytest.raises(FileError, match=words):
            open_source(path, definition)

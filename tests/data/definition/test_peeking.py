from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import polars as pl
import pytest

from data.definition import peeking
from data.definition.peeking import header_of, peek
from data.errors import ScoreroomError

ROWS = [["1", "Köln", "2.5"], ["2", "", "3.5"], ["3", "Ulm", ""]]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_any_separator_and_encoding(tmp_path: Path, separator: str, encoding: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes("\r\n".join(separator.join(row) for row in [["id", "city", "x"], *ROWS, [""]]).encode(encoding))
    table = peek(path)
    assert (table.separator, table.header, table.n_rows) == (separator, True, 3)
    assert table.frame.rows() == [("1", "Köln", "2.5"), ("2", None, "3.5"), ("3", "Ulm", None)]
    assert header_of(path) == ("id", "city", "x")


def test_table_without_a_header_is_named_by_place(tmp_path: Path) -> None:
    path = tmp_path / "german.data"
    path.write_text("A11 6 1\nA12 48 2\nA14 12 1\n")
    table = peek(path)
    assert (table.separator, table.header, table.frame.columns) == (" ", False, ["column_1", "column_2", "column_3"])
    assert peek(path, {"names": ["a", "b", "c"]}).frame.columns == ["a", "b", "c"]


def test_what_stands_before_a_table_is_skipped_and_numbers_are_spelt_alike(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    rows = [f"{k};{1_000 * k},50 €;0{k}.02.2024;{'NA' if k == 2 else k}" for k in range(1, 4)]
    path.write_bytes("\r\n".join(["Report of May", "", "id;amount;day;x", *rows]).encode("cp1252"))
    table = peek(path)
    assert table.frame.rows() == [
        ("1", "1000.50", "01.02.2024", "1"),
        ("2", "2000.50", "02.02.2024", "NA"),
        ("3", "3000.50", "03.02.2024", "3"),
    ]
    assert (table.separator, table.encoding, header_of(path)) == (";", "Windows-1252", ("id", "amount", "day", "x"))


def test_archives_and_parquet(tmp_path: Path) -> None:
    text = "id,x\n1,2\n2,3\n"
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text.encode()))
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("b.csv", text)
    pl.DataFrame({"id": [1, 2], "x": [2.0, 3.0], "list": [[1], [2]]}).write_parquet(tmp_path / "c.parquet")
    tables = [peek(tmp_path / name) for name in ("a.csv.gz", "b.zip", "c.parquet")]
    assert [table.frame.rows() for table in tables] == [[("1", "2"), ("2", "3")]] * 3
    assert tables[2].unreadable == {"list": "holds lists or records; write plain columns"}


def test_a_sample_shows_every_level_gap_and_extreme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peeking, "MOST_ROWS", 100)
    monkeypatch.setattr(peeking, "_MOST_WATCHED", 50)
    rows = [[i, "a", i * 37 % 91 + 0.25] for i in range(1_000)]
    rows[501][1], rows[602][1], rows[703][2], rows[804][2] = "rare", None, -7.0, 4_000.0
    frame = pl.DataFrame(rows, schema=["id", "level", "x"], orient="row", strict=False)
    frame.write_csv(tmp_path / "table.csv")
    table = peek(tmp_path / "table.csv")
    assert (table.n_rows, table.is_sample) == (1_000, True)
    assert table.frame.height < 120
    assert set(table.frame["level"]) == {"a", "rare", None}
    x = table.frame["x"].cast(pl.Float64)
    assert (x.min(), x.max()) == (-7.0, 4_000.0)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no rows"),
        (b"a,b\n", "holds no rows"),
        (b"a\n1\n2\n", "has one column"),
        (b"a,b,a\n1,2,3\n", "columns 1 and 3 are both called 'a'"),
        (b"a,,\nx,2,3\n", "has one column"),
        ("año,b,ANO\n1,2,3\n".encode(), "columns 1 and 3 'año' and 'ANO' differ only by case or accents"),
        (b"\x00\x01\x02,\x03\n1,2\n", "is no text"),
        (b"PAR1 and nothing else", "cannot be read as a table"),
        (b"a,b\n1,2\n3,4\n5,6,7\n8,9\n" + b"1,2\n" * 9, "line 4 has 3 fields where the table has 2: '5,6,7'"),
        (",".join(f"c{i}" for i in range(5_000)).encode() + b"\n" + b"1," * 4_999 + b"1\n", "has 5,000 columns; at"),
    ],
)
def test_what_is_no_table_is_said_in_one_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(ScoreroomError, match=words) as caught:
        peek(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)

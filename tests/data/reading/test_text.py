"""Encodings and packings: the same text comes out of all, and damage is said."""

from __future__ import annotations

import bz2
import gzip
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest

from data.errors import FileError, TableError
from data.reading import text as text_module
from data.reading.surveying import open_text
from data.reading.table import read_table
from data.reading.text import word_encoding
from data.store.opening import kind_of

TEXT = "id,name\n1,Köln – €5\n2,Ñandú\n"


@pytest.mark.parametrize(
    ("encoding", "mark", "word"),
    [
        ("utf-8", b"", "UTF-8"),
        ("utf-8", b"\xef\xbb\xbf", "UTF-8"),
        ("utf-16-le", b"\xff\xfe", "UTF-16"),
        ("utf-16-be", b"\xfe\xff", "UTF-16"),
        ("utf-16-le", b"", "UTF-16"),
        ("utf-16-be", b"", "UTF-16"),
        ("utf-32-le", b"\xff\xfe\x00\x00", "utf-32-le"),
        ("cp1252", b"", "Windows-1252"),
    ],
)
def test_any_usual_encoding_is_known(tmp_path: Path, encoding: str, mark: bytes, word: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(mark + TEXT.encode(encoding))
    file = open_text(path, kind_of(path))
    assert word_encoding(file.encoding) == word
    with file.open() as text:
        assert text.read().decode() == TEXT
    with file.open(len("id,name\n")) as text:
        assert "".join(text.lines()) == TEXT[len("id,name\n") :]


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("utf-16-le", b"\xff\xfe")])
def test_letters_that_lie_in_two_pieces_are_whole_from_any_place_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, mark: bytes
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(mark + (TEXT + '"😀"\n').encode(encoding))
    file = open_text(path, kind_of(path))
    for size in (3, 4, 5, 7):
        monkeypatch.setattr(text_module, "_CHUNK", size)
        for skip in range(len(TEXT) + 4):
            with file.open(skip) as text:
                assert text.read().decode() == (TEXT + '"😀"\n')[skip:]
                assert text.quotes == (TEXT + '"😀"\n')[skip:].count('"')


def test_any_usual_packing_is_opened(tmp_path: Path) -> None:
    data = TEXT.encode()
    (tmp_path / "a.gz").write_bytes(gzip.compress(data))
    (tmp_path / "a.bz2").write_bytes(bz2.compress(data))
    (tmp_path / "a.zst").write_bytes(pa.compress(data, "zstd", asbytes=True))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.tsv", TEXT.replace(",", "\t"))
    for kind in ("gz", "bz2", "zst", "zip"):
        assert read_table(tmp_path / f"a.{kind}").frame.rows() == [(1, "Köln – €5"), (2, "Ñandú")]


def test_one_of_several_tables_in_an_archive_is_named(tmp_path: Path) -> None:
    path = tmp_path / "two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x/a.csv", "p,q\n1,2\n")
        archive.writestr("x/b.csv", "p,q\n3,4\n")
    with pytest.raises(FileError, match=r"found x/a\.csv, x/b\.csv; say which with --read table=NAME"):
        read_table(path)
    assert read_table(path, {"table": "b.csv"}).frame.rows() == [(3, 4)]


def test_text_that_turns_out_not_to_be_utf_8_late_is_read_as_windows_1252(tmp_path: Path) -> None:
    path = tmp_path / "late.csv"
    path.write_bytes(b"id,name\n" + b"1,plain\n" * 200_000 + "2,Köln\n".encode("cp1252"))
    reading = read_table(path)
    assert reading.frame.row(-1) == (2, "Köln")
    assert reading.assumed.sentences() == ("Read as text: Windows-1252.",)


def test_damaged_utf_8_and_unknown_encodings_are_said_and_can_be_answered(tmp_path: Path) -> None:
    damaged, dos, binary = tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "c.csv"
    damaged.write_bytes("id,name\n1,Köln\n2,Zürich\n3,".encode() + b"M\xfcnchen\n")
    with pytest.raises(TableError, match="text that is not UTF-8, 1 row in all, for example on line 4"):
        read_table(damaged)
    dos.write_bytes("id,name\n1,Köln\n2,Zürich\n".encode("cp850"))
    with pytest.raises(FileError, match="its text is not Windows-1252 throughout; say its encoding, such as --read"):
        read_table(dos)
    assert read_table(dos, {"encoding": "cp850"}).frame["name"].to_list() == ["Köln", "Zürich"]
    binary.write_bytes(b"\x00\x01\x02,\x03\n1,2\n")
    with pytest.raises(FileError, match="is no text"):
        read_table(binary)
    cut = tmp_path / "d.csv.gz"
    cut.write_bytes(gzip.compress(TEXT.encode() * 1_000)[:-20])
    with pytest.raises(FileError, match="is not a whole gzip file"):
        read_table(cut)


def test_letters_that_nothing_tells_from_others_are_shown_with_the_flag_that_does(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("id,city\n1,Łódź\n2,Gdańsk\n".encode("cp1250"))
    reading = read_table(path)
    assert reading.assumed.sentences() == (
        "Read as text: Windows-1252.",
        "Its encoding is assumed: if Ÿ£ñ should be other letters, say which with --read encoding=windows-1250 or "
        "--read encoding=iso-8859-2 (Central Europe) or another.",
    )
    reading = read_table(path, {"encoding": "cp1250"})
    assert reading.frame["city"].to_list() == ["Łódź", "Gdańsk"]
    assert reading.assumed.sentences() == ("Read as text: cp1250.",)

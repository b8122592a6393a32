"""Plain text: rows out of it, each known by its line, and what is wrong with it by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import TableError
from data.files.sources import open_source
from tests.data.files.small_tables import DEFINITION, TEXT, put, rows


@pytest.mark.parametrize("kind", [".csv", ".gz", ".zip"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_text_is_read_alike_plain_or_packed(tmp_path: Path, kind: str, mark: bytes) -> None:
    path = put(tmp_path, kind, mark + TEXT.encode())
    first, second = rows(path)
    assert first.to_dict(as_series=False) == {"age": ["20", None], "grade": ["a", None], "note": ["x", "two\nlines"]}
    # What is carried keeps what stands for nothing in the table.
    assert second.to_dict(as_series=False) == {"age": ["40"], "grade": ["b"], "note": ["?"]}


def test_a_row_is_known_by_the_line_on_which_it_begins(tmp_path: Path) -> None:
    source = open_source(put(tmp_path, ".csv", TEXT.encode()), DEFINITION)
    assert (source.names, source.place_words) == (("age", "grade", "note"), "on line")
    assert source.places([2, 0]) == [6, 2]


def test_commas_are_read_too_where_the_header_has_the_columns(tmp_path: Path) -> None:
    path = put(tmp_path, ".csv", b"age,grade,note\n20,a,x;y\n")
    assert rows(path)[0].row(0) == ("20", "a", "x;y")


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
def test_says_on_which_line_a_text_is_no_table(tmp_path: Path, text: bytes, words: str) -> None:
    with pytest.raises(TableError, match=words):
        rows(put(tmp_path, ".csv", text))

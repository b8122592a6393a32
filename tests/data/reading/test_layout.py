"""Layouts: what separates, what stands before the table, whether it has a header."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import FileError
from data.reading.layout import Layout, layout_of

PATH = Path("table.csv")


def layout(text: str, **said: str) -> Layout:
    return layout_of(PATH, text, said)


@pytest.mark.parametrize(
    ("text", "separator", "names"),
    [
        ("a;b\n0,5;0,7\n0,6;0,8\n", ";", ("a", "b")),
        ("a,b\n0.5,0.7\n", ",", ("a", "b")),
        ("a\tb c\n1\tx, y\n2\tz, w\n", "\t", ("a", "b c")),
        ("a|b\n1|x;y\n2|x;z\n", "|", ("a", "b")),
        ("id,when\n1,2024-01-01 10:00:00\n2,2024-01-02 11:00:00\n", ",", ("id", "when")),
        ('id,note\n1,"a; b; c"\n2,"d; e; f"\n', ",", ("id", "note")),
        ("a b c\n1 2 3\n4 5 6\n", " ", ("a", "b", "c")),
        ("  a    b  c\n  1    2  3\n 44   55 66\n", " ", ("a", "b", "c")),
        ("sep=|\r\na|b\r\n1|2\r\n", "|", ("a", "b")),
        ('"sep=;"\na;b\n1;2\n', ";", ("a", "b")),
    ],
)
def test_what_separates(text: str, separator: str, names: tuple[str, ...]) -> None:
    found = layout(text)
    assert (found.separator, found.names, found.header) == (separator, names, True)


@pytest.mark.parametrize(
    ("text", "skipped", "line"),
    [
        ("a,b,c\n1,2,3\n4,5,6\n", (), 2),
        ("Report of May\n\na,b,c\n1,2,3\n4,5,6\n", ("Report of May",), 4),
        ("Report;;\n;;\nName;Ort;Wert\nx;y;1\nz;w;2\n", ("Report;;", ";;"), 4),
        ("# by, somebody\n# at 10:00\na,b,c\n1,2,3\n4,5,6\n", ("# by, somebody", "# at 10:00"), 4),
    ],
)
def test_lines_before_the_table_are_told_from_it(text: str, skipped: tuple[str, ...], line: int) -> None:
    found = layout(text)
    assert (found.skipped, found.line) == (skipped, line)
    assert len(found.names) == 3
    assert text[found.start :].count("\n") == 2


def test_without_a_header_names_are_made_or_given() -> None:
    text = "A11 6 1\nA12 48 2\nA14 12 1\n"
    assert (layout(text).header, layout(text).names, layout(text).start) == (
        False,
        ("column_1", "column_2", "column_3"),
        0,
    )
    assert layout(text, names="a,b,c").names == ("a", "b", "c")
    assert layout(text, header="yes").names == ("A11", "6", "1")
    with pytest.raises(FileError, match="has 3 columns and 2 names were given"):
        layout(text, names="a,b")


def test_row_names_and_separators_at_the_end_make_a_header_of_another_length() -> None:
    assert layout("a,b\nx,1,2\ny,3,4\n").names == ("(column 1)", "a", "b")
    assert layout("a,b\n1,2,\n3,4,\n").names == ("a", "b", "(column 3)")
    assert layout("a,b,\n1,2\n3,4\n").names == ("a", "b")


def test_names_that_are_numbers_are_names_beside_a_word() -> None:
    assert layout("id,2023,2024\n1,2,3\n2,4,6\n3,6,9\n").names == ("id", "2023", "2024")


def test_a_header_that_is_short_of_a_name_is_not_guessed() -> None:
    # Which of the columns has no name? The lines are damaged as far as anybody can tell.
    assert layout("a,b\n7,1,2\n7,3,4\n").names == ("a", "b")


def test_quotation_marks() -> None:
    assert layout("'a','b'\n'1','x, y'\n'2','z'\n").names == ("a", "b")
    assert layout('6" rule,b\nx,1\n').names == ('6" rule', "b")
    assert layout('"a,b\n"1,2\n', quote="none").names == ('"a', "b")


def test_a_text_that_nothing_separates_alike_is_no_table() -> None:
    text = "# A title\nSome words, and others\nmore, of, them\n\nand\nthe, end\nhere\nis\n"
    with pytest.raises(FileError, match=r"no comma, semicolon, tab, \| or blank separates its lines alike"):
        layout(text)


def test_nothing_but_blank_lines_is_no_table() -> None:
    with pytest.raises(FileError, match="holds no rows"):
        layout("\n  \n\n")


def test_a_second_line_of_names_is_said_with_the_flag_that_takes_it() -> None:
    text = ",Risk,Risk,Ends\nid,pd,lgd,default\n" + "".join(f"{n},0.{n},0.5,{n % 2}\n" for n in range(1, 6))
    said = r"two lines of names \('Risk, Risk, Ends' above 'id, pd, lgd, default'\); take the second with --read skip=1"
    with pytest.raises(FileError, match=said):
        layout(text)
    assert layout(text, skip="1").names == ("id", "pd", "lgd", "default")
    assert layout(text, header="yes").names == ("(column 1)", "Risk", "Risk (2)", "Ends")


def test_words_for_gaps_in_the_first_row_are_no_names() -> None:
    text = "id,pd,lgd\n1,n/a,none\n" + "".join(f"{n},0.{n},0.5\n" for n in range(2, 8))
    assert layout(text).names == ("id", "pd", "lgd")

"""Damaged lines: named, left out when asked, and told from what follows a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import FileError, ScoreroomError, TableError
from data.reading.table import read_table

ROWS = [f"{k},{k / 8}" for k in range(1, 401)]


def put(folder: Path, lines: list[str]) -> Path:
    path = folder / "a.csv"
    path.write_text("\n".join(["id,pd", *lines]) + "\n", encoding="utf-8")
    return path


def test_damaged_lines_are_named_and_left_out_when_asked(tmp_path: Path) -> None:
    lines = [*ROWS]
    lines[99], lines[299] = lines[99] + ",extra", lines[299].replace(",", ";")
    path = put(tmp_path, lines)
    with pytest.raises(TableError) as caught:
        read_table(path)
    assert str(caught.value) == (
        f"{path}: line 101 has 3 fields where the table has 2: '100,12.5,extra', and so has line 301 another number "
        "(2 of 400 lines); correct them, put fields that hold a comma in quotation marks, or leave such lines out with "
        "--read bad_lines=leave-out."
    )
    reading = read_table(path, {"bad_lines": "leave-out", "bad_file": str(tmp_path / "bad.txt")})
    assert reading.frame["id"].to_list() == [k for k in range(1, 401) if k not in (100, 300)]
    assert reading.assumed.n_left_out == 2
    assert reading.assumed.sentences() == (
        "Left out: 2 damaged lines, which have another number of fields than the table.",
    )
    assert (tmp_path / "bad.txt").read_text() == "101\t100,12.5,extra\n301\t300;37.5\n"
    with pytest.raises(TableError, match=r"more than the share 0.001 that may be left out"):
        read_table(path, {"bad_lines": "leave-out:0.001"})


def test_a_line_that_is_cut_short_is_no_remark(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,a,pd\n1,2,0.5\n2,3,0.5\n3,4\n", encoding="utf-8")
    with pytest.raises(TableError, match="line 4 has 2 fields where the table has 3: '3,4'"):
        read_table(path)


def test_what_follows_a_table_is_told_from_it(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id;x;y\n1;2;3\n2;3;4\nSumme;5;\n;;\n\nErstellt am 1.5.2024; von wem\n", encoding="utf-8")
    reading = read_table(path)
    assert reading.frame.rows() == [(1, 2, 3), (2, 3, 4)]
    assert reading.assumed.footer == ("Summe 5", "Erstellt am 1.5.2024; von wem")


def test_a_quotation_mark_that_is_never_closed_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScoreroomError, match="after line 4 a quotation mark is opened and not closed"):
        read_table(put(tmp_path, ["1,a", "2,b", '3,"c', "4,d"]))


def test_blanks_before_quotation_marks_are_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id, pd, name\n1, 0.5, "a, b"\n2, 0.25, "c"\n3, 0.125, "d, e"\n', encoding="utf-8")
    assert read_table(path).frame.rows() == [(1, 0.5, "a, b"), (2, 0.25, "c"), (3, 0.125, "d, e")]


def test_a_separator_at_the_end_of_each_line_makes_no_column(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id;pd;\n1;0,5;\n2;0,25;\n", encoding="utf-8")
    reading = read_table(path)
    assert reading.frame.rows(named=True) == [{"id": 1, "pd": 0.5}, {"id": 2, "pd": 0.25}]
    assert reading.assumed.changed == ()


def test_a_mark_inside_a_text_is_a_text(tmp_path: Path) -> None:
    assert read_table(put(tmp_path, ['1,6" rule', "2,x"])).frame["pd"].to_list() == ['6" rule', "x"]


@pytest.mark.parametrize("name", ["Total", "Toplam", "Razem:", "Durchschnitt", "Subtotal", "grand total"])
def test_a_full_row_called_a_total_is_none_of_the_table(tmp_path: Path, name: str) -> None:
    reading = read_table(put(tmp_path, ["7,0.1", "8,0.2", f"{name},0.3"]))
    assert reading.frame.rows() == [(7, 0.1), (8, 0.2)]
    assert reading.assumed.footer == (f"{name} 0.3",)


def test_a_class_called_average_is_no_total(tmp_path: Path) -> None:
    reading = read_table(put(tmp_path, ["Average,0.1", "Good,0.2", "Average,0.3"]))
    assert reading.frame["id"].to_list() == ["Average", "Good", "Average"]


def test_names_that_are_one_too_few_are_said_with_the_flags_that_give_them(tmp_path: Path) -> None:
    # R writes the names of rows without a name for them; those of a part of a table do not count up.
    path = tmp_path / "theirs.csv"
    path.write_text('"pd","default"\n"3",0.1,0\n"6",0.2,1\n"7",0.3,0\n', encoding="utf-8")
    with pytest.raises(FileError) as caught:
        read_table(path)
    assert str(caught.value).endswith(
        "has 3 fields in every line and 2 names above them; name every column, such as --read skip=1 --read "
        "names=row,pd,default."
    )
    assert read_table(path, {"skip": "1", "names": "row,pd,default"}).frame.row(0) == (3, 0.1, 0)

"""CSV that a spreadsheet shows and does not run: texts are kept from being formulas, numbers and all else stay."""

from __future__ import annotations

import csv
import io

import polars as pl
import pytest

from data.files.spreadsheets import csv_of, inert
from data.settings import ROOT


@pytest.mark.parametrize(
    ("text", "written"),
    [
        # Numbers as a whole, whatever their sign.
        ("-12.5", "-12.5"),
        ("+3e5", "+3e5"),
        ("-7", "-7"),
        ("-.5", "-.5"),
        ("+1.", "+1."),
        ("-1E-9", "-1E-9"),
        ("12", "12"),
        ("a;-3", "a;-3"),
        ("a\t-3\n+4", "a\t-3\n+4"),
        # No formula begins within a text.
        ("1+1", "1+1"),
        ("a=1", "a=1"),
        ("low - high", "low - high"),
        ("a@b", "a@b"),
        ("−5 to –3", "−5 to –3"),
        ("a, =1", "a, =1"),
        ("'=1", "'=1"),
        # Signs, alone, doubled, behind a number's sign.
        ("=1+1", "'=1+1"),
        ("-cmd", "'-cmd"),
        ("+a", "'+a"),
        ("@SUM", "'@SUM"),
        ("-", "'-"),
        ("+-1", "'+-1"),
        ("-1+1", "'-1+1"),
        ("-1e", "'-1e"),
        ("-1-cmd|x", "'-1-cmd|x"),
        ("=-12.5", "'=-12.5"),
        ("-1 ", "'-1 "),
        ("-.", "'-."),
        ("-inf", "'-inf"),
        ("-1,5", "'-1,5"),
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        # Full and small width, raised and lowered.
        ("＝1+1", "'＝1+1"),
        ("＋1", "'＋1"),
        ("－1", "'－1"),
        ("＠SUM", "'＠SUM"),
        ("﹦1", "'﹦1"),
        ("⁺1", "'⁺1"),
        # Behind what is passed over or cannot be seen.
        ("\n=1", "'\n'=1"),
        ("\r=1", "'\r'=1"),
        ("\tx", "'\tx"),
        ("\nx", "'\nx"),
        (" =1", "' =1"),
        ("\xa0=1", "'\xa0=1"),
        ("\u200b=1", "'\u200b=1"),
        ("\ufeff=1", "'\ufeff=1"),
        ("\u202e-x", "'\u202e-x"),
        ('"=1', "'\"=1"),
        ("\x00=1", "'\x00=1"),
        ("\x1f@x", "'\x1f@x"),
        ("“=1", "'“=1"),
        # At what another reader takes for the end of a cell or a line.
        ("a;=1", "a;'=1"),
        ("a; =1;-2", "a;' =1;-2"),
        ("a\t@x", "a\t'@x"),
        ("a\r\n=2", "a\r\n'=2"),
        ("-1\n=2", "'-1\n'=2"),
        ('a";=1', "a\";'=1"),
    ],
)
def test_what_begins_a_formula_gets_an_apostrophe(text: str, written: str) -> None:
    assert inert(text) == written
    assert inert(written) == written
    content = csv_of(pl.DataFrame({text: [text], "n": [-1]})).decode()
    assert list(csv.reader(io.StringIO(content, newline=""))) == [[written, "n"], [written, "-1"]]


def test_numbers_dates_and_flags_come_back_as_they_were() -> None:
    frame = pl.DataFrame(
        {"whole": [-4, 7], "share": [-0.1, 1e-17], "flag": [True, False], "text": ["-5", "x"], "none": [None, "a"]}
    )
    assert pl.read_csv(csv_of(frame), schema_overrides={"text": pl.String}).equals(frame)


def test_levels_are_texts_whatever_their_dtype() -> None:
    levels = pl.DataFrame({"e": pl.Series(["=1", "b"], dtype=pl.Enum(["=1", "b"])), "c": ["@x", None]})
    assert csv_of(levels.with_columns(pl.col("c").cast(pl.Categorical))) == b"e,c\n'=1,'@x\nb,\n"


def test_a_part_without_a_header_continues_a_file() -> None:
    frame = pl.DataFrame({"Found": [None, "-1"], "n": [1, 2]})
    assert csv_of(frame) == b"Found,n\n,1\n-1,2\n"
    assert csv_of(frame, with_header=False) == b",1\n-1,2\n"
    assert csv_of(pl.DataFrame({})).strip() == b""


def test_two_names_may_be_the_same_in_the_file() -> None:
    assert csv_of(pl.DataFrame({"=a": [1], "'=a": [2]})) == b"'=a,'=a\n1,2\n"


def test_csv_is_written_nowhere_else() -> None:
    writing = [
        str(path.relative_to(ROOT))
        for package in ("data", "inference", "dashboard")
        for path in (ROOT / package).rglob("*.py")
        if ".write_csv(" in path.read_text(encoding="utf-8")
    ]
    assert writing == ["data/files/spreadsheets.py"]

"""What `--read` may say, and one sentence for whatever else."""

from __future__ import annotations

import pytest

from data.reading.said import (
    SaidError,
    as_list,
    flag,
    listed,
    most_damaged,
    parse_said,
    parse_written,
    said_in,
    together,
    word_said,
)


def test_values_are_put_in_one_form() -> None:
    said = parse_said(["separator=semicolon", "encoding=Latin-1", "header=NO", "names=a, b", "bad_lines=leave-out:0.2"])
    assert said == {
        "separator": ";",
        "encoding": "iso8859-1",
        "header": "no",
        "names": "a, b",
        "bad_lines": "leave-out:0.2",
    }
    assert parse_said(word_said(said)) == said
    assert (most_damaged(said), most_damaged({}), most_damaged({"bad_lines": "leave-out"})) == (0.2, 0.0, 0.01)


def test_names_with_commas_are_said_and_read_back() -> None:
    names = ["a", "b, c", 'say "d"']
    assert listed(as_list(names)) == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("separator", "--read separator: is not KEY=VALUE; keys are separator, quote"),
        ("colour=red", "is not KEY=VALUE"),
        ("separator=ab", "'ab' is no separator; give one character, or comma, semicolon"),
        ("decimal=x", "'x' is no decimal; give , or ."),
        ("encoding=klingon", "'klingon' is no encoding; give an encoding such as utf-8"),
        ("encoding=base64", "is no encoding"),
        ("header=perhaps", "give yes or no"),
        ("names=a,,b", "give the names of all columns"),
        ("skip=-1", "give a number of lines"),
        ("dates=swiss", "give day-first, month-first or one of %Y-%m-%d"),
        ("bad_lines=fill", "give leave-out, or leave-out:SHARE"),
        ("bad_lines=leave-out:2", "give leave-out, or leave-out:SHARE"),
    ],
)
def test_whatever_else_is_refused_in_one_sentence(text: str, message: str) -> None:
    with pytest.raises(SaidError, match=r"^--read ") as caught:
        parse_said([text])
    assert message in str(caught.value)


def test_a_key_is_said_once() -> None:
    with pytest.raises(SaidError, match="says skip a second time"):
        parse_said(["skip=1", "skip=2"])


def test_what_is_said_later_holds_and_lists_grow() -> None:
    said = {"decimal": ".", "missing": "x", "codes": "-1"}
    assert together(said, [("decimal", ","), ("missing", "y"), ("codes", "99")]) == {
        "decimal": ",",
        "missing": "x,y",
        "codes": "-1,99",
    }
    assert together({"codes": "9"}, [("codes", "none")]) == {"codes": "none"}


def test_a_mark_at_the_end_of_a_flag_is_told_from_the_sentence() -> None:
    assert [flag(each) for each in ("decimal=,", "dates=day-first", "sheet=My table")] == [
        "--read 'decimal=,'",
        "--read dates=day-first",
        "--read 'sheet=My table'",
    ]


def test_what_is_typed_on_a_page_may_hold_blanks_and_marks_but_names_no_file() -> None:
    assert parse_written("decimal=, 'sheet=My sheet'") == {"decimal": ",", "sheet": "My sheet"}
    assert parse_written("decimal=, quote='") == {"decimal": ",", "quote": "'"}
    with pytest.raises(SaidError, match="names a file on the server"):
        parse_written("bad_file=/etc/passwd")


@pytest.mark.parametrize(
    ("sentence", "offered"),
    [
        ("correct it, or leave such lines out with --read bad_lines=leave-out.", ["bad_lines=leave-out"]),
        ("say which with --read sheet='My sheet'.", ["sheet=My sheet"]),
        (f"say which with {flag('decimal=,')} or {flag('decimal=.')}.", ["decimal=,", "decimal=."]),
        ("raise it with --read bad_lines=leave-out:SHARE, or say which with --read table=NAME.", []),
        ("say its encoding, such as --read encoding=cp850, or save it as UTF-8.", []),
        ("say what does with --read separator=.", []),
    ],
)
def test_what_a_sentence_offers_can_be_said_without_typing_it(sentence: str, offered: list[str]) -> None:
    assert said_in(sentence) == offered

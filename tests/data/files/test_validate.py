from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from data.definition.columns import Column, Kind, Special
from data.definition.definition import Definition
from data.definition.reading import parse_definition
from data.errors import TableError
from data.files.sources import open_source
from data.files.validate import (
    Tally,
    UnseenLevel,
    check_unique_ids,
    expectation,
    is_allowed,
    judge_column,
    shown,
    unseen_levels,
    wanted_columns,
    with_levels,
    word_open,
    word_trimmed,
    word_unseen,
)

SAID = """
name = "Small"
[outcome]
column = "bad"
bad = ["1"]
good = ["0"]
[roles]
id = "loan"
[columns.loan]
whole = true
[columns.bad]
[columns.age]
whole = true
minimum = 18
maximum = 99
special = { "-9" = "not asked" }
[columns.grade]
levels = ["a", "b"]
nullable = true
"""


@pytest.fixture(scope="module")
def definition() -> Definition:
    return parse_definition(SAID, Path("portfolio.toml"))


def test_a_cell_of_blanks_is_missing_and_blanks_around_a_text_are_no_part_of_it(definition: Definition) -> None:
    judged = judge_column(
        definition.column("grade"), definition, pl.Series([" a", "b ", "  ", "z", None]), may_miss=False
    )
    assert judged.values.to_list() == ["a", "b", None, "z", None]
    assert (judged.is_wrong.tolist(), judged.n_trimmed) == ([False, False, True, False, True], 3)


def test_a_number_is_allowed_in_its_range_or_as_a_special_value(definition: Definition) -> None:
    age = definition.column("age")
    values = pl.Series([18.0, 99.0, -9.0, 17.0, 18.5, float("inf"), float("nan"), None])
    assert is_allowed(age, values).to_list() == [True, True, True, False, False, False, False, False]
    wrong = judge_column(age, definition, pl.Series(["18", "x", " ", None]), may_miss=True).is_wrong
    assert wrong.tolist() == [False, True, False, False]


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (Column("x", "", "", "", Kind.FLAG, pl.Int8(), minimum=0, maximum=1), "0 or 1"),
        (
            Column(
                "x", "", "", "", Kind.NUMERIC, pl.Int32(), minimum=0, maximum=12_000, special=(Special(-7.0, "lost"),)
            ),
            "a whole number from 0 to 12,000, or -7 (lost)",
        ),
        (
            Column("x", "", "", "", Kind.NUMERIC, pl.Float64(), minimum=0.5, nullable=True),
            "a number from 0.5 on, or nothing",
        ),
        (Column("x", "", "", "", Kind.ID, pl.String()), "an id"),
    ],
)
def test_says_what_a_column_may_hold(column: Column, words: str) -> None:
    assert expectation(column) == words


def test_counts_faults_over_frames_and_names_the_line_of_the_first(definition: Definition, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('loan,bad,age,grade\n1,0,20,a\n2,1,20,"a\nb"\n3,2,17,b\n4,0,x,b\n5,0,,b\n')
    source = open_source(path, definition)
    columns = wanted_columns(path, definition, source.names, needs_target=True)
    tally = Tally(columns, definition, needs_target=True)
    for frame in source.batches(columns, 2, None):
        tally.check(frame)
    assert (bool(tally), tally.rows) == (True, 5)
    # The third row begins on line 5, because a text of the second holds a line break.
    assert str(tally.error(source)) == (
        f"{path}: column bad has 1 row with a wrong value, for example '2' on line 5; expected 0 or 1; "
        "correct them or leave those rows out. Also wrong: age (2), age (1)."
    )


def test_a_repeated_id_is_named_with_both_places(definition: Definition, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("loan,bad,age,grade\n7,0,20,a\n8,0,20,a\n7,0,20,a\n7,0,20,a\n")
    with pytest.raises(TableError, match=r"loan has 2 rows .*for example 7 on line 4 and on line 2"):
        check_unique_ids(open_source(path, definition), pl.Series("loan", [7, 8, 7, 7]))


def test_levels_never_seen_go_behind_the_known_ones(definition: Definition) -> None:
    frame = with_levels(pl.DataFrame({"grade": ["z", "b", "c", "z", None]}), definition)
    assert frame.schema["grade"] == pl.Enum(["a", "b", "c", "z"])
    assert unseen_levels(frame, definition) == (UnseenLevel("grade", "c", 1), UnseenLevel("grade", "z", 2))


def test_notices_list_five_and_count_the_rest() -> None:
    levels = [UnseenLevel("grade", f"l{n}", 1) for n in range(7)]
    (sentence,) = word_unseen(levels, "kept")
    assert sentence.endswith("'l4' (1 row) and 2 more.")
    assert list(word_open({"new": 2, "": 3})) == [
        "5 rows without an outcome yet, left out of every figure: nothing (3), new (2)."
    ]
    assert list(word_trimmed({"a": 0})) == []
    assert (shown("a\nb"), shown(""), shown("x" * 41)) == ("a\ufffdb", "(no name)", "x" * 39 + "\u2026")


@pytest.mark.parametrize(("expected", "found"), [(";", ","), (",", ";"), ("|", "\t")])
def test_a_header_in_one_piece_is_separated_by_something_else(expected: str, found: str, tmp_path: Path) -> None:
    said = SAID.replace("[outcome]", f"[table]\nseparator = {expected!r}\n[outcome]")
    definition = parse_definition(said, tmp_path / "portfolio.toml")
    with pytest.raises(TableError, match="the header is separated by") as caught:
        wanted_columns(Path("a.csv"), definition, [f"loan number{found}x{found}y"], needs_target=True)
    assert f"is separated by {found!r}; expected {expected!r}; save it again with that." in str(caught.value)
    # A blank in a name separates nothing.
    with pytest.raises(TableError, match="columns are missing"):
        wanted_columns(Path("a.csv"), definition, ["loan number"], needs_target=True)

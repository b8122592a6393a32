from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from data.definition.definition import Definition
from data.definition.reading import parse_definition
from data.errors import ScoreroomError
from data.files.batch_judge import (
    CellFault,
    Judge,
    TableFaultsError,
    check_columns,
    notices_of_columns,
    word_repeated,
)
from data.files.batch_limits import LIMITS
from data.files.sources import open_source

SAID = """
name = "Small"
left_out = ["note"]
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
[columns.grade]
levels = ["a", "b"]
"""


@pytest.fixture(scope="module")
def definition() -> Definition:
    return parse_definition(SAID, Path("portfolio.toml"))


def judge(definition: Definition, most_listed: int = 10) -> Judge:
    return Judge([definition.column(name) for name in ("loan", "age", "grade")], definition, most_listed)


def frame(**cells: list[str | None]) -> pl.DataFrame:
    return pl.DataFrame(cells, schema=dict.fromkeys(cells, pl.String))


def test_good_rows_have_the_definitions_types_and_bad_cells_are_listed_by_row(definition: Definition) -> None:
    judged = judge(definition)
    judged.look(frame(loan=["1"], age=["20"], grade=["a"]))
    good, is_good = judged.look(
        frame(loan=["2", None, "4", "5"], age=["17", "x", None, " 30"], grade=["zz", "b", None, "z"])
    )
    assert is_good.tolist() == [False, False, True, True]
    assert good.to_dict(as_series=False) == {"loan": [4, 5], "age": [None, 30], "grade": [None, "z"]}
    assert judged.faults == [
        CellFault(1, "age", "17", "a whole number from 18 to 99, or nothing"),
        CellFault(2, "loan", None, "a whole number"),
        CellFault(2, "age", "x", "a whole number from 18 to 99, or nothing"),
    ]
    # A category that was never seen is doubtful, and only where its row is scored.
    assert judged.doubts == [CellFault(4, "grade", "z", "one of the known categories")]
    assert (judged.n_rows, judged.n_bad_rows, judged.n_faults, judged.n_doubts) == (5, 2, 3, 1)
    assert list(judged.notices()) == [
        "Blanks around values are left out: age (1 row).",
        "grade holds categories never seen, which are scored as unknown: 'z' (1 row).",
    ]


def test_faults_beyond_the_list_are_counted(definition: Definition) -> None:
    judged = judge(definition, most_listed=2)
    judged.look(frame(loan=["1", "2", "3"], age=["1", "2", "3"], grade=["a"] * 3))
    assert (len(judged.faults), judged.n_faults) == (2, 3)
    error = TableFaultsError.from_list("a.csv", judged.faults, judged.n_faults, 3, 3, "on line")
    assert str(error).splitlines()[0].startswith("a.csv: 3 of 3 rows cannot be scored, so none was; 3 faults")
    assert str(error).splitlines()[-1] == "  and 1 more"


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("age,grade,age", "age"),
        ("age;grade", "';'"),
        ("age,x", "grade"),
        ("x,y", "2 of the 2|none|other"),
        (",".join(f"c{n}" for n in range(6)), "more than 5 columns"),
    ],
)
def test_a_header_that_cannot_be_scored(tmp_path: Path, definition: Definition, header: str, words: str) -> None:
    path = tmp_path / "a.csv"
    row = header.count(",") * "1," + "1"
    path.write_text(f"{header}\n{row}\n{row}\n")
    with pytest.raises(ScoreroomError, match=words):
        check_columns(open_source(path, definition), definition, ["age", "grade"], replace(LIMITS, columns=5))


def test_the_outcome_is_not_judged_and_columns_keep_the_definitions_order(
    tmp_path: Path, definition: Definition
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("grade,more,bad,age\na,1,1,20\n")
    found = check_columns(open_source(path, definition), definition, ["age", "grade"], LIMITS)
    assert [column.name for column in found] == ["age", "grade"]


def test_notices_tell_of_every_column_that_is_no_input(definition: Definition) -> None:
    names = ["age", "bad", "note", "more", "blob"]
    assert list(notices_of_columns(names, definition, ["age"], ["blob"], is_carried=False)) == [
        "Not used, 1 column that no application has: more.",
        "bad is not used.",
        "Left out, because CSV has no form for what they hold, 1 column: blob.",
        "There is no loan; rows are known by their place in the file.",
        "Not in the file, and not needed for a score, 1 column: grade.",
    ]
    carried = list(notices_of_columns(names, definition, ["age"], [], is_carried=True))
    assert carried[:2] == [
        "Carried through as they are, 3 columns that no application has: note, more, blob.",
        "bad is carried through and not judged.",
    ]
    assert word_repeated(2, definition) == "2 rows with a loan that an earlier row has; each is scored."

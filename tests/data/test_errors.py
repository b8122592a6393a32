from __future__ import annotations

import ast
from pathlib import Path

import pytest

from data.errors import DamageError, FileError, SchemaError, ScoreroomError, TableError
from data.settings import ROOT

PATH = Path("table.csv")
# A figure, an answer over HTTP, faults of the program itself, and those that are caught again where they are raised.
INTERNAL = {
    "_CancelledError",
    "NotUtf8Error",
    "LayoutError",
    "SpecialFileError",
    "_SlowError",
    "ColumnCountsError",
    "CountsError",
    "ExplanationError",
    "ProblemError",
    "CalibrationError",
}


def test_whatever_is_said_to_a_person_has_one_root() -> None:
    bases: dict[str, set[str]] = {}
    for path in (path for package in ("data", "inference", "dashboard") for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases[node.name] = {each.id for each in node.bases if isinstance(each, ast.Name)}
    meant = {ScoreroomError.__name__}
    while more := {name for name in bases.keys() - meant if bases[name] & meant}:
        meant |= more
    assert {name for name in bases.keys() - meant if name.endswith("Error")} == INTERNAL


def test_a_library_that_says_much_is_quoted_with_its_first_line() -> None:
    error = DamageError.from_trouble(PATH, ValueError("bad \x1b[31mmagic;\nTraceback ...\n" + "x" * 900))
    assert str(error) == ("table.csv: cannot be read (bad  [31mmagic); run `make build`, which builds it again.")
    assert error.reason == "bad  [31mmagic"
    assert len(DamageError.from_trouble(PATH, ValueError("x" * 900)).reason) == 160


def test_the_reason_is_the_systems_or_that_of_the_error_before() -> None:
    assert DamageError.from_trouble(PATH, PermissionError(13, "Permission denied")).reason == "Permission denied"
    assert DamageError.from_trouble(PATH, FileError.from_missing(PATH)).reason == "no such file"
    assert DamageError.from_trouble(PATH, KeyError()).reason == "KeyError"


def test_the_first_five_names_are_listed_and_the_rest_counted() -> None:
    error = TableError.from_missing_columns(PATH, [f"c{n}" for n in range(7)])
    assert "7 columns are missing: c0, c1, c2, c3, c4 and 2 more;" in str(error)


def test_columns_in_another_order_are_neither_missing_nor_too_many() -> None:
    error = SchemaError.from_other_columns(["a", "b"], ["b", "a"])
    assert "has 2 columns in a fixed order, found 2 (none missing, none too many)" in str(error)


def test_a_value_is_quoted_and_cut() -> None:
    error = TableError.from_bad_values(PATH, "age", 1, "on line 3", "9" * 50, "a number", ["b (2)"])
    assert str(error) == (
        f"table.csv: column age has 1 row with a wrong value, for example '{'9' * 40}\u2026' on line 3; "
        "expected a number; correct them or leave those rows out. Also wrong: b (2)."
    )


def test_errors_are_values_that_a_caller_may_catch_as_such() -> None:
    with pytest.raises(ValueError, match="no such file"):
        raise FileError.from_missing(PATH)

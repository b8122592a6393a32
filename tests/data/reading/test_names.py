"""Names: unique, legible and as close to the file's as can be."""

from __future__ import annotations

import pytest

from data.reading.names import made_names, unique_names


@pytest.mark.parametrize(
    ("written", "names"),
    [
        (["a", "b"], ("a", "b")),
        (["amount", "x", "amount", "amount"], ("amount", "x", "amount (2)", "amount (3)")),
        (["amount", "amount (2)", "amount"], ("amount", "amount (2)", "amount (3)")),
        (["", " pd ", "", "(column 1)"], ("(column 1) (2)", "pd", "(column 3)", "(column 1)")),
        (
            ["~x", "a\nb", '6" rule', "a,b", "cutoff", "\u202eknil"],
            ("(~x)", "a b", '6" rule', "a,b", "cutoff", "\u202eknil"),
        ),
    ],
)
def test_each_name_is_there_once(written: list[str], names: tuple[str, ...]) -> None:
    assert unique_names(written)[0] == names


def test_what_was_changed_is_said() -> None:
    assert unique_names(["a", "a", "", "b"])[1] == (
        "column 2 (a) is a (2)",
        "column 3, which has no name, is (column 3)",
    )


def test_columns_are_numbered_alike() -> None:
    assert made_names(10)[0] == "column_01"
    assert made_names(9)[-1] == "column_9"

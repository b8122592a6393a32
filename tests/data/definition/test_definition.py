from __future__ import annotations

from pathlib import Path

import pytest

from data.definition.definition import Definition
from data.definition.reading import parse_definition
from data.errors import SchemaError

TEXT = """
name = "Loans"
[roles]
id = "loan"
[screen]
groups = ["Money", "Nothing here"]
[columns.loan]
whole = true
group = "Key"
[columns.age]
group = "Person"
cohort = true
[columns.income]
group = "Money"
[columns.sex]
levels = ["f", "m"]
group = "Person"
sensitivity = "protected"
[features.derived.share]
value = "income / age"
"""


def read(text: str) -> Definition:
    return parse_definition(text, Path("portfolio.toml"))


def test_the_digest_is_of_what_is_said_and_not_of_how_it_is_written() -> None:
    definition = read(TEXT)
    same = read("# A comment.\n" + TEXT.replace("income / age", "(income)/age").replace('"Loans"', "'Loans'"))
    assert same.digest == definition.digest
    assert hash(same) == hash(definition)
    for old, new in (("income / age", "age / income"), ("Loans", "Leases"), ("whole = true", "minimum = 1")):
        assert read(TEXT.replace(old, new)).digest != definition.digest


def test_a_default_that_is_written_out_changes_no_digest() -> None:
    assert read(TEXT.replace("[columns.age]", "[columns.age]\nnullable = false")).digest == read(TEXT).digest


def test_groups_come_in_the_order_of_the_screen_then_of_the_table() -> None:
    assert read(TEXT).groups == ("Money", "Person")


def test_columns_are_known_by_what_they_are_for() -> None:
    definition = read(TEXT)
    assert [column.name for column in definition.inputs] == ["age", "income", "sex"]
    assert definition.protected == ("sex",)
    assert [column.name for column in definition.cohort_columns()] == ["age"]
    assert (definition.id, definition.target) == ("loan", None)


def test_an_unknown_column_is_an_error_that_names_those_there_are() -> None:
    with pytest.raises(SchemaError, match=r"no column 'wage' .*there are loan, age, income, sex"):
        read(TEXT).column("wage")

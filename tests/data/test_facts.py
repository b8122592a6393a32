"""What a table of applications holds: against a look at every value, and worked out by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import polars as pl
import pytest

from data.definition.columns import Column, Kind
from data.facts import ColumnFacts, describe_table
from data.home_credit import embedded

INPUTS = [column for column in embedded.COLUMNS if column.kind not in (Kind.ID, Kind.TARGET)]
MakeTable = Callable[..., pl.DataFrame]


@pytest.fixture(name="table", scope="module")
def fixture_table(make_table: MakeTable) -> pl.DataFrame:
    return make_table(500, seed=3)


@pytest.fixture(name="facts", scope="module")
def fixture_facts(table: pl.DataFrame) -> dict[str, ColumnFacts]:
    return describe_table(table.lazy(), embedded.DEFINITION)


def described(table: pl.DataFrame, name: str, values: list[object]) -> ColumnFacts:
    """The facts of `name` where it holds `values`, all else as it is."""
    column = embedded.column(name)
    # Only a column of texts can hold a level that the schema does not list.
    dtype = pl.String() if column.kind is Kind.CATEGORY else column.dtype
    changed = table.head(len(values)).with_columns(pl.Series(name, values, dtype=dtype))
    return describe_table(changed.lazy(), embedded.DEFINITION)[name]


def test_every_input_is_described_in_the_order_of_the_table(facts: dict[str, ColumnFacts]) -> None:
    assert list(facts) == [column.name for column in INPUTS]


@pytest.mark.parametrize(
    "column", [column for column in INPUTS if column.kind is not Kind.CATEGORY], ids=lambda c: c.name
)
def test_numbers_are_described_as_a_look_at_each_says(
    column: Column, table: pl.DataFrame, facts: dict[str, ColumnFacts]
) -> None:
    values = table[column.name].to_list()
    numbers = sorted(value for value in values if value is not None and not column.is_special(value))
    found = facts[column.name]
    assert (found.low, found.high, found.levels) == (numbers[0], numbers[-1], ())
    assert found.has_missing == (None in values)
    counts = {value: values.count(value) for value in column.special_values}
    assert found.has_special == {value: n for value, n in counts.items() if n}
    # Of an even number of values the lower of the two in the middle.
    assert found.middle == numbers[(len(numbers) - 1) // 2]
    assert isinstance(found.middle, int if column.dtype.is_integer() else float)
    assert found.typical == found.middle


@pytest.mark.parametrize("column", [column for column in INPUTS if column.kind is Kind.CATEGORY], ids=lambda c: c.name)
def test_levels_are_described_as_a_look_at_each_says(
    column: Column, table: pl.DataFrame, facts: dict[str, ColumnFacts]
) -> None:
    counts = Counter(table[column.name].to_list())
    found = facts[column.name]
    assert found.levels == tuple(level for level in column.levels if level in counts)
    assert (found.low, found.high, found.middle) == (None, None, None)
    assert found.has_missing == (None in counts)
    assert found.typical == max(column.levels, key=lambda level: counts[level])


@pytest.mark.parametrize(
    ("name", "values", "middle", "typical"),
    [
        ("AMT_CREDIT", [1.0, 2.0, 9.0, None], 2.0, 2.0),
        ("AMT_ANNUITY", [1.0, 2.0, None, None], 1.0, 1.0),
        ("AMT_ANNUITY", [1.0, None, None], 1.0, None),
        ("AMT_ANNUITY", [None, None, None], None, None),
        ("FLAG_PHONE", [1, 1, 0], 1, 1),
        ("FLAG_PHONE", [1, 0], 0, 0),
        ("DAYS_EMPLOYED", [-5, -7, 365_243, 365_243], -7, -7),
        ("DAYS_EMPLOYED", [-5, 365_243, 365_243], -5, 365_243),
        ("DAYS_EMPLOYED", [365_243], None, 365_243),
    ],
)
def test_what_is_typical_of_a_number(
    name: str, values: list[object], middle: object, typical: object, table: pl.DataFrame
) -> None:
    found = described(table, name, values)
    assert (found.middle, found.typical) == (middle, typical)


@pytest.mark.parametrize(
    ("values", "levels", "typical"),
    [
        (["Laborers", "Drivers", "Laborers"], ("Drivers", "Laborers"), "Laborers"),
        # Missing is commonest, and yet no more than half.
        (["Drivers", "Drivers", "Laborers", None, None, None], ("Drivers", "Laborers"), "Drivers"),
        (["Drivers", None, None], ("Drivers",), None),
        # As common as each other: the first of the schema's.
        (["Laborers", "Drivers"], ("Drivers", "Laborers"), "Drivers"),
        # One that the schema does not list comes after its own.
        (["Zoologist", "Astronaut", "Drivers", "Zoologist"], ("Drivers", "Astronaut", "Zoologist"), "Zoologist"),
        ([None, None], (), None),
    ],
)
def test_what_is_typical_of_a_category(
    values: list[object], levels: tuple[str, ...], typical: object, table: pl.DataFrame
) -> None:
    found = described(table, "OCCUPATION_TYPE", values)
    assert (found.levels, found.typical) == (levels, typical)


@pytest.mark.parametrize(
    ("name", "values", "value", "seen"),
    [
        ("AMT_CREDIT", [10.0, 20.0], 10.0, True),
        ("AMT_CREDIT", [10.0, 20.0], 20.0, True),
        ("AMT_CREDIT", [10.0, 20.0], 20.5, False),
        ("AMT_CREDIT", [10.0, 20.0], 9.5, False),
        ("AMT_CREDIT", [10.0, 20.0], None, False),
        ("AMT_CREDIT", [10.0, None], None, True),
        ("AMT_ANNUITY", [None, None], 5.0, False),
        ("DAYS_EMPLOYED", [-5, -7], 365_243, False),
        ("DAYS_EMPLOYED", [-5, 365_243], 365_243, True),
        ("DAYS_EMPLOYED", [-5, 365_243], 0, False),
        ("OCCUPATION_TYPE", ["Drivers", "Laborers"], "Drivers", True),
        ("OCCUPATION_TYPE", ["Drivers", "Laborers"], "Managers", False),
        ("OCCUPATION_TYPE", ["Drivers", "Laborers"], None, False),
        ("OCCUPATION_TYPE", ["Drivers", None], None, True),
    ],
)
def test_what_was_seen(
    *, name: str, values: list[object], value: float | str | None, seen: bool, table: pl.DataFrame
) -> None:
    assert described(table, name, values).has_seen(embedded.column(name), value) is seen

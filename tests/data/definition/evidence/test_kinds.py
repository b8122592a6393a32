from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from data.definition.evidence.kinds import (
    ColumnGuess,
    group_names,
    guess_column,
    why_left_out,
)
from data.definition.evidence.summaries import Summary, summarise

RNG = np.random.default_rng(9)
N = 400


def one(values: Any, name: str = "x") -> Summary:
    return summarise(pl.DataFrame({name: pl.Series(values).cast(pl.String)}))[0]


def guess(values: Any, name: str = "x", said: dict[str, object] | None = None) -> ColumnGuess:
    return guess_column(one(values, name), said or {}, {})


AGES = RNG.integers(18, 80, N)


def test_bounds_are_round_and_leave_room_for_a_later_file() -> None:
    entry = guess([*RNG.integers(10, 240, N), 240], "rooms").entry
    assert (entry["whole"], entry["minimum"], entry["maximum"]) == (True, 0, 500)
    entry = guess(RNG.uniform(-3, 2, N), "change").entry
    assert (entry["minimum"], entry["maximum"]) == (-10, 10)
    entry = guess(AGES, "age").entry
    assert (entry["unit"], entry["minimum"], entry["maximum"], entry["sensitivity"]) == ("years", 0, 120, "sensitive")


@pytest.mark.parametrize(
    ("values", "name", "kind", "sure"),
    [
        (["0", "1"], "has_car", "flag", True),
        (["1", "2", "3"], "education", "category", True),
        (["1", "2", "3"], "children", "numeric", False),
        (["01", "02", "33"], "shelf", "numeric", False),
        (["2024-01-31", "2024-02-01"], "opened", "date", True),
        (["red", "blue"], "colour", "category", True),
    ],
)
def test_the_kind_follows_from_cells_and_name(values: list[str], name: str, kind: str, *, sure: bool) -> None:
    found = guess(values * 20, name)
    assert (found.kind, found.sure) == (kind, sure)


@pytest.mark.parametrize(
    ("values", "name", "why"),
    [
        ([None, None], "x", "no value in any row"),
        ([f"p{n}@example.org" for n in range(9)], "contact", "names a person, by its values"),
        (["Ann", "Bob"], "first_name", "names a person, by its own name"),
        ([f"{n}%" for n in range(9)], "rate", "numbers with a percent sign"),
        ([f"{n},5" for n in range(9)], "rate", "numbers with a decimal comma"),
        ([f"text {n % 300}" for n in range(900)], "purpose", "text of 300 different values"),
        (["only", "only"], "x", "one value in every row"),
        (["1/2/2024", "3/4/2024"], "opened", "dates of which nothing tells whether day or month comes first"),
        ([f"{10**20 + n}" for n in range(9)], "x", "numbers of more digits than a quantity has"),
        (["1", "2"], "~x", "its name begins with ~"),
        (["1.5", "2"], "amount", ""),
    ],
)
def test_a_column_is_left_out_for_a_reason(values: list[str | None], name: str, why: str) -> None:
    found = why_left_out(one(values, name))
    assert found.startswith(why)
    assert bool(found) == bool(why)


def test_a_protected_column_is_no_feature_unless_a_person_says_otherwise() -> None:
    values = ["1", "2"] * 20
    assert guess(values, "sex").no_feature.startswith("protected")
    assert guess(values, "sex", {"sensitivity": "none"}).no_feature == ""
    assert guess(values, "colour", {"sensitivity": "protected"}).no_feature == "protected, as said"


def test_what_is_said_of_a_column_is_kept() -> None:
    entry = guess([*AGES, *[99] * 40], "age", {"kind": "numeric", "special": {"18": "too young"}, "maximum": 7}).entry
    assert (entry["special"], entry["minimum"], entry["maximum"]) == ({"18": "too young"}, 0, 7)


def test_three_or_more_columns_called_alike_are_a_group() -> None:
    assert group_names(["BILL_AMT1", "BILL_AMT2", "BILL_AMT3", "PAY_1", "PAY_2", "column_1", "age"]) == dict.fromkeys(
        ["BILL_AMT1", "BILL_AMT2", "BILL_AMT3"], "Bill amt"
    )


def test_dates_whose_day_and_month_cannot_be_told_apart_are_left_out() -> None:
    column = guess(["1/2/2024", "3/4/2024"] * 20, "opened")
    assert (column.kind, column.sure) == ("", False)
    assert "nothing tells whether day or month comes first" in column.left_out

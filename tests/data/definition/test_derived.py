from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from data.definition.columns import Column, Kind
from data.definition.derived import read_condition, read_derived
from data.definition.errors import DefinitionError, Place
from data.definition.grammar import parse

PLACE = Place(Path("portfolio.toml"))
COLUMNS = {name: Column(name, name, "", "", Kind.NUMERIC, pl.Float64()) for name in ("a", "b")}
COLUMNS["grade"] = Column("grade", "", "", "", Kind.CATEGORY, pl.Enum(["x", "y"]), levels=("x", "y"))


def said(**values: str) -> dict[str, dict[str, str]]:
    return {name: {"value": value} for name, value in values.items()}


def test_a_feature_is_put_into_another_wherever_it_stands() -> None:
    twice, share = read_derived(said(twice="share * 2", share="a / b"), COLUMNS, {}, PLACE)
    assert (twice.name, twice.label, share.name) == ("twice", "twice", "share")
    assert twice.node == parse("(a / b) * 2", ["a", "b"])


def test_a_circle_is_named() -> None:
    with pytest.raises(DefinitionError, match=r"one uses itself \(one -> two -> one\); break the circle"):
        read_derived(said(one="two + 1", two="one + a"), COLUMNS, {}, PLACE)


def test_features_that_double_in_size_are_refused_before_they_are_made() -> None:
    doubling = {"f0": "a - b", **{f"f{n}": f"f{n - 1} - f{n - 1}" for n in range(1, 39)}}
    with pytest.raises(DefinitionError, match="more than 1,000 parts"):
        read_derived(said(**doubling), COLUMNS, {}, PLACE)


@pytest.mark.parametrize(
    ("features", "words"),
    [
        ({"A": "b * 2"}, "A is called like a"),
        ({"mean": "a"}, "mean is the name of a function"),
        ({"late": "b * 2"}, "names b, which is the decision"),
        ({"same": "grade * 2"}, "computes with grade, which is of kind category"),
        ({"two": "1 + 1"}, "uses no column"),
    ],
)
def test_what_no_model_may_see_or_nobody_can_compute(features: dict[str, str], words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        read_derived(said(**features), COLUMNS, {"b": "decision"}, PLACE)


def test_a_condition_compares_a_category_with_its_own_levels() -> None:
    assert read_condition('grade == "x"', COLUMNS, PLACE) == parse('grade == "x"', COLUMNS, booleans=True)
    with pytest.raises(DefinitionError, match="names z, which is not a level; there are x, y"):
        read_condition('grade == "z"', COLUMNS, PLACE)
    with pytest.raises(DefinitionError, match="compares a, which is of kind numeric, with a text"):
        read_condition('a == "x"', COLUMNS, PLACE)

"""What follows from a definition's parts where nothing is said, and parts that contradict one another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data.definition.building import build_definition
from data.definition.columns import Kind
from data.definition.definition import Definition
from data.definition.errors import DefinitionError

COLUMNS: dict[str, dict[str, Any]] = {
    "income": {},
    "status": {},
    "grade": {"levels": ["a", "b"]},
    "sex": {"levels": ["f", "m"], "sensitivity": "protected"},
    "applied": {"kind": "date"},
    "decided": {"levels": ["yes", "no"]},
    "bureau": {},
    "amount": {"minimum": 0},
}
SAID: dict[str, Any] = {
    "name": "Loans",
    "outcome": {"column": "status", "bad": ["late"], "good": ["paid"]},
    "roles": {"decision": "decided", "exposure": "amount", "date": "applied"},
    "scores": {"external": {"column": "bureau"}},
    "columns": COLUMNS,
}


def build(**said: Any) -> Definition:
    return build_definition({**SAID, **said}, Path("portfolio.toml"))


def test_without_an_id_rows_are_known_by_their_number() -> None:
    first = build().columns[0]
    assert (first.name, first.kind, first.dtype, first.minimum) == ("row_number", Kind.ID, pl.Int64(), 1)


def test_without_a_list_every_column_is_a_feature_that_a_model_may_see() -> None:
    # Not: outcome, protected, date, decision and score. The exposure stays.
    assert build().features.columns == ("income", "grade", "amount")


@pytest.mark.parametrize(
    ("said", "dtype"),
    [
        ({"whole": True, "minimum": 0, "maximum": 127}, pl.Int8()),
        ({"whole": True, "minimum": 0, "maximum": 128}, pl.Int16()),
        ({"whole": True, "minimum": 0, "maximum": 1, "special": {"365243": "none"}}, pl.Int32()),
        ({"whole": True, "minimum": 0}, pl.Int64()),
        ({"minimum": 0, "maximum": 1}, pl.Float64()),
        ({"kind": "flag"}, pl.Int8()),
    ],
)
def test_a_column_has_the_smallest_type_that_holds_range_and_special_values(
    said: dict[str, Any], dtype: pl.DataType
) -> None:
    assert build(columns={**COLUMNS, "income": said}).column("income").dtype == dtype


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"columns": {**COLUMNS, "income": {"minimum": 3, "maximum": 2}}}, "income minimum is 3, above the maximum 2"),
        (
            {"columns": {**COLUMNS, "income": {"special": {"7": "a", "7.0": "b"}}}},
            "special 7.0 is the same number as one before it",
        ),
        ({"columns": {**COLUMNS, "grade": {"levels": ["a"]}}}, "grade levels lists one level"),
        ({"outcome": {"column": "status", "bad": ["x"], "good": ["x"]}}, "outcome has x among bad and good"),
        ({"left_out": ["income"]}, "left_out lists income, which .columns. defines"),
        ({"features": {"monotone": {"grade": "rising"}}}, "grade is of kind category, which has no order"),
        ({"given_groups": ["Papers"]}, "given_groups lists Papers, .*there are Other"),
        (
            {"loan": {"credit": "amount", "annuity": "income", "goods": "bureau", "shortest_terms": [1, 2]}},
            "shortest_terms lists 2; list 1, one more than credit_from",
        ),
        (
            {"loan": {"credit": "amount", "annuity": "income", "goods": "bureau", "term_from": [3, 3]}},
            "term_from does not rise",
        ),
    ],
)
def test_parts_that_contradict_one_another_are_refused(said: dict[str, Any], words: str) -> None:
    with pytest.raises(DefinitionError, match=words.replace(" ", "[ .]")):
        build(**said)

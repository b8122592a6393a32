from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from data.definition import checking
from data.definition.columns import Column, Kind, Special
from data.definition.definition import Outcome, Roles, Score, Value
from data.definition.errors import DefinitionError, Place

PLACE = Place(Path("portfolio.toml"))
AGE = Column("age", "Age", "", "", Kind.NUMERIC, pl.Int16(), minimum=18, maximum=99, special=(Special(-9, "?"),))
GRADE = Column("grade", "Grade", "", "", Kind.CATEGORY, pl.Enum(["a", "b"]), levels=("a", "b"))
DAY = Column("day", "Day", "", "", Kind.DATE, pl.Date())


@pytest.mark.parametrize(
    ("one", "other"), [("Straße", "STRASSE"), ("Bonité", "BONITE"), ("İl", "il"), ("Ångström", "angstrom")]
)
def test_names_that_differ_by_case_or_accents_are_twins(one: str, other: str) -> None:
    assert checking.folded(one) == checking.folded(other)
    with pytest.raises(DefinitionError, match=r"differs from .* by case or accents alone"):
        checking.check_names([one, other], (), PLACE)


def test_names_of_the_predictions_table_are_free_for_the_roles_that_fill_it() -> None:
    checking.check_names(["is_default", "income"], {"is_default"}, PLACE)
    with pytest.raises(DefinitionError, match="fold has a name that the table of predictions needs"):
        checking.check_names(["fold"], {"is_default"}, PLACE)
    with pytest.raises(DefinitionError, match="~n begins with ~"):
        checking.check_names(["~n"], (), PLACE)


def test_a_role_bars_a_column_from_the_model_except_date_and_exposure() -> None:
    roles = Roles(id="loan", date="day", exposure="amount", weight="w", decision="decided")
    barred = checking.barred(roles, Outcome("status", ("1",), ("0",)), (Score("bureau", "points"),))
    assert barred == {
        "loan": "identifier",
        "status": "outcome",
        "w": "weight",
        "decided": "decision",
        "points": "score",
    }


@pytest.mark.parametrize(("column", "value"), [(AGE, 18), (AGE, 99.0), (AGE, -9), (GRADE, "b"), (DAY, "2024-02-29")])
def test_takes_what_a_column_can_hold(column: Column, value: Value) -> None:
    checking.check_value(value, column, PLACE)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        (AGE, 17, "is 17, outside the column's range; write a number from 18 to 99"),
        (AGE, -8, "is -8, outside"),
        (AGE, 18.5, "is 18.5, not a whole number"),
        (AGE, "18", "without quotation marks"),
        (GRADE, "c", "there are a, b"),
        (DAY, "2023-02-29", 'such as "2024-03-31"'),
    ],
)
def test_refuses_what_it_cannot_hold(column: Column, value: Value, words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        checking.check_value(value, column, PLACE)

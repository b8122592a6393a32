"""Dates, weights, decisions, grades and models, by what a column is called and holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data.errors import PredictionsError
from data.home_credit import embedded
from data.predictions.roles.answers import parse_answers
from data.predictions.roles.optional import check_weights, find_optional


def _roles(*maps: str, **columns: list[Any]) -> dict[str, str]:
    roles, questions = find_optional(pl.DataFrame(columns), embedded.DEFINITION, parse_answers(maps), ())
    assert questions == []
    return roles


def test_names_and_values_give_the_roles() -> None:
    found = _roles(
        **{"Antrag-Nr.": [3, 1, 2]},
        weight=[1.0, 2.5, 0.0],
        lgd=[0.4, 0.45, 0.5],
        applied=["01.02.2024", "13.02.2024", "01.03.2024"],
        birth_date=["01.02.1990", "13.02.1990", "01.03.1990"],
        model_decision=["approved", "declined", "approved"],
        final_decision=["approved", "approved", "approve"],
        grade=["A", "B", "A"],
        model=["new", "old", "new"],
    )
    assert found == {
        "id": "Antrag-Nr.",
        "weight": "weight",
        "lgd": "lgd",
        "date": "applied",
        "decision": "final_decision",
        "model-decision": "model_decision",
        "grade": "grade",
        "model": "model",
    }


def test_what_the_values_do_not_bear_out_is_left() -> None:
    # Names of people, loans that are numbered by no id, grades that every row has another of.
    found = _roles(name=["a", "b"], weight=[-1.0, -2.0], rating=["only", "only"], decision=["x", "y"], model=["m", "m"])
    assert found == {"weight": "weight"}


def test_two_final_decisions_are_none() -> None:
    assert _roles(one=["approved", "declined"], two=["declined", "approved"]) == {}
    assert _roles("two=decision", one=["approved", "declined"], two=["declined", "approved"]) == {"decision": "two"}


def _dates(**columns: list[Any]) -> tuple[str, ...]:
    roles, questions = find_optional(pl.DataFrame(columns), embedded.DEFINITION, parse_answers([]), ())
    return tuple(each for question in questions for each in question.columns) or tuple(roles.values())


def test_a_date_of_the_default_or_of_what_some_lack_is_not_the_application_s() -> None:
    app, other = ["2024-01-05", "2024-02-05", "2024-05-01"], ["2024-06-05", "2024-09-05", "2024-09-01"]
    some = [None, "2024-09-05", None]
    assert _dates(default_date=other, app_date=app) == ("app_date",)
    assert _dates(event_date=some, booked=app) == ("booked",)
    assert _dates(snapshot=other, application_date=app) == ("application_date",)
    assert _dates(last_pymnt_d=other) == _dates(event_date=some) == ()


def test_two_dates_are_a_question_unless_they_agree_on_the_quarter() -> None:
    day, month = ["2024-01-05", "2024-02-05", "2024-05-01"], ["2024-01", "2024-02", "2024-05"]
    assert _dates(first=day, second=["2024-06-05", "2024-09-05", "2024-09-01"]) == ("first", "second")
    assert _dates(day=day, month=month) == ("day",)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ([1.0, None, 2.0], r"has 1 row without .* an empty cell in row 2; .* --map w=none"),
        ([1.0, -1.0, float("inf")], r"has 2 rows without a finite number from 0 on, for example -1\.0 in row 2"),
        ([0, 0, 0], "is 0 in every row"),
    ],
)
def test_weights_that_some_rows_lack_are_refused(weights: list[Any], said: str) -> None:
    every = pl.Series([True] * 3)
    with pytest.raises(PredictionsError, match=said):
        check_weights(Path("x.csv"), pl.Series("w", weights), every)
    check_weights(Path("x.csv"), pl.Series("w", [1.0, None, 0.0]), pl.Series([True, False, True]))

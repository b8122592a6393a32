"""Dates, weights, decisions, grades and models, by what a column is called and holds."""

from __future__ import annotations

from typing import Any

import polars as pl

from data.home_credit import embedded
from data.predictions.roles.answers import parse_answers
from data.predictions.roles.optional import find_optional


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

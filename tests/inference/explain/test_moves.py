"""What an applicant can change by themselves: flags, documents, single amounts and levels."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from data.definition.columns import Sensitivity
from data.definition.definition import Lever, LoanLever
from data.home_credit import embedded
from inference.explain.loan_moves import LONGER, SHORTER
from inference.explain.moves import Moves, are_possible
from inference.values import Value
from scripts._embedded import FEATURES

assert embedded.DEFINITION.loan is not None
KNOWN: LoanLever = embedded.DEFINITION.loan
CREDIT, ANNUITY, GOODS = KNOWN.credit, KNOWN.annuity, KNOWN.goods
FLAGS = tuple(lever.column for lever in embedded.DEFINITION.levers)
# Term 20, and 11.88 % on top of the goods.
CASH: dict[str, Value] = {
    "NAME_CONTRACT_TYPE": "Cash loans",
    CREDIT: 447_520.0,
    GOODS: 400_000.0,
    ANNUITY: 22_376.0,
    "DAYS_EMPLOYED": -900,
}


def moves_of(application: dict[str, Value]) -> Moves:
    return Moves(application, embedded.DEFINITION, FEATURES.sources)


def test_what_moves_is_in_somebodys_hands() -> None:
    columns = [embedded.column(name) for name in (CREDIT, GOODS, ANNUITY, *FLAGS)]
    assert {column.sensitivity for column in columns} == {Sensitivity.NONE}
    assert {"External scores", "Person"}.isdisjoint(column.group for column in columns)


def test_phone_numbers_and_documents() -> None:
    nothing: dict[str, Value] = dict.fromkeys(FLAGS, 0)
    employed = {**nothing, "DAYS_EMPLOYED": -100}
    assert set(moves_of(employed)) == set(FLAGS)
    assert set(moves_of({**nothing, "DAYS_EMPLOYED": embedded.NOT_EMPLOYED})) == set(FLAGS) - {"FLAG_WORK_PHONE"}
    # One document is given, whichever it is.
    for name in ("FLAG_DOCUMENT_3", "FLAG_DOCUMENT_6", "FLAG_DOCUMENT_8"):
        assert set(moves_of({**employed, name: 1})) == {"FLAG_PHONE", "FLAG_WORK_PHONE"}
    moves = moves_of(employed)
    assert not moves.go_together("FLAG_DOCUMENT_3", "FLAG_DOCUMENT_8")
    assert not moves_of(CASH).go_together(SHORTER, LONGER)
    assert moves.go_together("FLAG_DOCUMENT_3", "FLAG_PHONE")
    assert {name: column.tolist() for name, column in moves.after({"FLAG_PHONE": np.array([0])}).items()} == {
        "FLAG_PHONE": [1.0]
    }


def moves_by(levers: tuple[Lever, ...], application: dict[str, Value]) -> Moves:
    """The moves of a definition with these levers and no loan."""
    definition = replace(embedded.DEFINITION, levers=levers, loan=None)
    return Moves(application, definition, FEATURES.sources)


def test_an_amount_moves_down_and_up_to_shares_of_itself_within_its_range() -> None:
    lever = Lever("AMT_INCOME_TOTAL", down_to=0.9, up_to=1.2, step=0.05)
    moves = moves_by((lever,), {"AMT_INCOME_TOTAL": 100_000})
    assert moves["AMT_INCOME_TOTAL:down"].values.tolist() == [95_000.0, 90_000.0]
    assert moves["AMT_INCOME_TOTAL:up"].values.tolist() == [105_000.0, 110_000.0, 115_000.0, 120_000.0]
    np.testing.assert_allclose(moves["AMT_INCOME_TOTAL:up"].costs[-1], math.log(1.2))
    # Up and down at once is neither.
    assert not moves.go_together("AMT_INCOME_TOTAL:down", "AMT_INCOME_TOTAL:up")
    highest = embedded.column("AMT_INCOME_TOTAL").maximum
    assert highest is not None
    assert set(moves_by((lever,), {"AMT_INCOME_TOTAL": highest})) == {"AMT_INCOME_TOTAL:down"}


def test_a_special_value_is_neither_moved_nor_a_step() -> None:
    column = "DAYS_EMPLOYED"
    assert set(moves_by((Lever(column, up_to=2.0),), {column: embedded.NOT_EMPLOYED})) == set()


def test_a_level_moves_to_the_one_it_names_and_not_from_there() -> None:
    lever = Lever("NAME_EDUCATION_TYPE", to="Higher education")
    moves = moves_by((lever,), {"NAME_EDUCATION_TYPE": "Lower secondary"})
    changed = moves.after({"NAME_EDUCATION_TYPE": np.array([0, 0])})
    assert {name: values.tolist() for name, values in changed.items()} == {
        "NAME_EDUCATION_TYPE": ["Higher education", "Higher education"]
    }
    assert are_possible(changed).tolist() == [True, True]
    assert set(moves_by((lever,), {"NAME_EDUCATION_TYPE": "Higher education"})) == set()


@pytest.mark.parametrize("value", [None, math.nan])
def test_what_is_not_known_cannot_be_moved(value: Value) -> None:
    assert set(moves_by((Lever("FLAG_PHONE", to=1),), {"FLAG_PHONE": value})) == set()


def test_nobody_is_advised_to_borrow_more() -> None:
    assert embedded.DEFINITION.roles.exposure == CREDIT
    assert set(moves_by((Lever(CREDIT, down_to=0.5, up_to=2.0),), {CREDIT: 100_000.0})) == {f"{CREDIT}:down"}
    assert set(moves_by((Lever(CREDIT, to=200_000.0),), {CREDIT: 100_000.0})) == set()
    assert set(moves_by((Lever(CREDIT, to=50_000.0),), {CREDIT: 100_000.0})) == {CREDIT}


def test_a_step_of_a_loan_that_there_is_not_is_impossible() -> None:
    assert are_possible({CREDIT: np.array([1.0, math.nan])}).tolist() == [True, False]

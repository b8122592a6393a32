"""How the amounts of a loan move together, and which loans there are; figures worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from data.definition.definition import LoanLever
from data.home_credit import embedded
from inference.explain.loan_moves import (
    LONGER,
    SHORTER,
    SIZE,
    SURCHARGE,
    Loan,
    is_plausible,
)
from inference.explain.moves import Moves
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
REVOLVING: dict[str, Value] = {
    "NAME_CONTRACT_TYPE": "Revolving loans",
    CREDIT: 270_000.0,
    GOODS: 270_000.0,
    ANNUITY: 13_500.0,
}


def moves_of(application: dict[str, Value]) -> Moves:
    return Moves(application, embedded.DEFINITION, FEATURES.sources)


def after(application: dict[str, Value], **values: float) -> dict[str, float]:
    """What the application becomes where each move goes to the step with that value."""
    moves = moves_of(application)
    steps = {name: np.flatnonzero(np.isclose(moves[name].values, value)) for name, value in values.items()}
    assert all(found.size == 1 for found in steps.values())
    return {name: float(column[0]) for name, column in moves.after(steps).items()}


def loan(credit: float, goods: float, annuity: float, *, is_revolving: bool = False) -> Loan:
    return Loan(np.array(credit), np.array(goods), np.array(annuity), is_revolving, KNOWN)


def test_a_smaller_loan_keeps_its_ratios() -> None:
    assert after(CASH, size=300_000.0) == {CREDIT: 335_640.0, GOODS: 300_000.0, ANNUITY: 16_782.0}
    assert after(REVOLVING, size=200_000.0) == {CREDIT: 200_000.0, GOODS: 200_000.0, ANNUITY: 10_000.0}
    size = moves_of(CASH)[SIZE]
    assert (size.values[0], size.values[-1], size.values.size) == (399_800.0, 160_000.0, 1_200)
    np.testing.assert_allclose(size.costs[[0, -1]], [math.log(400 / 399.8), math.log(2.5)])


def test_a_loan_has_less_on_top_of_the_goods_at_ratios_that_there_are() -> None:
    assert moves_of(CASH)[SURCHARGE].values.tolist() == [1.1056, 1.0792, 1.066, 1.0]
    assert after(CASH, surcharge=1.0) == {CREDIT: 400_000.0, GOODS: 400_000.0, ANNUITY: 20_000.0}
    assert after(CASH, surcharge=1.066, size=200_000.0) == {CREDIT: 213_200.0, GOODS: 200_000.0, ANNUITY: 10_660.0}


def test_the_term_moves_by_the_annuity_alone() -> None:
    moves = moves_of(CASH)
    assert moves[LONGER].values[:2].tolist() == [22_360.0, 22_340.0]
    assert moves[SHORTER].values[:2].tolist() == [22_380.0, 22_400.0]
    assert after(CASH, longer=13_000.0) == {CREDIT: 447_520.0, GOODS: 400_000.0, ANNUITY: 13_000.0}
    # Beside a smaller loan the annuity is that of its term: 223,760 / (447,520 / 13,000).
    assert after(CASH, longer=16_000.0, size=200_000.0) == {CREDIT: 223_760.0, GOODS: 200_000.0, ANNUITY: 8_000.0}


def test_what_cannot_move_does_not() -> None:
    assert set(moves_of(REVOLVING)) == {SIZE}
    assert set(moves_of({**CASH, CREDIT: 400_000.0})) == {SIZE, LONGER, SHORTER}
    assert set(moves_of({**CASH, ANNUITY: None})) == {SIZE, SURCHARGE}
    assert set(moves_of({**CASH, GOODS: None})) == {SIZE, LONGER, SHORTER}
    assert set(moves_of({**CASH, CREDIT: None})) == set()
    assert set(Moves(CASH, embedded.DEFINITION, ("AMT_CREDIT",))) == {SIZE, SURCHARGE}
    assert after({**CASH, ANNUITY: None}, surcharge=1.0) == {CREDIT: 400_000.0, GOODS: 400_000.0}
    assert after({**CASH, GOODS: None}, size=223_800.0) == {CREDIT: 223_800.0, ANNUITY: 11_190.0}


@pytest.mark.parametrize(
    ("after", "plausible"),
    [
        (loan(300_000, 300_000, 15_000), True),
        # Below the goods price, or more above it than anything sold with it makes.
        (loan(299_000, 300_000, 15_000), False),
        (loan(460_000, 300_000, 20_000), False),
        # Term 9.5 and 1.3 times the goods.
        (loan(390_000, 300_000, 41_000), False),
        # Terms of 36 and 38.5 of a large one, 36 of a small one; 8 of any.
        (loan(360_000, 300_000, 10_000), True),
        (loan(385_000, 300_000, 10_000), False),
        (loan(180_000, 180_000, 5_000), False),
        (loan(300_000, 300_000, 37_500), False),
        (loan(44_000, 44_000, 4_400), False),
        (loan(300_000, math.nan, 15_000), True),
        (loan(300_000, 300_000, math.nan), True),
        (loan(270_000, 270_000, 13_500, is_revolving=True), True),
        (loan(270_000, 270_000, 13_000, is_revolving=True), False),
        (loan(270_000, 260_000, 13_500, is_revolving=True), False),
    ],
)
def test_loans_that_there_are(after: Loan, *, plausible: bool) -> None:
    ordinary = loan(400_000, 400_000, 20_000, is_revolving=after.is_revolving)
    assert is_plausible(ordinary, after) == plausible


@pytest.mark.parametrize(
    ("now", "may_stay"),
    [
        (loan(460_000, 300_000, 20_000), True),
        (loan(385_000, 300_000, 10_000), True),
        (loan(44_000, 44_000, 4_400), True),
        # Never seen, so that a change of such a loan is no advice.
        (loan(299_000, 300_000, 15_000), False),
        (loan(270_000, 270_000, 13_000, is_revolving=True), False),
        (loan(270_000, 260_000, 13_500, is_revolving=True), False),
    ],
)
def test_a_loan_that_lies_outside_already(now: Loan, *, may_stay: bool) -> None:
    assert is_plausible(now, now) == may_stay


def test_an_implausible_step_has_no_values() -> None:
    # Term 36: below a credit of 300,000 there is no such.
    long: dict[str, Value] = {**CASH, CREDIT: 400_000.0, ANNUITY: 400_000.0 / 36}
    moves = moves_of(long)
    size = moves[SIZE].values
    kept = ~np.isnan(moves.after({SIZE: np.arange(size.size)})[CREDIT])
    assert size[kept].min() == 300_000.0
    assert kept.sum() == 500
    assert np.isnan(moves.after({SIZE: np.flatnonzero(~kept)[:1], "longer": np.array([0])})[ANNUITY]).all()

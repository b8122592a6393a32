"""How far apart the steps of a move are, and what they cost; figures worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inference.explain.steps import Move, amount_of, costs_of, step_of, steps_to
from inference.values import Value


@pytest.mark.parametrize(
    ("amount", "step"),
    [
        (2.0, 1.0),
        (1_500.0, 1.0),
        (2_000.0, 2.0),
        (4_999.0, 2.0),
        (9_999.0, 5.0),
        (45_000.0, 20.0),
        (400_000.0, 200.0),
        (500_000.0, 500.0),
        (999_999.0, 500.0),
        (1e6, 1_000.0),
    ],
)
def test_amounts_move_in_round_steps_of_at_most_a_thousandth(amount: float, step: float) -> None:
    assert step_of(amount) == step


def test_no_step_is_smaller_than_the_least() -> None:
    # A thousandth of 0.03 is 0.00003, which a column of whole numbers cannot move by.
    assert step_of(0.03, least=0.0) == pytest.approx(2e-5)
    assert step_of(0.03) == 1.0


@pytest.mark.parametrize(
    ("now", "end", "wanted"),
    [
        # Whole steps that start beyond the amount and end at the last one within reach.
        (10.0, 7.0, [8.0]),
        (10.0, 6.0, [8.0, 6.0]),
        (9.0, 13.0, [10.0, 12.0]),
        (9.0, 5.0, [8.0, 6.0]),
        # Never to nothing, nor below it.
        (3.0, -4.0, [2.0]),
    ],
)
def test_steps_are_whole_and_lie_beyond_the_amount(now: float, end: float, wanted: list[float]) -> None:
    assert steps_to(now, end, 2.0).tolist() == wanted


def test_halving_and_doubling_cost_the_same() -> None:
    np.testing.assert_allclose(costs_of(100.0, np.array([50.0, 200.0, 100.0])), [math.log(2), math.log(2), 0.0])


def test_coarse_steps_are_the_last_of_each_fortieth() -> None:
    values = np.array([99.0, 98.0, 97.0, 96.0, 95.5, 92.0])
    # Changes of 1 and 2 % are in the first range of 2.5 %, of 3 to 4.5 % in the second, of 8 % in the fourth.
    move = Move("x", frozenset({"x"}), values, costs_of(100.0, values))
    assert move.coarse.tolist() == [1, 4, 5]


@pytest.mark.parametrize("value", [None, "much", 0, -5.0, math.nan, math.inf])
def test_what_no_share_changes_is_no_amount(value: Value) -> None:
    assert math.isnan(amount_of(value))


def test_an_amount_is_a_positive_number() -> None:
    assert (amount_of(7), amount_of(0.5)) == (7.0, 0.5)

"""What is assumed unless a visit says otherwise, and that the assumptions agree with one another."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.metrics.economics import Costs, Terms
from dashboard.visit.assumptions import BETA, COST_FN, COST_FP, EAD, GROUPS, LGD, MARGIN, assume
from dashboard.visit.parameters import Parameter
from inference.model.decision import DEFAULT_CUTOFF


def test_defaults() -> None:
    assumed = assume(0.25)
    assert (assumed.cutoff, assumed.costs, assumed.terms) == (0.25, Costs(10, 1), Terms(0.05, 0.45, 10_000))
    assert (assumed.beta, assumed.n_groups) == (2, 20)


def test_each_value_of_a_visit_goes_where_it_belongs() -> None:
    order: tuple[Parameter[Any], ...] = (COST_FN, COST_FP, MARGIN, LGD, EAD, BETA, GROUPS)
    values: dict[Parameter[Any], Any] = {parameter: 2 + place for place, parameter in enumerate(order)}
    assumed = assume(0.5, values.__getitem__)
    assert (assumed.costs, assumed.terms) == (Costs(2, 3), Terms(4, 5, 6))
    assert (assumed.beta, assumed.n_groups) == (7, 8)


def test_the_default_costs_make_the_default_cutoff_and_nearly_the_margin_too() -> None:
    assert assume(0.1).costs.theory_cutoff == pytest.approx(1 / 11)
    assert pytest.approx(1 / 11, abs=5e-5) == DEFAULT_CUTOFF
    # A good loan earns 5 % and a bad one loses 45 %: both decisions are worth the same at 5 / 50.
    assert MARGIN.default / (MARGIN.default + LGD.default) == pytest.approx(0.1)

"""Assumptions on costs, loans and groups, set on the screen and kept in the link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dashboard.metrics.economics import Costs, Terms
from dashboard.metrics.evaluation import Assumptions
from dashboard.visit import parameters
from dashboard.visit.parameters import Parameter
from inference.model.decision import COST_OF_DECLINED_GOOD, COST_OF_MISSED_DEFAULT

# Costs in any common unit, because only their ratio moves the best cutoff.
COST_FN = parameters.number("cost.fn", COST_OF_MISSED_DEFAULT, low=0, high=1_000)
COST_FP = parameters.number("cost.fp", COST_OF_DECLINED_GOOD, low=0, high=1_000)

# Shares of the exposure at default (EAD); a ninth of the LGD makes the margin agree with costs of 10 to 1.
LGD = parameters.number("lgd", 0.45, low=0, high=1)
MARGIN = parameters.number("margin", 0.05, low=0, high=0.5)

# Currency units an application, where the predictions carry no exposure.
EAD = parameters.number("ead", 10_000, low=1, high=1_000_000_000)

# How many times as much as precision recall counts in F-beta.
BETA = parameters.number("beta", 2, low=0.1, high=10)

# Groups of equally many applications, by which calibration is judged.
GROUPS = parameters.whole("cal.groups", 20, low=5, high=50)

# Costs are shown per so many applications.
COST_UNIT = 1_000


def assume(
    cutoff: float, value_of: Callable[[Parameter[Any]], Any] = lambda parameter: parameter.default
) -> Assumptions:
    """The assumptions at `cutoff` (a PD), each with the value that `value_of` returns (by default its default)."""
    costs = Costs(value_of(COST_FN), value_of(COST_FP))
    terms = Terms(value_of(MARGIN), value_of(LGD), value_of(EAD))
    return Assumptions(cutoff, costs, terms, value_of(BETA), value_of(GROUPS))

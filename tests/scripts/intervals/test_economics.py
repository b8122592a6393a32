from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from scripts.intervals import economics
from scripts.intervals.population import A, B


def expected(function: object, low: float = 0.0, high: float = 1.0) -> float:
    found, _ = integrate.quad(lambda pd: stats.beta.pdf(pd, A, B) * function(pd), low, high)  # type: ignore[operator]
    return float(found)


def test_true_cost_and_profit_are_the_integrals() -> None:
    cost = expected(lambda pd: 10 * pd, 0, 0.0909) + expected(lambda pd: 1 - pd, 0.0909, 1)
    assert economics.truth(None, 0.0909) == pytest.approx(cost, rel=1e-5)
    kind = economics.Exposures(0.6, 5.0)
    profit = expected(lambda pd: np.exp(0.18 - 5 * pd) * (0.05 - 0.5 * pd), 0, 0.16)
    assert economics.truth(kind, 0.16) == pytest.approx(profit, rel=1e-4)

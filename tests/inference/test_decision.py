from __future__ import annotations

import numpy as np

from inference.decision import BAND_EDGES, DEFAULT_CUTOFF, cutoff_from_costs, is_declined, risk_band


def test_cutoff_of_the_costs() -> None:
    # Approving costs 10 c, declining 1 - c: equal at 1/11.
    assert cutoff_from_costs(10, 1) == DEFAULT_CUTOFF == 0.0909
    assert cutoff_from_costs(1, 1) == 0.5


def test_a_pd_at_the_cutoff_is_declined_and_compared_as_float32() -> None:
    nearest = np.float32(0.0909)
    around = np.array([np.nextafter(nearest, np.float32(0)), nearest, np.nextafter(nearest, np.float32(1))])
    expected = [float(value) >= 0.0909 for value in around]
    assert is_declined(around, 0.0909).tolist() == expected
    # A float64 is rounded to the float32 that is stored of it, so that both are decided alike.
    assert is_declined(np.array([float(nearest) + 1e-12]), 0.0909).tolist() == [float(nearest) >= 0.0909]
    assert is_declined(np.array([0.5]), 0.5).tolist() == [True]


def test_risk_bands_begin_at_their_edges() -> None:
    assert [risk_band(pd) for pd in (0.0, 0.0199, 0.02, 0.16, 0.31, 0.32, 1.0)] == ["A", "A", "B", "E", "E", "F", "F"]
    assert list(BAND_EDGES) == [2 * edge for edge in (0.01, *BAND_EDGES[:-1])]

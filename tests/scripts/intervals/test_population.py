from __future__ import annotations

import numpy as np
import pytest

from dashboard.metrics.estimate import Estimate
from scripts.intervals.population import A, B, Misses, drawn, table


def test_misses_count_either_side() -> None:
    missed = Misses()
    for low, high in ((1.0, 2.0), (-2.0, -1.0), (-1.0, 1.0), (0.0, 1.0)):
        missed.count(Estimate((low + high) / 2, low, high), 0.0)
    missed.count(Estimate(1.0), 0.0)
    assert (missed.below, missed.above, missed.samples, missed.coverage) == (1, 1, 4, 0.5)
    assert missed.cells() == ["25.0", "25.0", "50.0"]


def test_a_sample_has_the_defaults_that_are_asked_for_on_average_and_right_pds() -> None:
    pd, outcome = drawn(20_000, np.random.default_rng(1))
    assert pd.mean() == pytest.approx(A / (A + B), rel=0.02)
    assert outcome.sum() == pytest.approx(20_000, rel=0.03)
    high = pd > 0.2
    assert outcome[high].mean() == pytest.approx(pd[high].mean(), rel=0.05)


def test_a_table_is_markdown() -> None:
    assert table(["a", "b"], [["1", "2"]]).splitlines()[0] == "| a | b |"

from __future__ import annotations

import numpy as np
import pytest

from scripts.intervals.differences import METRICS, SHAPES, cells, comparison, measured, truths

CALIBRATION = ("observed_expected", "calibration_intercept", "calibration_slope", "brier", "brier_skill", "log_loss")


def test_without_chance_the_differences_are_the_population_s() -> None:
    many = comparison(np.rint(10**7 * np.stack(cells("overlapping"))).astype(np.int64))
    for each in METRICS:
        assert each.difference
        assert each.difference(many).value == pytest.approx(truths("overlapping", (each,))[each.name], abs=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
def test_intervals_of_calibration_differences_cover_95_percent(shape: str) -> None:
    metrics = [each for each in METRICS if each.name in CALIBRATION]
    assert len(metrics) == len(CALIBRATION)
    missed = measured(shape, 200, n_samples=150, seed=5, metrics=metrics)
    # Three standard errors of a share of 95 % in 150 samples.
    assert {name: each.coverage for name, each in missed.items() if each.coverage < 0.95 - 0.054} == {}

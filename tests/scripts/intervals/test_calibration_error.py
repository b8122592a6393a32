from __future__ import annotations

import numpy as np
import pytest

from scripts.intervals.calibration_error import compared


def test_the_noise_of_right_pds_is_what_is_drawn() -> None:
    pd = np.random.default_rng(2).beta(1.2, 13.6, 3_000)
    noise = compared(pd, 10, n_samples=1_500, seed=3)
    assert noise.mean == pytest.approx(noise.drawn_mean, rel=0.05)
    assert noise.high == pytest.approx(noise.drawn_high, rel=0.08)
    assert noise.below == pytest.approx(0.95, abs=0.025)

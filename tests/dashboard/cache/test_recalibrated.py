"""A calibration is kept for its cohort and request, and made again for another."""

from __future__ import annotations

import pytest

from dashboard import cache
from dashboard.cohort.filters import Filters
from dashboard.visit.assumptions import assume
from data.settings import Settings
from inference.calibrating.fitting import Method
from inference.calibrating.out_of_fold import Request


def test_one_request_is_computed_once(built: Settings) -> None:
    dataset, given = cache.open_dataset(cache.Location()), assume(0.1)
    one = cache.calibrated(dataset, Filters(), Request(Method.TARGET, target_rate=0.03), given)
    assert cache.calibrated(dataset, Filters(), Request(Method.TARGET, target_rate=0.03), given) is one
    other = cache.calibrated(dataset, Filters(), Request(Method.TARGET, target_rate=0.04), given)
    assert (one.calibrated.mean_pd, other.calibrated.mean_pd) == pytest.approx((0.03, 0.04), abs=1e-12)

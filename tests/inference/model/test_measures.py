"""The figures of a manifest, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from inference.model.measures import calibration_error, quality


def test_calibration_error_by_hand() -> None:
    # Two bins of two rows: |0 + 1 - 0.1 - 0.3| = 0.6 and |1 + 1 - 0.5 - 0.7| = 0.8, over four rows.
    target = np.array([1, 0, 1, 1], dtype=np.uint8)
    probabilities = np.array([0.7, 0.1, 0.3, 0.5])
    assert calibration_error(target, probabilities, bins=2) == pytest.approx((0.6 + 0.8) / 4)


def test_quality_by_hand() -> None:
    measured = quality(np.array([0, 0, 1, 1], dtype=np.uint8), np.array([0.1, 0.4, 0.3, 0.8]))
    # Three of the four pairs are in order.
    assert measured.roc_auc == 0.75
    assert measured.default_rate == 0.5
    assert measured.mean_probability == pytest.approx(0.4)
    assert measured.log_loss == pytest.approx(-np.log([0.9, 0.6, 0.3, 0.8]).mean())

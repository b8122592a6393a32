from __future__ import annotations

import numpy as np
import pytest

from inference.errors import ParityError
from inference.model.parity import Parity, check_parity, compare


def test_comparison_by_hand() -> None:
    native, exported = np.array([0.125, 0.1875, 0.3125]), np.array([0.125, 0.25, 0.375])
    # At 0.25 the second row is approved by one and declined by the other; the third is declined by both.
    assert compare(native, exported, 0.25) == Parity(3, 0.0625, 1)


def test_what_passes_and_what_does_not() -> None:
    native = np.array([0.05, 0.2])
    assert check_parity(native, native + 9e-6, 0.1).flips == 0
    with pytest.raises(ParityError, match=r"differ by up to 1\.10e-05 .* 0 decisions change"):
        check_parity(native, native + 1.1e-5, 0.1)


def test_a_single_flipped_decision_is_refused_however_small_the_difference() -> None:
    with pytest.raises(ParityError, match=r"over 2 rows, .* 1 decisions change"):
        check_parity(np.array([0.0999999, 0.2]), np.array([0.1000001, 0.2]), 0.1)


def test_nan_is_a_difference() -> None:
    with pytest.raises(ParityError, match="by up to inf"):
        check_parity(np.array([0.5]), np.array([np.nan]), 0.1)

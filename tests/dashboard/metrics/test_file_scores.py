"""What PDs alone say, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.metrics.file_scores import (
    band_shares,
    expected_defaults,
    mean_pd_of_approved,
    riskiest_first,
    unseen_counts,
)

COUNTS = unseen_counts(np.array([0.02, 0.02, 0.05, 0.1, 0.3]))


def test_nothing_is_a_default_yet() -> None:
    assert (COUNTS.n_applications, COUNTS.n_bad) == (5, 0)


def test_what_is_expected_of_the_approved() -> None:
    # A PD at the cutoff is declined.
    assert expected_defaults(COUNTS, 0.1) == pytest.approx(0.09)
    assert mean_pd_of_approved(COUNTS, 0.1) == pytest.approx(0.03)
    assert expected_defaults(COUNTS, 0.01) == 0
    assert mean_pd_of_approved(COUNTS, 0.01) is None


def test_the_riskiest_come_first_and_what_has_no_pd_last() -> None:
    pds = np.array([0.1, np.nan, 0.3, 0.1, 0.0])
    assert riskiest_first(pds, 10).tolist() == [2, 0, 3, 4, 1]
    assert riskiest_first(pds, 2).tolist() == [2, 0]


def test_the_bands_hold_all() -> None:
    assert band_shares(COUNTS, (0.05, 0.2)) == pytest.approx([0.4, 0.4, 0.2])
    assert band_shares(unseen_counts(np.empty(0)), (0.05, 0.2)) == [0, 0, 0]

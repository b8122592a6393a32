from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from inference.errors import TrainingError
from inference.scorecard.binning import Bins, information_values, weights_of_evidence
from inference.scorecard.regression import fit_regression, log_odds, woe_matrix
from inference.scorecard.settings import ScorecardSettings

SETTINGS = ScorecardSettings()
LABELS = ("Own", "Its double", "Noise", "Other")


def bins_of(codes: NDArray[np.uint16], target: NDArray[np.uint8]) -> Bins:
    counts = np.zeros((int(codes.max()) + 1, 2), dtype=np.int64)
    np.add.at(counts, (codes, target), 1)
    woe = weights_of_evidence(counts)
    return Bins(len(counts), np.arange(len(counts)), counts, woe, information_values(counts, woe))


@pytest.fixture(scope="module")
def table() -> tuple[list[Bins], list[NDArray[np.uint16]], NDArray[np.uint8]]:
    random = np.random.default_rng(6)
    own, noise, other = (random.integers(0, 4, 5_000).astype(np.uint16) for _ in range(3))
    double = own.copy()
    double[:50] = 0
    target = (random.random(5_000) < 0.05 + 0.08 * own + 0.05 * other).astype(np.uint8)
    codes = [own, double, noise, other]
    return [bins_of(each, target) for each in codes], codes, target


def test_what_is_kept_and_why_the_rest_is_not(
    table: tuple[list[Bins], list[NDArray[np.uint16]], NDArray[np.uint8]],
) -> None:
    bins, codes, target = table
    found = fit_regression(bins, codes, target, LABELS, SETTINGS)
    assert set(found.kept) == {0, 3}
    assert found.dropped == {2: "information value below 0.02", 1: "correlates above 0.9 with Own"}
    matrix = woe_matrix([bins[0], bins[3]], [codes[0], codes[3]])
    reference = LogisticRegression(C=1.0, tol=1e-10, max_iter=1_000).fit(matrix, target)
    by_place = dict(zip(found.kept, found.coefficients, strict=True))
    assert [by_place[0], by_place[3]] == pytest.approx(reference.coef_[0].tolist(), abs=1e-4)
    assert log_odds(found, bins, codes, np.arange(5_000)) == pytest.approx(
        reference.decision_function(matrix), abs=1e-4
    )


def test_a_coefficient_of_the_wrong_sign_leaves_the_scorecard() -> None:
    """Each of two features is evidence; given the first, the second speaks the other way."""
    random = np.random.default_rng(1)
    first = random.integers(0, 6, 20_000)
    second = np.clip(first + random.integers(-1, 2, 20_000), 0, 5)
    target = (random.random(20_000) < 1 / (1 + np.exp(2.5 - 0.8 * first + 0.3 * second))).astype(np.uint8)
    codes = [first.astype(np.uint16), second.astype(np.uint16)]
    bins = [bins_of(each, target) for each in codes]
    assert min(each.total_iv for each in bins) > 0.1
    found = fit_regression(bins, codes, target, LABELS, ScorecardSettings(most_correlation=1.0))
    assert found.kept == (0,)
    assert found.coefficients[0] < 0
    assert found.dropped == {1: "its coefficient has the wrong sign"}


def test_nothing_of_use_is_said(table: tuple[list[Bins], list[NDArray[np.uint16]], NDArray[np.uint8]]) -> None:
    bins, codes, target = table
    with pytest.raises(TrainingError, match=r"No feature has an information value of 0\.5 or more"):
        fit_regression(bins, codes, target, LABELS, ScorecardSettings(least_iv=0.5))

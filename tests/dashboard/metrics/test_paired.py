from __future__ import annotations

import math

import numpy as np
import pytest

from dashboard.metrics.counts import BAD, GOOD, OPEN
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.paired import (
    Effects,
    PairedRows,
    degrees_of_freedom,
    difference,
    estimate_of,
    rank_scores,
    variance_parts,
)

OUTCOME = np.array([BAD, GOOD, OPEN, GOOD, BAD, GOOD], dtype=np.uint8)


def rows(weight: list[float] | None = None) -> PairedRows:
    one = rank_scores([0.3, 0.1, 0.9, 0.1, 0.2, 0.5])
    two = rank_scores([0.4, 0.2, 0.1, 0.3, 0.2, 0.1])
    return PairedRows(one, two, OUTCOME, None if weight is None else np.array(weight))


def test_scores_are_numbered_by_rising_value_ties_alike() -> None:
    assert rows().one.place.tolist() == [2, 0, 4, 0, 1, 3]
    assert rows().one.n_places == 5


def test_open_rows_are_left_out_of_the_sample_and_counted() -> None:
    sample = rows().sample
    assert (sample.is_bad.tolist(), sample.n_open) == ([True, False, False, True, False], 1)
    assert sample.totals == pytest.approx((3, 2))
    assert sample.one.pd.tolist() == [0.3, 0.1, 0.1, 0.2, 0.5]


def test_weights_add_up_and_are_worth_their_effective_number() -> None:
    sample = rows([1, 2, 5, 2, 3, 1]).sample
    assert sample.totals == pytest.approx((5, 4))
    # Kish: (2 + 2 + 1)^2 / (4 + 4 + 1), and (1 + 3)^2 / (1 + 9).
    assert sample.effective == pytest.approx((25 / 9, 16 / 10))


def test_the_variance_of_a_mean_is_that_of_the_textbook() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=400)
    is_bad = np.arange(400) < 150
    sample = PairedRows(rank_scores(values), rank_scores(values), is_bad.astype(np.uint8)).sample
    means = [values[is_bad].mean(), values[~is_bad].mean()]
    by_row = np.where(is_bad, (values - means[0]) / 150, -(values - means[1]) / 250)
    parts = variance_parts(by_row, sample)
    assert parts == pytest.approx((values[~is_bad].var(ddof=1) / 250, values[is_bad].var(ddof=1) / 150))
    found = estimate_of(Effects(means[0] - means[1], by_row), sample)
    # Welch's interval.
    from scipy import stats

    welch = stats.ttest_ind(values[is_bad], values[~is_bad], equal_var=False).confidence_interval()
    assert (found.low, found.high) == pytest.approx((welch.low, welch.high))


def test_what_both_models_share_cancels() -> None:
    sample = rows().sample
    same = Effects(0.4, np.array([0.1, -0.2, 0.3, -0.1, -0.1]))
    assert difference(same, same, sample) == Estimate(0.0, 0.0, 0.0)


def test_one_row_of_an_outcome_gives_no_interval() -> None:
    outcome = np.array([BAD, GOOD, GOOD], dtype=np.uint8)
    scores = rank_scores([0.1, 0.2, 0.3])
    found = estimate_of(Effects(0.5, np.array([0.2, -0.1, -0.1])), PairedRows(scores, scores, outcome).sample)
    assert found == Estimate(0.5)


def test_degrees_of_freedom_by_hand() -> None:
    assert degrees_of_freedom((0.02, 0.04), (11, 6)) == pytest.approx(0.06**2 / (0.0004 / 10 + 0.0016 / 5))
    assert degrees_of_freedom((0.0, 0.0), (11, 6)) == math.inf


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [([], "no applications"), ([OPEN], "no outcome"), ([GOOD], "none of the cohort"), ([BAD], "all of the cohort")],
)
def test_why_outcomes_cannot_be_compared(outcomes: list[int], said: str) -> None:
    scores = rank_scores(np.linspace(0.1, 0.2, len(outcomes)))
    assert said in PairedRows(scores, scores, np.array(outcomes, dtype=np.uint8)).sample.missing_outcome

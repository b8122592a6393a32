from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as reference_log_loss

from dashboard.metrics.calibration_scores import brier_decomposition, log_loss, skill_difference
from dashboard.metrics.counts import ScoreCounts, exact_counts
from dashboard.metrics.estimate import NO_APPLICATIONS, NO_DEFAULTS

cohorts = st.lists(st.tuples(st.booleans(), st.integers(0, 12)), min_size=1, max_size=80)


def test_log_loss_by_hand() -> None:
    found = log_loss(exact_counts([1, 0], [0.5, 0.2]))
    assert found.score.value == pytest.approx((np.log(2) - np.log(0.8)) / 2)
    assert found.of_default_rate == pytest.approx(np.log(2))


@settings(max_examples=150)
@given(cohorts)
def test_log_loss_agrees_with_scikit_learn(rows: list[tuple[bool, int]]) -> None:
    outcome, pd = np.array([row[0] for row in rows]), np.array([row[1] for row in rows]) / 12
    found = log_loss(exact_counts(outcome, pd))
    kept = np.clip(pd, 1e-6, 1 - 1e-6)
    assert found.score.value == pytest.approx(reference_log_loss(outcome, kept, labels=[False, True]), abs=1e-9)
    rate = np.full(outcome.size, outcome.mean())
    assert found.of_default_rate == pytest.approx(reference_log_loss(outcome, rate, labels=[False, True]), abs=1e-9)


def test_decomposition_by_hand() -> None:
    # Two groups of two: PDs 0.1 and 0.3 (one default, at 0.3), PDs 0.6 and 0.8 (one default, at 0.6).
    found = brier_decomposition(exact_counts([0, 1, 1, 0], [0.1, 0.3, 0.6, 0.8]), n_groups=2)
    assert found is not None
    assert found.brier == pytest.approx((0.01 + 0.49 + 0.16 + 0.64) / 4)
    assert found.reliability == pytest.approx((0.3**2 + 0.2**2) / 2)
    assert found.resolution == pytest.approx(0)
    assert found.uncertainty == pytest.approx(0.25)
    assert found.within_variance == pytest.approx(0.01)
    assert found.within_covariance == pytest.approx(2 * (0.1 - 0.1) / 4)
    assert found.reliability_noise == pytest.approx((0.1 * 0.9 + 0.3 * 0.7 + 0.6 * 0.4 + 0.8 * 0.2) / 2 / 4)
    assert found.skill.value == pytest.approx(1 - 0.325 / 0.25)
    assert found.n_groups == 2


@settings(max_examples=200)
@given(cohorts, st.integers(1, 30))
def test_parts_add_up_to_the_brier_score(rows: list[tuple[bool, int]], n_groups: int) -> None:
    outcome, pd = np.array([row[0] for row in rows]), np.array([row[1] for row in rows]) / 12
    found = brier_decomposition(exact_counts(outcome, pd), n_groups=n_groups)
    assert found is not None
    total = found.reliability - found.generalised_resolution + found.uncertainty
    assert total == pytest.approx(brier_score_loss(outcome, pd, pos_label=True), abs=1e-9)


def test_signed_terms_add_up_and_are_shares_of_the_uncertainty() -> None:
    # The two groups of the decomposition by hand: PDs are as far off as they can be told apart.
    found = brier_decomposition(exact_counts([0, 1, 1, 0], [0.1, 0.3, 0.6, 0.8]), n_groups=2)
    assert found is not None
    assert sum(found.terms) == pytest.approx(0.325)
    assert found.terms[:3] == pytest.approx((0.25, 0, 0.065))
    assert found.of_uncertainty(found.reliability) == pytest.approx(0.26)
    one_outcome = brier_decomposition(exact_counts([0, 0], [0.1, 0.2]), n_groups=2)
    assert one_outcome is not None
    assert one_outcome.of_uncertainty(one_outcome.reliability) is None


def test_terms_are_their_definitions() -> None:
    rng = np.random.default_rng(8)
    pd = rng.permutation(np.linspace(0.01, 0.6, 400))
    outcome = rng.random(400) < pd
    found = brier_decomposition(exact_counts(outcome, pd), n_groups=8)
    assert found is not None
    order = np.argsort(pd)
    p, y = pd[order].reshape(8, 50), outcome[order].reshape(8, 50).astype(float)
    p_mean, y_mean = p.mean(axis=1, keepdims=True), y.mean(axis=1, keepdims=True)
    assert found.reliability == pytest.approx(((p_mean - y_mean) ** 2).mean(), abs=1e-9)
    assert found.resolution == pytest.approx(((y_mean - y.mean()) ** 2).mean(), abs=1e-9)
    assert found.within_variance == pytest.approx(((p - p_mean) ** 2).mean(), abs=1e-9)
    assert found.within_covariance == pytest.approx(2 * ((y - y_mean) * (p - p_mean)).mean(), abs=1e-9)


def test_missing_cohorts_and_outcomes_are_said_so() -> None:
    assert brier_decomposition(ScoreCounts.empty()) is None
    assert log_loss(ScoreCounts.empty()).score.reason == NO_APPLICATIONS
    one_class = brier_decomposition(exact_counts([0, 0], [0.1, 0.3]))
    assert one_class is not None
    assert one_class.skill.reason == NO_DEFAULTS
    assert one_class.uncertainty == 0
    assert log_loss(exact_counts([1], [0.5])).score.low is None


def test_bins_bound_the_errors(binned: ScoreCounts, exact: ScoreCounts) -> None:
    assert log_loss(binned).score.value == pytest.approx(log_loss(exact).score.value, abs=1e-6)
    coarse, fine = (brier_decomposition(counts) for counts in (binned, exact))
    assert coarse is not None
    assert fine is not None
    assert coarse.reliability == pytest.approx(fine.reliability, abs=1e-6)
    assert coarse.resolution == pytest.approx(fine.resolution, abs=1e-5)
    assert coarse.skill.value == pytest.approx(fine.skill.value, abs=1e-7)


def test_intervals_cover_95_percent() -> None:
    rng = np.random.default_rng(18)
    pd = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.4])
    share = np.array([0.2, 0.25, 0.25, 0.15, 0.1, 0.05])
    rate = float(share @ pd)
    loss = float(share @ (-pd * np.log(pd) - (1 - pd) * np.log1p(-pd)))
    skill = 1 - float(share @ (pd * (1 - pd))) / (rate * (1 - rate))
    zeros, hits = np.zeros(6), np.zeros(2)
    for cells in rng.multinomial(20_000, np.concatenate([share * (1 - pd), share * pd]), 4_000):
        good, bad = cells[:6], cells[6:]
        counts = ScoreCounts(pd, good, bad, good * pd, bad * pd, zeros, zeros)
        parts = brier_decomposition(counts)
        assert parts is not None
        for i, (found, truth) in enumerate(((log_loss(counts).score, loss), (parts.skill, skill))):
            assert found.low is not None
            assert found.high is not None
            hits[i] += found.low <= truth <= found.high
    np.testing.assert_allclose(hits / 4_000, 0.95, atol=0.01)


def test_a_skill_difference_is_as_uncertain_as_resampled_rows_have_it() -> None:
    rng = np.random.default_rng(7)
    pd, place = rng.choice([0.02, 0.05, 0.1, 0.2, 0.4], 6_000), rng.random(6_000)
    outcome = rng.random(6_000) < pd

    def skill(rows: np.ndarray) -> float:
        y, p = outcome[rows], pd[rows]
        return float(1 - ((y - p) ** 2).mean() / y.mean() / (1 - y.mean()))

    def split(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        # The two cohorts have half of the rows in common.
        return rows[place[rows] < 0.7], rows[place[rows] > 0.2]

    everything = np.arange(6_000)
    one, two = split(everything)
    both = np.intersect1d(one, two)
    found = skill_difference(*(exact_counts(outcome[rows], pd[rows]) for rows in (one, two)), shared=None)
    paired = skill_difference(
        *(exact_counts(outcome[rows], pd[rows]) for rows in (one, two)), shared=exact_counts(outcome[both], pd[both])
    )
    assert paired.value == found.value == pytest.approx(skill(one) - skill(two))
    drawn = [skill(a) - skill(b) for a, b in (split(rng.choice(everything, 6_000)) for _ in range(1_500))]
    half = ((paired.high or 0) - (paired.low or 0)) / 2
    # The standard deviation of 1,500 draws is itself known to 2 %.
    assert half / 1.96 == pytest.approx(np.std(drawn), rel=0.06)
    assert half < 0.8 * ((found.high or 0) - (found.low or 0)) / 2

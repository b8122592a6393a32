from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dashboard.metrics.calibration_fit import NO_EXPECTED
from dashboard.metrics.calibration_tests import (
    EMPTY_BAND,
    NO_SPREAD,
    SURE_GROUP,
    BandVerdict,
    SignificanceTest,
    calibration_by_band,
    hosmer_lemeshow_test,
    spiegelhalter_test,
)
from dashboard.metrics.counts import ScoreCounts, exact_counts
from dashboard.metrics.estimate import NO_APPLICATIONS, Estimate

cohorts = st.lists(st.tuples(st.booleans(), st.integers(0, 12)), min_size=1, max_size=80)


def test_spiegelhalter_by_hand() -> None:
    # (0.8 x 0.6 - 0.1 x 0.8) / sqrt(0.36 x 0.16 + 0.64 x 0.09)
    found = spiegelhalter_test(exact_counts([1, 0], [0.2, 0.1]))
    z = 0.4 / np.sqrt(0.0576 + 0.0576)
    assert found.statistic.value == pytest.approx(z)
    assert found.p_value.value == pytest.approx(2 * stats.norm.sf(z))


@settings(max_examples=150)
@given(cohorts)
def test_spiegelhalter_agrees_with_its_formula(rows: list[tuple[bool, int]]) -> None:
    y, p = np.array([row[0] for row in rows]).astype(float), np.array([row[1] for row in rows]) / 12
    found = spiegelhalter_test(exact_counts(y, p))
    variance = ((1 - 2 * p) ** 2 * p * (1 - p)).sum()
    if variance == 0:
        assert found.p_value.reason == NO_SPREAD
        return
    z = ((y - p) * (1 - 2 * p)).sum() / np.sqrt(variance)
    assert found.statistic.value == pytest.approx(z, abs=1e-9)
    assert found.p_value.value == pytest.approx(2 * stats.norm.sf(abs(z)), abs=1e-9)


def test_hosmer_lemeshow_by_hand() -> None:
    # Two groups of five: one default where 1 was expected, three where 2 were.
    outcome, pd = [1, 0, 0, 0, 0, 1, 1, 1, 0, 0], [0.2] * 5 + [0.4] * 5
    found = hosmer_lemeshow_test(exact_counts(outcome, pd), n_groups=2)
    assert found.statistic.value == pytest.approx(0 / 0.8 + 1 / 1.2)
    assert found.degrees_of_freedom == 2
    assert found.p_value.value == pytest.approx(stats.chi2.sf(1 / 1.2, 2), abs=1e-9)
    assert found.n_thin_groups == 2


@pytest.mark.parametrize("n_groups", [5, 10, 50])
def test_hosmer_lemeshow_agrees_with_its_formula(n_groups: int) -> None:
    rng = np.random.default_rng(9)
    pd = rng.permutation(np.linspace(0.01, 0.6, 1_000))
    outcome = rng.random(1_000) < pd
    found = hosmer_lemeshow_test(exact_counts(outcome, pd), n_groups=n_groups)
    order = np.argsort(pd)
    p, y = pd[order].reshape(n_groups, -1), outcome[order].reshape(n_groups, -1)
    n, mean, bad = p.shape[1], p.mean(axis=1), y.sum(axis=1)
    statistic = ((n * mean - bad) ** 2 / (n * mean * (1 - mean))).sum()
    assert found.statistic.value == pytest.approx(statistic, abs=1e-9)
    assert found.p_value.value == pytest.approx(stats.chi2.sf(statistic, n_groups), abs=1e-9)
    assert found.n_thin_groups == np.count_nonzero(n * mean < 5)


def test_right_pds_are_rejected_one_time_in_twenty() -> None:
    rng = np.random.default_rng(10)
    pd = np.tile(np.linspace(0.02, 0.3, 20), 250)
    cohorts = [exact_counts(rng.random(5_000) < pd, pd) for _ in range(2_000)]
    for test in (spiegelhalter_test, hosmer_lemeshow_test):
        p_values = np.array([test(counts).p_value.value for counts in cohorts], dtype=float)
        assert np.mean(p_values < 0.05) == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize(("p", "rejects"), [(0.049, True), (0.05, False), (0.9, False)])
def test_a_test_rejects_below_five_percent(p: float, rejects: bool) -> None:
    assert SignificanceTest(Estimate(2.0), Estimate(p)).rejects is rejects
    assert SignificanceTest.undefined(NO_APPLICATIONS).rejects is None


def test_undefined_tests_say_why() -> None:
    for test in (spiegelhalter_test, hosmer_lemeshow_test):
        assert test(ScoreCounts.empty()).p_value.reason == NO_APPLICATIONS
    assert spiegelhalter_test(exact_counts([1, 0], [0.5, 0.5])).statistic.reason == NO_SPREAD
    assert hosmer_lemeshow_test(exact_counts([1, 0], [0.0, 0.5])).statistic.reason == SURE_GROUP


def test_bins_bound_the_errors(binned: ScoreCounts, exact: ScoreCounts) -> None:
    coarse, fine = (spiegelhalter_test(counts).statistic.value for counts in (binned, exact))
    assert coarse == pytest.approx(fine, abs=1e-3)


@settings(max_examples=100)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 100)), min_size=1, max_size=80))
def test_bands_agree_with_the_rows(rows: list[tuple[bool, int]]) -> None:
    outcome, pd = np.array([row[0] for row in rows]), np.array([row[1] for row in rows]) / 100
    bands = calibration_by_band(exact_counts(outcome, pd))
    assert "".join(band.band for band in bands) == "ABCDEF"
    index = np.digitize(pd, [0.02, 0.04, 0.08, 0.16, 0.32])
    for i, band in enumerate(bands):
        inside = index == i
        n, bad = int(inside.sum()), int(outcome[inside].sum())
        assert (band.applications, band.defaults) == (n, bad)
        if not n:
            assert band.jeffreys.reason == EMPTY_BAND
            assert band.verdict is BandVerdict.EMPTY
            continue
        assert band.mean_pd.value == pytest.approx(pd[inside].mean(), abs=1e-9)
        assert band.jeffreys.value == pytest.approx(
            stats.beta(bad + 0.5, n - bad + 0.5).cdf(pd[inside].mean()), abs=1e-9
        )


def test_bands_of_the_grid_are_exact(binned: ScoreCounts, exact: ScoreCounts) -> None:
    # An edge as a float32 may lie below itself; the grid and the rows must agree which side that is.
    for coarse, fine in zip(calibration_by_band(binned), calibration_by_band(exact), strict=True):
        assert (coarse.applications, coarse.defaults) == (fine.applications, fine.defaults)
        assert coarse.mean_pd.value == pytest.approx(fine.mean_pd.value, abs=1e-9)
        assert coarse.jeffreys.value == pytest.approx(fine.jeffreys.value, abs=1e-9)


@pytest.mark.parametrize(
    ("n_bad", "n", "verdict"),
    [
        (100, 2_000, BandVerdict.IN_LINE),  # 5 %, 4.1 to 6.0
        (5, 100, BandVerdict.TOO_FEW),  # 5 %, 2.2 to 11.2
        (0, 20, BandVerdict.TOO_FEW),
        (5_600, 100_000, BandVerdict.SLIGHTLY_LOW),
        (4_400, 100_000, BandVerdict.SLIGHTLY_HIGH),
        (7_000, 100_000, BandVerdict.LOW),
        (30, 1_000, BandVerdict.HIGH),  # 3 %, 2.1 to 4.3
        (0, 1_000, BandVerdict.HIGH),
        (0, 99, BandVerdict.TOO_FEW),  # the interval ends below 5 %, but 4.95 expected are few
        (10, 20, BandVerdict.LOW),
    ],
)
def test_verdict_of_a_band_at_five_percent(n_bad: int, n: int, verdict: BandVerdict) -> None:
    band = calibration_by_band(exact_counts([1] * n_bad + [0] * (n - n_bad), [0.05] * n))[2]
    assert band.verdict is verdict
    assert band.ratio.value == pytest.approx(n_bad / n / 0.05)


def test_ratio_of_a_band_needs_something_expected() -> None:
    safest, second, *_ = calibration_by_band(exact_counts([0, 1], [0.0, 0.0]))
    assert safest.ratio.reason == NO_EXPECTED
    assert second.ratio.reason == EMPTY_BAND

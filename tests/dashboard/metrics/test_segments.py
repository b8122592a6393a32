from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from dashboard.metrics.counts import ScoreCounts, exact_counts
from dashboard.metrics.segments import (
    Lending,
    Measure,
    Order,
    SegmentReport,
    Verdict,
    adverse_ranking,
    calibration_gap,
    rate_difference,
    segment_report,
    simultaneous_error,
)
from scripts.intervals.segments import wrong_tables

BREAK_EVEN, CUTOFF = 1 / 11, 0.0909


def group(defaults: int, applications: int, pd: float = 0.05) -> ScoreCounts:
    """Applications that all have the PD `pd`, on the grid of two PDs that all groups here share."""
    bad, good = np.zeros(2, dtype=np.int64), np.zeros(2, dtype=np.int64)
    place = 0 if pd == 0.05 else 1
    bad[place], good[place] = defaults, applications - defaults
    edges, none = np.array([0.05, 0.2]), np.zeros(2)
    return ScoreCounts(edges, good, bad, edges * good, edges * bad, none, none)


def report_of(*groups: ScoreCounts, break_even: float = BREAK_EVEN) -> SegmentReport:
    whole = groups[0]
    for other in groups[1:]:
        whole = whole + other
    names = [f"group {i}" for i in range(len(groups))]
    return segment_report(dict(enumerate(groups)), names, whole, column="Grade", cutoff=CUTOFF, break_even=break_even)


def exact(hits: int, n: int, error: float) -> tuple[float, float]:
    found = stats.binomtest(hits, n).proportion_ci(1 - error, method="exact")
    return found.low, found.high


def test_difference_by_hand() -> None:
    # Of 0 of 10 and 5 of 10: 0.025 ** 0.1 leaves 0.3085 above 0; 5 of 10 have 0.1871 to 0.8129.
    found = rate_difference((0, 10), (5, 10))
    assert found.value == -0.5
    assert found.low == pytest.approx(-0.5 - 0.3129, abs=1e-4)
    assert found.high == pytest.approx(-0.5 + math.hypot(1 - 0.025**0.1, 0.5 - 0.1871), abs=1e-4)


@settings(max_examples=60)
@given(st.integers(1, 400), st.integers(1, 400), st.data(), st.integers(1, 60))
def test_difference_at_any_level(n: int, m: int, data: st.DataObject, n_segments: int) -> None:
    a, b = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    error = 0.05 / n_segments
    assert simultaneous_error(n_segments) == error
    found = rate_difference((a, n), (b, m), error=error)
    p, q = a / n, b / m
    (p_low, p_high), (q_low, q_high) = exact(a, n, error), exact(b, m, error)
    assert found.value == pytest.approx(p - q, abs=1e-12)
    assert found.low == pytest.approx(max(p - q - math.hypot(p - p_low, q_high - q), -1), abs=1e-9)
    assert found.high == pytest.approx(min(p - q + math.hypot(p_high - p, q - q_low), 1), abs=1e-9)


def test_difference_needs_both_sides() -> None:
    assert rate_difference((0, 0), (1, 5)).explanation == "not defined because the cohort holds no applications"
    assert rate_difference((1, 5), (0, 0)).reason == "there are no other applications to compare with"


def test_calibration_gap_by_hand() -> None:
    found = calibration_gap(exact_counts([1, 0, 1, 0, 0], [0.9, 0.1, 0.2, 0.4, 0.05]))
    assert found.value == pytest.approx(0.33 - 0.4)
    # Wilson for 2 of 5 is 0.1176 to 0.7693.
    assert [found.low, found.high] == pytest.approx([0.33 - 0.7693, 0.33 - 0.1176], abs=5e-5)
    assert not calibration_gap(ScoreCounts.empty()).is_defined


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(1, 120), st.integers(1, 6))
def test_measures_are_those_of_the_segments_own_rows(seed: int, n: int, n_groups: int) -> None:
    random = np.random.default_rng(seed)
    pd, outcome = np.round(random.beta(1, 4, n), 1), random.random(n) < 0.4
    code = random.integers(0, n_groups, n)
    parts = {int(c): exact_counts(outcome[code == c], pd[code == c]) for c in np.unique(code)}
    report = segment_report(
        parts, [str(c) for c in range(n_groups)], exact_counts(outcome, pd), column="c", cutoff=0.3, break_even=0.2
    )
    assert [segment.code for segment in report.segments] == sorted(parts)
    for segment in report.segments:
        y, p = outcome[code == segment.code], pd[code == segment.code]
        others = outcome[code != segment.code]
        approved = y[p < 0.3]
        wanted = {
            Measure.DEFAULT_RATE: y.mean(),
            Measure.DIFFERENCE: y.mean() - others.mean() if others.size else None,
            Measure.BAD_RATE: approved.mean() if approved.size else None,
            Measure.APPROVAL_RATE: (p < 0.3).mean(),
            Measure.MEAN_PD: p.mean(),
            Measure.CALIBRATION_GAP: p.mean() - y.mean(),
            Measure.ROC_AUC: roc_auc_score(y, p) if 0 < y.sum() < y.size else None,
            Measure.SHARE: y.size / n,
        }
        for measure, value in wanted.items():
            found = segment.measured(measure)
            assert found.value == (None if value is None else pytest.approx(value, abs=1e-9)), measure
            assert (found.low is None) == (value is None or measure is Measure.MEAN_PD)
        assert (segment.applications, segment.defaults, segment.approved) == (y.size, y.sum(), approved.size)


def test_verdicts_say_what_the_numbers_bear_out() -> None:
    report = report_of(
        group(300, 2_000), group(60, 2_000), group(803, 10_000), group(3, 40), group(20, 29), group(0, 400)
    )
    assert [segment.verdict for segment in report.segments] == [
        Verdict.HIGHER,
        Verdict.LOWER,
        Verdict.ALIKE,
        Verdict.TOO_FEW,
        Verdict.TOO_FEW,
        Verdict.LOWER,
    ]
    assert report.cohort.verdict is Verdict.ALONE
    assert report.having(Verdict.HIGHER) == (report.segments[0],)


def test_more_segments_ask_for_more_evidence() -> None:
    part, rest = group(115, 1_000), group(900, 10_000)
    two = report_of(part, rest)
    many = report_of(part, *[group(45, 500)] * 20)
    assert two.segments[0].verdict is Verdict.HIGHER
    assert many.segments[0].difference.value == two.segments[0].difference.value
    assert many.segments[0].verdict is not Verdict.HIGHER
    assert many.segments[0].difference == rate_difference((115, 1_000), (900, 10_000), error=simultaneous_error(21))


def test_lending_is_judged_by_what_is_approved() -> None:
    report = report_of(
        group(150, 1_000), group(20, 1_000), group(909, 10_000), group(5, 40), group(2, 20), group(300, 1_000, pd=0.2)
    )
    assert [segment.lending for segment in report.segments] == [
        Lending.LOSES,
        Lending.PAYS,
        Lending.OPEN,
        Lending.TOO_FEW,
        Lending.TOO_FEW,
        Lending.NOTHING,
    ]
    assert report.segments[5].lending_to_all is Lending.LOSES
    assert report.segments[5].bad_rate.reason == "no application is approved at this cutoff"


def test_a_few_defaults_do_not_lead_the_ranking() -> None:
    report = report_of(group(2, 5), group(300, 2_000), group(500, 8_000))
    assert adverse_ranking(report.segments)[0].name == "group 1"
    by_rate = report.ordered(Order.MEASURE, Measure.DEFAULT_RATE)
    assert [s.name for s in by_rate] == ["group 0", "group 1", "group 2"]
    assert [s.code for s in report.ordered(Order.SIZE, Measure.DEFAULT_RATE)] == [2, 1, 0]
    assert report.ordered(Order.COLUMN, Measure.ROC_AUC) == report.segments


def test_what_is_not_defined_is_ranked_last() -> None:
    report = report_of(group(30, 100, pd=0.2), group(1, 100))
    assert [s.code for s in report.ordered(Order.MEASURE, Measure.BAD_RATE)] == [1, 0]


def test_groups_without_applications_are_no_comparisons() -> None:
    report = report_of(group(0, 0), group(30, 300), group(0, 0), group(60, 300))
    assert [segment.name for segment in report.segments] == ["group 1", "group 3"]
    wanted = rate_difference((30, 300), (60, 300), error=simultaneous_error(2))
    assert report.segments[0].difference == wanted


def test_one_segment_has_nothing_beside_it() -> None:
    (only,) = report_of(group(3, 50)).segments
    assert only.verdict is Verdict.ALONE
    assert only.difference.reason == "there are no other applications to compare with"
    assert simultaneous_error(1) == simultaneous_error(0) == 0.05


def test_empty_cohort_has_no_segments() -> None:
    report = segment_report({}, [], ScoreCounts.empty(), column="c", cutoff=0.1, break_even=0.1)
    assert report.segments == ()
    assert not report.cohort.default_rate.is_defined
    assert report.cohort.lending is Lending.NOTHING
    assert adverse_ranking(report.segments) == ()


SHARES = (0.3, 0.2, 0.12, 0.1, 0.08, 0.06, 0.05, 0.04, 0.02, 0.01, 0.01, 0.01)


@pytest.mark.parametrize("rates", [0.08, 0.01, np.linspace(0.03, 0.2, 12)], ids=["alike", "rare", "unlike"])
@pytest.mark.parametrize("n_applications", [620, 5_000])
def test_at_most_5_of_100_tables_have_one_that_is_wrong(n_applications: int, rates: float | list[float]) -> None:
    found = wrong_tables(SHARES, n_applications, rates, n_tables=1_000, seed=3)
    # In whole segments of six applications most are on the safe side; far fewer would be a waste of evidence.
    assert 0.004 < found.differences <= 0.05
    assert found.bad_rates <= 0.05

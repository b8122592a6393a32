"""Findings: planted faults with their sizes by hand, and silence where there is nothing to find."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dashboard.metrics.counts import ScoreCounts, exact_counts
from dashboard.metrics.economics import profit_curve
from dashboard.metrics.evaluation import Evaluation
from dashboard.metrics.findings import MOST, MOST_OF_KIND, Fault, Finding, Findings, find_faults
from dashboard.metrics.rates import confusion
from dashboard.visit.assumptions import assume
from inference.model.decision import BAND_EDGES, risk_band
from scripts.intervals.findings import grouped

# Group, PD, applications, defaults; each application of an exposure of 1,000, margin 5 % and LGD 45 %.
Row = tuple[int, float, int, int]


def found_in(*rows: Row, cutoff: float = 0.1, n_columns: int = 1) -> Findings:
    """The findings on a portfolio of these rows, whose groups are those of one column, or of several alike."""
    codes = np.concatenate([np.full(n, code) for code, _, n, _ in rows])
    pds = np.concatenate([np.full(n, pd) for _, pd, n, _ in rows])
    outcome = np.concatenate([np.arange(n) < bad for _, _, n, bad in rows])
    evaluation = Evaluation(exact_counts(outcome, pds, np.full(pds.size, 1_000.0)), assume(cutoff))
    columns = [grouped(f"column {place}", codes, outcome, pds, evaluation) for place in range(n_columns)]
    return find_faults(evaluation, [facts for column in columns for facts in column])


def of_kind(found: Findings, fault: Fault) -> Finding:
    (finding,) = [each for each in found.shown if each.fault is fault]
    return finding


def test_a_segment_with_wrong_pds() -> None:
    # 160 defaults where 100 are expected, of which 45 % of 1,000 is lost.
    found = found_in((0, 0.05, 10_000, 500), (1, 0.05, 2_000, 160))
    (finding,) = found.shown
    assert finding.fault is Fault.SEGMENT
    assert finding.group is not None
    assert (finding.group.code, finding.applications) == (1, 2_000)
    assert finding.found.value == pytest.approx(0.08)
    assert finding.against == pytest.approx(0.05)
    assert finding.stake == pytest.approx(27_000)
    # Level, one band, cutoff, scores (two), and of both groups PDs, approvals and AUC.
    assert found.n_checks == 5 + 2 * 3
    assert 0 < finding.p_value < 0.001


def test_a_segment_whose_approvals_lose_money() -> None:
    # 14 % of 2,000 default where 10 % break even: 80 too many, each of which costs margin and LGD of 1,000.
    found = of_kind(found_in((0, 0.05, 10_000, 500), (1, 0.05, 2_000, 280)), Fault.LOSS)
    assert found.group is not None
    assert found.group.code == 1
    assert found.found.value == pytest.approx(0.14)
    assert found.against == pytest.approx(0.1)
    assert found.stake == pytest.approx(40_000)


def test_what_is_declined_loses_nothing() -> None:
    found = found_in((0, 0.05, 10_000, 500), (1, 0.2, 2_000, 400))
    assert not found.shown


def test_a_band_with_wrong_pds() -> None:
    found = of_kind(found_in((0, 0.05, 10_000, 500), (0, 0.3, 1_000, 400)), Fault.BAND)
    assert found.subject == risk_band(0.3, BAND_EDGES)
    assert found.found.value == pytest.approx(0.4)
    assert found.against == pytest.approx(0.3)
    assert found.stake == pytest.approx(45_000)


def test_a_level_that_is_wrong() -> None:
    found = of_kind(found_in((0, 0.05, 10_000, 650)), Fault.LEVEL)
    assert found.found.value == pytest.approx(0.065)
    assert found.against == pytest.approx(0.05)
    assert found.stake == pytest.approx(67_500)


def test_errors_that_nobody_acts_on_are_no_finding() -> None:
    # 4 % more than expected among a million: far beyond chance, and small.
    assert not found_in((0, 0.05, 1_000_000, 52_000)).shown


def test_a_cutoff_that_leaves_money_and_one_that_does_not() -> None:
    # The 3,000 at 20 % lose 3,000 x 1,000 x (0.2 x 0.45 - 0.8 x 0.05).
    rows = (0, 0.05, 10_000, 500), (0, 0.2, 3_000, 600)
    found = of_kind(found_in(*rows, cutoff=0.3), Fault.CUTOFF)
    assert found.stake == pytest.approx(150_000)
    assert found.found.value == pytest.approx(0.2)
    assert found.against == 0.3
    assert not found_in(*rows, cutoff=0.1).shown


def test_a_cutoff_that_cannot_be_told_from_the_best_is_no_finding() -> None:
    # At 10.2 % the loans lose a little, less than chance explains: 100 x 1,000 x (0.11 x 0.45 - 0.89 x 0.05).
    rows = (0, 0.05, 10_000, 500), (0, 0.11, 100, 11)
    curve = profit_curve(
        exact_counts(
            np.concatenate([np.arange(n) < bad for _, _, n, bad in rows]),
            np.concatenate([np.full(n, pd) for _, pd, n, _ in rows]),
        ),
        assume(0.3).terms,
        cutoff=0.3,
    )
    assert curve is not None
    assert curve.given_away
    assert not found_in(*rows, cutoff=0.3).shown


def test_a_segment_that_is_ranked_poorly() -> None:
    # AUC of the first: (200 x (4,900 + 800 / 2) + 100 x 4,900 / 2) / (300 x 5,700); in the second PDs say nothing.
    good, poor = ((0, 0.02, 5_000, 100), (0, 0.2, 1_000, 200)), ((1, 0.02, 5_000, 250), (1, 0.2, 1_000, 50))
    found = of_kind(found_in(*good, *poor), Fault.RANKING)
    assert found.group is not None
    assert found.group.code == 1
    assert found.found.value == pytest.approx(0.5)
    assert found.against == pytest.approx(1_305_000 / 1_710_000)


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        (((0, 0.02, 5_000, 500), (0, 0.2, 5_000, 100)), Fault.REVERSED),
        (((0, 0.01, 10_000, 5), (0, 0.9, 500, 480)), Fault.LEAK),
        (((0, 0.01, 10_000, 0), (0, 0.9, 500, 500)), Fault.LEAK),
    ],
)
def test_scores_in_doubt_come_first(rows: tuple[Row, ...], fault: Fault) -> None:
    assert found_in(*rows).shown[0].fault is fault


def test_the_same_rows_count_once_and_one_kind_fills_no_page() -> None:
    rows = [(code, 0.05, 2_000, 160 + code if code else 100) for code in range(7)]
    once, twice = found_in(*rows), found_in(*rows, n_columns=2)
    assert twice.n_checks > once.n_checks
    assert twice.by_fault == once.by_fault
    assert len(once.shown) <= MOST
    assert sum(each.fault is Fault.SEGMENT for each in once.shown) == MOST_OF_KIND
    assert len(once.shown) + once.n_more == sum(number for _, number in once.by_fault)


def test_approvals_are_those_of_the_decisions() -> None:
    rng = np.random.default_rng(3)
    pd = rng.beta(1.2, 13.6, 2_000)
    outcome, codes = rng.random(2_000) < pd, rng.integers(0, 2, 2_000)
    evaluation = Evaluation(exact_counts(outcome, pd), assume(0.1))
    for facts in grouped("column", codes, outcome, pd, evaluation):
        part = exact_counts(outcome[codes == facts.group.code], pd[codes == facts.group.code])
        for cutoff in (0.0, 0.0909, 0.25, 1.0):
            decided = confusion(part, cutoff)
            assert facts.approvals(cutoff) == (decided.approved, decided.false_approvals)


def test_an_empty_cohort_has_no_findings() -> None:
    evaluation = Evaluation(ScoreCounts.empty(), replace(assume(0.1), n_groups=10))
    assert find_faults(evaluation, []) == Findings((), 0)

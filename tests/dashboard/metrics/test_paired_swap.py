"""A swap set of ten applications by hand."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.metrics.counts import BAD, GOOD, OPEN
from dashboard.metrics.differences import linear_combination
from dashboard.metrics.economics import Terms
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.paired import PairedRows, rank_scores
from dashboard.metrics.paired_swap import Swap, equal_approval_cutoff, swap_set
from dashboard.metrics.rates import share

TERMS = Terms(margin=0.1, lgd=0.5, ead=1_000.0)
#           both                 in          out               neither
ONE = [0.01, 0.02, 0.03, 0.04, 0.30, 0.20, 0.05, 0.06, 0.09, 0.50]
TWO = [0.02, 0.01, 0.05, 0.03, 0.04, 0.09, 0.10, 0.40, 0.25, 0.60]
OUTCOME = [GOOD, BAD, GOOD, OPEN, GOOD, GOOD, BAD, BAD, GOOD, BAD]
EXPOSURE = [100.0, 200, 300, 400, 500, 600, 700, 800, 900, 1_000]


def rows(*, weight: list[float] | None = None, has_exposure: bool = True, why: str = "") -> PairedRows:
    return PairedRows(
        rank_scores(ONE),
        rank_scores(TWO, why_no_pd=why),
        np.array(OUTCOME, dtype=np.uint8),
        None if weight is None else np.array(weight),
        np.array(EXPOSURE) if has_exposure else None,
    )


def test_who_is_in_which_group() -> None:
    found = swap_set(rows(), (0.1, 0.1), TERMS)
    # A PD of exactly the cutoff is declined.
    assert {swap.value: np.flatnonzero(found.rows(swap)).tolist() for swap in Swap} == {
        "both": [0, 1, 2, 3],
        "in": [4, 5],
        "out": [6, 7, 8],
        "neither": [9],
    }
    assert found.approved == pytest.approx((7, 6))
    assert found.n == 10


def test_each_group_s_figures() -> None:
    found = swap_set(rows(), (0.1, 0.1), TERMS)
    both, into, out = (found.of(swap) for swap in (Swap.BOTH, Swap.IN, Swap.OUT))
    assert (both.n, both.n_open, both.defaults) == (4, 1, 1)
    assert both.default_rate == share(1, 3, "")
    assert into.default_rate == share(0, 2, "")
    assert out.default_rate == share(2, 3, "")
    assert both.exposure.value == 1_000
    assert both.expected_loss[0].value == pytest.approx(0.5 * (1 + 4 + 9 + 16))
    assert both.expected_loss[1].value == pytest.approx(0.5 * (2 + 2 + 15 + 12))
    assert both.observed_loss.value == pytest.approx(0.5 * 200)
    assert both.profit.value == pytest.approx(0.1 * 400 - 0.5 * 200)
    assert into.profit.value == pytest.approx(0.1 * 1_100)
    assert out.profit.value == pytest.approx(0.1 * 900 - 0.5 * 1_500)


def test_the_switch_is_judged_by_those_who_change_sides() -> None:
    found = swap_set(rows(), (0.1, 0.1), TERMS)
    assert found.rate_difference == linear_combination(((1.0, share(0, 2, "")), (-1.0, share(2, 3, ""))))
    assert found.gain.value == pytest.approx(110 - (90 - 750))
    per_row = np.array([0, 0, 0, 50, 60, 350, 400, -90, 0])
    assert found.gain.high is not None
    assert found.gain.value is not None
    assert found.gain.high - found.gain.value == pytest.approx(1.959964 * 3 * per_row.std(ddof=1))


def test_without_exposures_each_loan_has_the_assumed_one() -> None:
    found = swap_set(rows(has_exposure=False), (0.1, 0.1), TERMS)
    assert found.of(Swap.OUT).profit.value == pytest.approx(100 - 2 * 500)
    assert "no exposure" in found.of(Swap.OUT).expected_loss[0].explanation
    assert found.gain.value == pytest.approx(200 + 900)


def test_weights_count_rows_so_many_times() -> None:
    found = swap_set(rows(weight=[1, 1, 1, 1, 3, 1, 2, 1, 1, 1]), (0.1, 0.1), TERMS)
    into, out = found.of(Swap.IN), found.of(Swap.OUT)
    assert (into.n, into.n_rows, out.n) == (4, 2, 4)
    assert out.default_rate.value == pytest.approx(3 / 4)
    assert into.exposure.value == pytest.approx(2_100)


def test_scores_that_are_no_probabilities_have_counts_and_rates_alone() -> None:
    found = swap_set(rows(why="the score ranks"), (0.1, 0.1), TERMS)
    assert found.of(Swap.OUT).default_rate.value == pytest.approx(2 / 3)
    assert found.of(Swap.OUT).profit == found.gain == Estimate.undefined("the score ranks")


def test_equal_approval_counts_rows_and_never_parts_ties() -> None:
    # The first approves seven: below the second's seventh score from the top stand as many.
    cutoff = equal_approval_cutoff(rows(), 0.1)
    assert cutoff == 0.25
    assert swap_set(rows(), (0.1, cutoff), TERMS).approved == (7, 7)
    tied = PairedRows(rank_scores(ONE), rank_scores([0.1] * 6 + [0.2] * 4), np.array(OUTCOME, dtype=np.uint8))
    assert equal_approval_cutoff(tied, 0.1) == 0.2
    assert equal_approval_cutoff(tied, 0.0) == 0.1
    assert equal_approval_cutoff(tied, 1.0) > 0.2


def test_equal_approval_counts_weights() -> None:
    heavy = rows(weight=[1, 1, 1, 1, 1, 1, 1, 1, 1, 10])
    # The first approves seven of nineteen; so does the second below its eighth score.
    assert swap_set(heavy, (0.1, equal_approval_cutoff(heavy, 0.1)), TERMS).approved == (7, 7)

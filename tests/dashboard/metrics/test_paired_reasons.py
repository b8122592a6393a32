"""Agreement of reasons, worked out by hand for five applications."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from dashboard.metrics.paired_reasons import NO_REASONS, StandIn, overlaps, reason_agreement
from inference.explain.all_reasons import NamedReasons

# By name: a b | b | c a | a | a   and   b | b | c d | none | b c.
ONE = NamedReasons(
    ("a", "b", "c"),
    np.array([[0, 1, -1, -1], [1, -1, -1, -1], [2, 0, -1, -1], [0, -1, -1, -1], [0, -1, -1, -1]], np.int16),
)
TWO = NamedReasons(
    ("b", "c", "d"),
    np.array([[0, -1, -1, -1], [0, -1, -1, -1], [1, 2, -1, -1], [-1, -1, -1, -1], [0, 1, -1, -1]], np.int16),
)
DECLINED = np.array([True, False, True, True, False])
OVERLAPS = [1 / 2, 1, 1 / 3, 0]


def test_shares_overlaps_and_stand_ins_by_hand() -> None:
    found = reason_agreement(ONE, TWO, DECLINED)
    assert (found.whole.n, found.whole.n_unnamed) == (4, 1)
    interval = stats.binomtest(2, 4).proportion_ci(method="wilson")
    assert found.whole.first.value == 0.5
    assert (found.whole.first.low, found.whole.first.high) == pytest.approx((interval.low, interval.high))
    assert found.whole.overlap.value == pytest.approx(np.mean(OVERLAPS))
    assert found.whole.overlap.high == pytest.approx(np.mean(OVERLAPS) + 1.959964 * np.std(OVERLAPS) / 2)
    assert (found.declined.n, found.declined.n_unnamed) == (2, 1)
    assert found.declined.first.value == 0.5
    assert found.declined.overlap.value == pytest.approx(5 / 12)
    assert found.stand_ins == (StandIn("a", "b", 2, 1),)
    assert (found.n_fields, found.n_shared) == ((3, 3), 2)


def test_a_cohort_is_its_rows_alone() -> None:
    places = np.array([4, 2])
    found = reason_agreement(ONE, TWO, np.array([True, False]), places=places)
    assert (found.whole.n, found.declined.n) == (2, 1)
    assert found.whole.overlap.value == pytest.approx(1 / 6)
    assert found.stand_ins == (StandIn("a", "b", 1, 1),)


def test_weights_count_as_so_many_applications() -> None:
    weight = np.array([3.0, 1.0, 2.0, 1.0, 1.0])
    repeated = np.repeat(np.arange(5), weight.astype(int))
    one = reason_agreement(ONE, TWO, DECLINED, weight=weight)
    two = reason_agreement(ONE, TWO, DECLINED[repeated], places=repeated)
    for found, wanted in ((one.whole, two.whole), (one.declined, two.declined)):
        assert (found.n, found.n_unnamed) == (wanted.n, wanted.n_unnamed)
        assert found.first.value == pytest.approx(wanted.first.value)
        assert found.overlap.value == pytest.approx(wanted.overlap.value)
    assert one.stand_ins == two.stand_ins == (StandIn("a", "b", 4, 3),)


def test_without_a_reason_from_both_nothing_is_defined() -> None:
    found = reason_agreement(ONE, TWO, np.array([True]), places=np.array([3]))
    assert found.whole.first.reason == found.declined.overlap.reason == NO_REASONS
    assert (found.whole.n, found.whole.n_unnamed) == (0, 1)
    assert found.stand_ins == ()


def test_overlaps_are_those_of_sets() -> None:
    rng = np.random.default_rng(5)
    drawn = [np.array([rng.permutation(6)[:4] for _ in range(200)], np.int16) for _ in range(2)]
    for each in drawn:
        # Behind its last reason a row has none.
        each[np.arange(4) >= rng.integers(0, 5, 200)[:, None]] = -1
    sets = [[set(row.tolist()) - {-1} for row in each] for each in drawn]
    wanted = [len(a & b) / len(a | b) if a | b else 0.0 for a, b in zip(*sets, strict=True)]
    assert overlaps(drawn[0].T, drawn[1].T).tolist() == pytest.approx(wanted)

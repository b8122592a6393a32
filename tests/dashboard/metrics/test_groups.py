"""Groups of about equal size: by hand, and against sorting the rows where no two PDs are alike."""

from __future__ import annotations

import numpy as np

from dashboard.metrics.counts import exact_counts
from dashboard.metrics.groups import equal_count_groups, summed


def test_a_bin_belongs_to_the_group_of_its_middle_application() -> None:
    # Of eight applications in two groups the bins hold 1, 5 and 2: the middles stand at 0.5, 3.5 and 7 of 8.
    counts = exact_counts([0] * 8, [0.1] + [0.2] * 5 + [0.3] * 2)
    groups = equal_count_groups(counts, 2)
    assert groups.tolist() == [0, 0, 1]
    assert summed(groups, counts.applications, 2).tolist() == [6.0, 2.0]


def test_a_group_may_stay_empty() -> None:
    counts = exact_counts([0] * 5, [0.1, 0.2, 0.2, 0.2, 0.3])
    assert summed(equal_count_groups(counts, 5), counts.applications, 5).tolist() == [1, 0, 3, 0, 1]


def test_without_ties_groups_are_those_of_sorted_rows() -> None:
    random = np.random.default_rng(8)
    pd = random.random(1_000)
    groups = equal_count_groups(exact_counts([0] * 1_000, pd), 20)
    assert groups.tolist() == np.repeat(np.arange(20), 50).tolist()

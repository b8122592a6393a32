"""Applications in groups of about equal size by rising PD."""

from __future__ import annotations

import numpy as np

from dashboard.metrics.counts import AnyArray, IntArray, ScoreCounts


def equal_count_groups(counts: ScoreCounts, n_groups: int) -> IntArray:
    """The group, 0 to `n_groups` - 1, of each bin of `counts`.

    A PD bin is never split: it belongs to the group in which its middle application falls. Groups may stay empty.
    """
    size = counts.applications
    total = size.sum().item() or 1
    return ((np.cumsum(size) - size / 2) * n_groups / total).astype(np.int64).clip(0, n_groups - 1)


def summed(groups: IntArray, values: AnyArray, n_groups: int) -> AnyArray:
    """The sum of `values` (one per bin) in each group, as 64-bit floats."""
    return np.bincount(groups, weights=values, minlength=n_groups)

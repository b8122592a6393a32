"""Reports of segments with counts that can be checked by hand."""

from __future__ import annotations

import numpy as np

from dashboard.metrics.counts import ScoreCounts
from dashboard.metrics.segments import SegmentReport, segment_report

NAMES = ("low", "middle", "<b>high</b>", "few")


def counts(approved: tuple[int, int], declined: tuple[int, int]) -> ScoreCounts:
    """(defaults, applications) at a PD of 5 % and at one of 20 %."""
    (a, n), (b, m) = approved, declined
    edges, none = np.array([0.05, 0.2]), np.zeros(2)
    bad, size = np.array([a, b]), np.array([n, m])
    return ScoreCounts(edges, size - bad, bad, edges * (size - bad), edges * bad, none, none)


def report_of(groups: list[ScoreCounts], names: tuple[str, ...] = NAMES, *, break_even: float = 0.09) -> SegmentReport:
    whole = groups[0]
    for part in groups[1:]:
        whole = whole + part
    return segment_report(dict(enumerate(groups)), names, whole, column="Grade", cutoff=0.1, break_even=break_even)


HAND = report_of(
    [
        counts((40, 2_000), (10, 100)),
        counts((200, 4_000), (180, 1_000)),
        counts((240, 2_000), (260, 1_000)),
        counts((2, 10), (1, 2)),
    ]
)
LONE = report_of([counts((40, 2_000), (10, 100))])

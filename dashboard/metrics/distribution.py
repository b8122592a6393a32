"""How PDs are spread, by outcome."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from dashboard.metrics.counts import FloatArray, IntArray, ScoreCounts, total_of

MIN_BARS, MAX_BARS = 12, 80
_PER_UNIT, _FINE_PER_UNIT, _FINE_BELOW = 10_000, 1_000_000, 0.01
_NICE_STEPS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1_000)


@dataclass(frozen=True, slots=True)
class PdDistribution:
    """Applications by PD and outcome in bars of equal width, with what lies beyond the last bar.

    `edges` are the bars' boundaries (one more than there are bars). A bar holds PDs from its lower boundary up to, not
    including, its upper one; `*_beyond` count those at or above the last boundary. The medians are lower medians, to a
    bin of the counts, and None where there are none of that kind.
    """

    edges: FloatArray
    good: IntArray
    bad: IntArray
    good_beyond: int
    bad_beyond: int
    good_median: float | None
    bad_median: float | None
    open: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    open_beyond: int = 0
    open_median: float | None = None

    @property
    def n_good(self) -> int:
        """Number of applications that did not default."""
        return total_of(self.good) + self.good_beyond

    @property
    def n_bad(self) -> int:
        """Number of applications that defaulted."""
        return total_of(self.bad) + self.bad_beyond

    @property
    def n_open(self) -> int:
        """Number of applications whose outcome is not known."""
        return total_of(self.open) + self.open_beyond

    @property
    def good_share(self) -> FloatArray:
        """Share of all non-defaults per bar; zeros where there are none."""
        return self.good / max(self.n_good, 1)

    @property
    def bad_share(self) -> FloatArray:
        """Share of all defaults per bar; zeros where there are none."""
        return self.bad / max(self.n_bad, 1)

    @property
    def open_share(self) -> FloatArray:
        """Share of all open applications per bar; zeros where there are none."""
        return self.open / max(self.n_open, 1)


def pd_distribution(counts: ScoreCounts, *, coverage: float = 0.99) -> PdDistribution:
    """PDs by outcome in 12 to 80 bars that hold at least `coverage` of each outcome, and of the open applications.

    PDs of credit portfolios pile up near zero: an axis up to 1 would leave most of the picture empty. The bars' width
    is a round number; their number follows the rarer outcome's size n as 3 n^(1/3), so that a small cohort is
    not drawn as noise.
    """
    ends = [_upper_end(counts, part, coverage) for part in (counts.good, counts.bad, counts.open)]
    top = max((end for end in ends if end is not None), default=1.0)
    sizes = [n for n in (counts.n_good, counts.n_bad) if n] or [counts.n_open]
    bars = np.clip(3 * np.cbrt(min(sizes, default=0)), MIN_BARS, MAX_BARS)
    # In whole steps of the cutoffs that can be applied, so that no bin of the counts is cut in two.
    per_unit = _PER_UNIT if top > _FINE_BELOW else _FINE_PER_UNIT
    width = next((step for step in _NICE_STEPS if step * bars >= top * per_unit), _NICE_STEPS[-1])
    edges = np.arange(per_unit // width + 1) * width / per_unit
    n_bars = max(int(np.searchsorted(edges, top)), 1)
    return _rebinned(counts, edges[: n_bars + 1])


def _quantile(counts: ScoreCounts, number: IntArray, level: float) -> float | None:
    place = _place(number, level)
    return None if place is None else float(counts.edges[place])


def _upper_end(counts: ScoreCounts, number: IntArray, level: float) -> float | None:
    """The end of the bin in which the quantile lies, so that at least that share is drawn below it."""
    place = _place(number, level)
    if place is None:
        return None
    is_last = counts.is_exact or place + 1 == counts.edges.size
    return float(np.nextafter(counts.edges[place], 2) if is_last else counts.edges[place + 1])


def _place(number: IntArray, level: float) -> int | None:
    total = number.sum().item()
    return int(np.searchsorted(np.cumsum(number), level * total)) if total else None


def _rebinned(counts: ScoreCounts, edges: FloatArray) -> PdDistribution:
    n_bars = edges.size - 1
    bar = np.searchsorted(edges, counts.edges, side="right") - 1
    if edges[-1] >= 1:
        # The scale ends here: a PD of exactly 1 belongs to the last bar.
        bar = np.minimum(bar, n_bars - 1)
    good, bad, of_open = (
        np.bincount(bar, weights=part, minlength=n_bars + 1).astype(counts.good.dtype)
        for part in (counts.good, counts.bad, counts.open)
    )
    return PdDistribution(
        edges,
        good[:n_bars],
        bad[:n_bars],
        total_of(good[n_bars:]),
        total_of(bad[n_bars:]),
        _quantile(counts, counts.good, 0.5),
        _quantile(counts, counts.bad, 0.5),
        of_open[:n_bars],
        total_of(of_open[n_bars:]),
        _quantile(counts, counts.open, 0.5),
    )

"""Timing: several runs after a warm-up, the contenders in turn, so that a drifting machine is fair to all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence


def medians(contenders: Mapping[str, Callable[[], object]], *, runs: int) -> dict[str, float]:
    """Median seconds of each contender over `runs` rounds in which each has one turn, after one round not counted."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(runs + 1):
        for name, contender in contenders.items():
            start = time.perf_counter()
            contender()
            if turn:
                taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in taken.items()}


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile of `values` (any unit, at least one), linear between the neighbours, to 0.1."""
    ordered = sorted(values)
    return {name: round(_quantile(ordered, share), 1) for name, share in (("p50", 0.5), ("p95", 0.95))}


def _quantile(ordered: Sequence[float], share: float) -> float:
    below, part = divmod(share * (len(ordered) - 1), 1)
    first, second = ordered[int(below)], ordered[min(int(below) + 1, len(ordered) - 1)]
    return first + part * (second - first)

"""Timing: several runs after a warm-up, the contenders in turn, so that a drifting machine is fair to all of them.

And memory: what is measured in a process of its own is nobody else's.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")
# Told what is being measured now, in a few words.
Say = Callable[[str], None]


class DifferenceError(AssertionError):
    """Contenders that were timed beside each other and do not say the same."""


def silent(_: str) -> None:
    """Say nothing."""


def medians(
    contenders: Mapping[str, Callable[[], T]],
    *,
    runs: int,
    check: Callable[[Mapping[str, T]], object] | None = None,
) -> dict[str, float]:
    """Median seconds of each contender over `runs` rounds in which each has one turn, after one round not counted.

    `check` is handed the results of that first round, and raises where they are not what they must be.
    """
    results = {name: contender() for name, contender in contenders.items()}
    if check:
        check(results)
    # What the check looked at is not in the way of what is timed.
    del results
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(runs):
        for name, contender in contenders.items():
            start = time.perf_counter()
            contender()
            taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in taken.items()}


def call_times(
    contenders: Mapping[str, Callable[[int], object]], n: int, *, rounds: int, block: int = 50
) -> dict[str, list[float]]:
    """Seconds of every call f(0) to f(n - 1) of each contender, `rounds` times after one round not counted.

    The contenders take turns after every `block` calls and not after each: of calls that take microseconds, one that
    follows another contender's would be timed with that one's data in the processor's cache.
    """
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        for start in range(0, n, block):
            part = range(start, min(start + block, n))
            for name, contender in contenders.items():
                times = [_seconds(contender, item) for item in part]
                taken[name] += times if turn else []
    return taken


def _seconds(contender: Callable[[int], object], item: int) -> float:
    start = time.perf_counter()
    contender(item)
    return time.perf_counter() - start


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile of `values` (any unit, at least one), linear between the neighbours, to 0.1."""
    ordered = sorted(values)
    return {name: round(_quantile(ordered, share), 1) for name, share in (("p50", 0.5), ("p95", 0.95))}


def _quantile(ordered: Sequence[float], share: float) -> float:
    below, part = divmod(share * (len(ordered) - 1), 1)
    first, second = ordered[int(below)], ordered[min(int(below) + 1, len(ordered) - 1)]
    return first + part * (second - first)


def alone(work: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """What `work`, a function of a module, returns; done in a new process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments, **options).result()


def peak_mb() -> float:
    """The most memory that this process held in RAM since it was started, in MB of 1,000,000 bytes."""
    if Path("/proc/self/status").exists():
        # Not from getrusage: on Linux a process is said to have held what the one that started it held.
        return held_mb("self", "VmHWM")
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def held_mb(pid: int | str, what: str = "VmRSS") -> float:
    """What a process holds in RAM (Linux), in MB of 1,000,000 bytes; `VmHWM`: the most it ever held."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(f"{what}:")) * 1024 / 1e6

"""Weighing a running process: what it held before, at most, and after."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts._measure import held_mb

_LOOK_S = 0.01


@dataclass
class Weight:
    """MB of 1,000,000 bytes that a process held in RAM: before, at most, and once it was left alone again."""

    before: float
    peak: float
    after: float = 0.0

    def row(self) -> str:
        """The three as cells of a Markdown table."""
        return " | ".join(f"{value:,.0f}" for value in (self.before, self.peak, self.after))


def descriptors(pid: int) -> int:
    """How many files and sockets a process holds open (Linux)."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


@contextmanager
def weighed(pid: int, rest_s: float = 5.0) -> Iterator[Weight]:
    """Weigh `pid` around the block: a look every hundredth of a second, and one `rest_s` seconds after it."""
    weight = Weight(held_mb(pid), 0.0)
    done = threading.Event()

    def look() -> None:
        while not done.wait(_LOOK_S):
            weight.peak = max(weight.peak, held_mb(pid))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield weight
    finally:
        done.set()
        thread.join()
    time.sleep(rest_s)
    weight.after = held_mb(pid)
    weight.peak = max(weight.peak, weight.after)

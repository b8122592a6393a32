"""Starting: both servers become healthy, and the times are those of their processes."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from data.settings import Settings
from scripts.benchmarks.start import measure_start


def test_service_and_dashboard_are_started_until_they_answer(built: Settings, in_thread: Any) -> None:
    said: list[str] = []
    begun = time.perf_counter()
    figures = in_thread(partial(measure_start, starts=1, say=said.append))
    taken = time.perf_counter() - begun
    assert said == ["a start that is not counted", "start 1 of 1"]
    assert figures.pop("starts") == 1
    assert figures.keys() == {"service_s", "dashboard_s"}
    # Importing what they are made of takes longer than this, and all that was done took longer than these two.
    assert min(figures.values()) > 0.1
    assert sum(figures.values()) < taken

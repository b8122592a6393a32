"""Timing: who has a turn when, what counts, and what is handed to the check; memory of a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

import pytest

from data.settings import ROOT
from scripts._measure import DifferenceError, alone, call_times, medians, peak_mb, percentiles


class Clock:
    """A clock of the test's own: whoever has a turn moves it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_percentiles_lie_between_the_neighbours() -> None:
    assert percentiles([10.0, 40.0, 20.0, 30.0]) == {"p50": 25.0, "p95": 38.5}
    assert percentiles([7.0]) == {"p50": 7.0, "p95": 7.0}


def test_contenders_have_their_turns_one_after_the_other_and_the_first_round_does_not_count(clock: Clock) -> None:
    turns: list[str] = []
    # The first of each is the warm-up; the medians of the other three are 2 and 20.
    seconds = {"a": [100.0, 1.0, 3.0, 2.0], "b": [100.0, 20.0, 10.0, 30.0]}

    def contender(name: str) -> str:
        turns.append(name)
        clock.wait(seconds[name][turns.count(name) - 1])
        return name.upper()

    seen: list[Mapping[str, str]] = []
    taken = medians({name: lambda name=name: contender(name) for name in "ab"}, runs=3, check=seen.append)  # type: ignore[misc]
    assert taken == {"a": 2.0, "b": 20.0}
    assert turns == ["a", "b"] * 4
    assert seen == [{"a": "A", "b": "B"}]


def test_results_that_differ_end_the_measurement_before_anything_is_timed() -> None:
    calls: list[int] = []

    def check(found: Mapping[str, object]) -> None:
        raise DifferenceError(f"{found}")

    with pytest.raises(DifferenceError, match="'a': None"):
        medians({"a": lambda: calls.append(1)}, runs=3, check=check)
    assert calls == [1]


def test_calls_are_timed_one_by_one_and_contenders_alternate_after_a_block(clock: Clock) -> None:
    calls: list[tuple[str, int]] = []

    def contender(name: str, factor: float) -> Any:
        def call(item: int) -> None:
            calls.append((name, item))
            clock.wait(factor * (item + 1))

        return call

    taken = call_times({"a": contender("a", 1.0), "b": contender("b", 10.0)}, 5, rounds=2, block=3)
    assert taken == {"a": [1.0, 2.0, 3.0, 4.0, 5.0] * 2, "b": [10.0, 20.0, 30.0, 40.0, 50.0] * 2}
    blocks = [
        [("a", 0), ("a", 1), ("a", 2)],
        [("b", 0), ("b", 1), ("b", 2)],
        [("a", 3), ("a", 4)],
        [("b", 3), ("b", 4)],
    ]
    assert calls == [call for block in blocks for call in block] * 3


# Prints the peak of a process of its own, before and while it holds 200 MB more, and after they are gone.
HOLDING = """
import os
from scripts._measure import peak_mb
peaks = [peak_mb()]
content = bytearray(os.urandom(1_000)) * 200_000
peaks.append(peak_mb())
del content
peaks.append(peak_mb())
print(*peaks)
"""


def test_the_peak_is_the_most_that_was_held() -> None:
    shown = subprocess.run([sys.executable, "-c", HOLDING], cwd=ROOT, capture_output=True, text=True, check=True)
    before, holding, after = map(float, shown.stdout.split())
    assert 199 <= holding - before <= 240
    # The system counts in steps of its own.
    assert after == pytest.approx(holding, abs=5)


def test_the_peak_of_a_process_is_nobody_else_s() -> None:
    content = bytearray(os.urandom(1_000)) * 300_000
    assert alone(peak_mb) < peak_mb() - 200
    assert len(content) == 300_000_000


def test_work_is_done_in_another_process_with_its_arguments() -> None:
    assert alone(os.getpid) != os.getpid()
    assert alone(int, "1f", base=16) == 31


def test_an_error_in_a_process_of_its_own_is_raised_here() -> None:
    with pytest.raises(ValueError, match=r"invalid literal .* 'wrong'"):
        alone(int, "wrong")

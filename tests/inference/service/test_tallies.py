"""Callers are counted together by all processes, in windows, as the library counts them that rates are read with."""

from __future__ import annotations

import math
import time
from unittest.mock import patch

import pytest
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from inference.service.admission import Rates
from inference.service.board import SPAWN
from inference.service.problems import ProblemError
from inference.service.tallies import Tallies


def count(tallies: Tallies, times: int) -> None:
    for _ in range(times):
        with tallies.of("desk", 7) as tally:
            tally.now += 1


def test_no_count_of_several_processes_is_lost() -> None:
    tallies = Tallies(is_shared=True)
    try:
        processes = [SPAWN.Process(target=count, args=(tallies, 2_000)) for _ in range(2)]
        for each in processes:
            each.start()
        count(tallies, 1_000)
        for each in processes:
            each.join(60)
        with tallies.of("desk", 7) as tally:
            assert (tally.before, tally.now) == (0, 5_000)
    finally:
        tallies.close()


def test_windows_follow_one_another() -> None:
    tallies = Tallies()
    count(tallies, 5)
    found = []
    # One that looked at the clock a moment earlier counts in the window that has begun.
    for window in (7, 8, 7, 9, 12, 3):
        with tallies.of("desk", window) as tally:
            found.append((tally.before, tally.now))
            tally.now += 1
    assert found == [(0, 5), (6, 0), (6, 1), (2, 0), (0, 0), (0, 0)]


def test_more_callers_than_there_is_room_for_are_counted_anew_and_the_busiest_stay() -> None:
    tallies = Tallies()
    count(tallies, 3)
    for number in range(75_000):
        with tallies.of(str(number), 7) as tally:
            tally.now = max(tally.now, 1)
    with tallies.of("desk", 7) as tally:
        assert tally.now == 3


def test_a_rate_lets_in_what_the_library_lets_in() -> None:
    rate, now = parse("7/minute"), [1_700_000_000.0]
    ours, theirs = Rates(rate), SlidingWindowCounterRateLimiter(MemoryStorage())
    with patch.object(time, "time", lambda: now[0]):
        for step in range(400):
            # From a rush to a trickle, over several windows.
            now[0] += math.sqrt(step) * (step % 7 == 0) + 0.4
            if theirs.hit(rate, "desk"):
                ours.check("desk")
            else:
                with pytest.raises(ProblemError) as caught:
                    ours.check("desk")
                assert 1 <= int((caught.value.headers or {})["Retry-After"]) <= 60


@pytest.mark.parametrize("name", ["", "x" * 10_000, "\ud800"])
def test_any_name_is_a_caller(name: str) -> None:
    tallies = Tallies()
    with tallies.of(name, 1) as tally:
        tally.now += 1
    with tallies.of(name, 1) as tally:
        assert tally.now == 1

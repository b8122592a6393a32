"""What a build tells, and how it ends with the process that it tells."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import orjson
import pytest

from data.errors import SettingError
from inference.publishing.pipeline import EXPLAINING
from scripts._build_process import Teller


@pytest.fixture
def pipe() -> Iterator[tuple[Teller, Callable[[], list[dict[str, object]]]]]:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)

    def told() -> list[dict[str, object]]:
        return [orjson.loads(line) for line in os.read(reading, 1 << 16).splitlines()]

    yield Teller(writing), told
    os.close(reading)
    os.close(writing)


def test_a_step_is_told_by_the_name_of_what_it_makes(
    pipe: tuple[Teller, Callable[[], list[dict[str, object]]]],
) -> None:
    teller, told = pipe
    with teller.progress(EXPLAINING) as advance:
        advance(3, 10)
    with teller.progress("Reading loans.csv"):
        pass
    assert told() == [
        {"step": "contributions", "done": 0, "total": 1},
        {"step": "contributions", "done": 3, "total": 10},
        {"step": "applications", "done": 0, "total": 1},
    ]


def test_what_a_user_can_mend_is_told_and_a_bug_is_not(
    pipe: tuple[Teller, Callable[[], list[dict[str, object]]]],
) -> None:
    teller, told = pipe
    for error in (SettingError("Say \x1b[2J it."), FileNotFoundError(2, "No such file", "/a/b"), KeyError("bug")):
        with pytest.raises(type(error)), teller.telling_problems():
            raise error
    assert told() == [
        {"problem": "Say \ufffd[2J it."},
        {"problem": "/a/b: No such file; check the path and its rights."},
    ]


def test_a_build_whose_server_has_gone_stops() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with pytest.raises(KeyboardInterrupt):
        Teller(writing).usable()
    os.close(writing)

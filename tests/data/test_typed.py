from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pytest

from data.typed import read_typed


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Part:
    share: float
    name: str | None = None


@dataclass(frozen=True)
class Whole:
    parts: tuple[Part, ...]
    counts: Mapping[str, int]
    colour: Colour = Colour.RED
    anything: Any = None


GOOD: dict[str, Any] = {"parts": [{"share": 1}, {"share": 0.5, "name": "b"}], "counts": {"a": 2}, "colour": "red"}


def test_reads_what_was_written() -> None:
    assert read_typed(Whole, GOOD) == Whole((Part(1), Part(0.5, "b")), {"a": 2})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"parts": {}}, "Whole.parts is {}, expected a list"),
        ({"parts": [{}]}, "Whole.parts[0]: 'share' is missing or not known"),
        ({"parts": [{"share": 1, "more": 2}]}, "Whole.parts[0]: 'more' is missing or not known"),
        ({"parts": [{"share": True}]}, "Whole.parts[0].share is True, expected float"),
        ({"parts": [{"share": float("nan")}]}, "Whole.parts[0].share is nan"),
        ({"parts": [{"share": 1, "name": 3}]}, "Whole.parts[0].name is 3, expected NoneType or str"),
        ({"counts": {"a": 2.0}}, "Whole.counts.a is 2.0, expected int"),
        ({"counts": []}, "Whole.counts is [], expected an object"),
        ({"colour": "blue"}, "'blue' is not a valid Colour"),
    ],
)
def test_names_the_part_that_is_wrong(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is what is asserted
        read_typed(Whole, {**GOOD, **change})
    assert words in str(caught.value)

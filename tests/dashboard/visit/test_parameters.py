"""Single values of a visit: what their text means, what is none of them, and that no two have one name."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from dashboard.visit import parameters
from data.home_credit import embedded


@pytest.fixture(autouse=True)
def own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parameters, "DECLARED", {})


def read(parameter: parameters.Parameter[Any], text: str) -> object:
    return parameter.read(text, embedded.DEFINITION)


def fits(parameter: parameters.Parameter[Any], text: str) -> bool:
    with suppress(ValueError):
        read(parameter, text)
        return True
    return False


def test_a_number_lies_between_its_ends_and_is_finite() -> None:
    number = parameters.number("x", 2, low=0, high=1_000)
    assert (read(number, "0"), read(number, "1e3"), number.default) == (0.0, 1_000.0, 2.0)
    assert [fits(number, text) for text in ("-0.001", "1000.1", "nan", "inf", "much", "")] == [False] * 6
    # Ten digits, and none of the zeros after them.
    assert [number.word(value) for value in (0.1, 12.5, 1 / 3, 250.0)] == ["0.1", "12.5", "0.3333333333", "250"]


def test_a_whole_number_is_whole() -> None:
    whole = parameters.whole("n", 20, low=5, high=50)
    assert (read(whole, "5"), read(whole, "50"), whole.word(20)) == (5, 50, "20")
    assert [fits(whole, text) for text in ("4", "51", "20.0", "2e1")] == [False] * 4


def test_a_choice_is_one_of_its_options_the_first_by_default() -> None:
    first, second = parameters.choice("a", ("x", "y")), parameters.choice("b", ("x", "y"), "y")
    assert (first.default, second.default, read(first, "y")) == ("x", "y", "y")
    with pytest.raises(ValueError, match="z"):
        read(first, "z")


def test_a_text_is_as_long_as_it_may_be() -> None:
    text = parameters.text("t", longest=3)
    assert (read(text, "abc"), text.default) == ("abc", "")
    with pytest.raises(ValueError, match="abcd"):
        read(text, "abcd")


def test_a_name_stands_for_one_parameter() -> None:
    parameters.whole("n", 1, low=0, high=9)
    # A page that is loaded again declares its own again.
    again = parameters.whole("n", 1, low=0, high=9)
    assert {"n": again} == parameters.DECLARED
    with pytest.raises(ValueError, match="Two parameters are called n"):
        parameters.whole("n", 2, low=0, high=9)

from __future__ import annotations

from pathlib import Path

import pytest

from data.definition import shapes
from data.definition.errors import DefinitionError, Place
from data.definition.shapes import Shape

PLACE = Place(Path("portfolio.toml"), ("key",))


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (shapes.text(3), "abc"),
        (shapes.text(9, lines=True), "a\nb"),
        (shapes.column, "a\tb\n"),
        (shapes.stored, "\x00"),
        (shapes.number(0, 1), 1),
        (shapes.whole(1, 3), 3),
        (shapes.items(shapes.value, 3), ["1", 1, 1]),
        (shapes.named(shapes.truth, 2, "column"), {"any name": False}),
        (shapes.either(lambda each: isinstance(each, str), shapes.word("a"), shapes.number()), 2.5),
    ],
)
def test_lets_a_fitting_value_through_as_it_is(shape: Shape, value: object) -> None:
    assert shape(value, PLACE) == value


@pytest.mark.parametrize(
    ("shape", "value", "words"),
    [
        (shapes.text(3), "abcd", "is 4 characters long; shorten it to at most 3"),
        (shapes.text(), "  ", "is an empty text"),
        (shapes.text(), "a\nb", "cannot be printed"),
        (shapes.text(), 3, "is a number; write a text in quotation marks"),
        (shapes.column, "c" * 201, "201 characters; shorten it to at most 200"),
        (shapes.number(0, 1), True, "is true or false; write a number"),
        (shapes.number(0, 1), float("nan"), "is nan; write a number from 0 to 1"),
        (shapes.number(), float("inf"), "is inf"),
        (shapes.number(), 10**400, "a number that is too large"),
        (shapes.whole(1, 3), 3.0, "a whole number from 1 to 3"),
        (shapes.truth, "true", "write true or false, without quotation marks"),
        (shapes.word("rising", "falling"), "riseing", "is riseing; write one of rising, falling"),
        (shapes.items(shapes.text(), 2), ["a", "b", "c"], "lists 3; list at most 2"),
        (shapes.items(shapes.text(), 3), ["a", "b", "a"], "lists a twice"),
        (shapes.items(shapes.text(), 3, at_least=1), [], "lists 0; list at least 1"),
        (shapes.items(shapes.text(), 3), ["a", 2], "key.number 2 is a number"),
        (shapes.table({"label": shapes.text()}), {"lable": "x"}, "lable is an unknown key; known here are label"),
        (shapes.table({"label": shapes.text()}, ("label",)), {}, "has no label"),
        (shapes.named(shapes.truth, 1, "column"), {"a": True, "b": True}, "has 2 entries; keep at most 1"),
        (shapes.named(shapes.truth, 1, "column"), {" ": True}, "is an empty name"),
    ],
)
def test_says_what_else_is_expected(shape: Shape, value: object, words: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        shape(value, PLACE)
    assert words in str(caught.value)

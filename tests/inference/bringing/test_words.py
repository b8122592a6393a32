from __future__ import annotations

import numpy as np
import pytest

from inference.bringing.errors import BringingError
from inference.bringing.words import check_words, ones_of

LEVELS = ("a", "b")
CODES = np.array([0, 1, np.nan], dtype=np.float32)


@pytest.mark.parametrize(
    ("known", "missing"),
    [
        ({"a", "b", None}, None),
        ({"a", "b", ""}, ""),
        # Missing values were never seen: an encoder that ignores them was asked to.
        ({"a", "b"}, None),
        ({"a"}, None),
        # Further levels are no fault where all that occur are known.
        ({"a", "b", "z", None}, None),
    ],
)
def test_words_of_the_definition_pass(known: set[object], missing: str | None) -> None:
    check_words("shop", known, LEVELS, CODES, missing)


@pytest.mark.parametrize(
    ("known", "sentence"),
    [
        ({"A", "B", None}, "knows A, B, which .* does not know a, b, which occurs"),
        ({"0", "1", "-1"}, "knows -1, 0, 1, which .* does not know a missing value, a, b, which occurs"),
        ({"a", "b", "none"}, "knows none, which .* does not know a missing value, which occurs"),
    ],
)
def test_other_words_are_refused(known: set[object], sentence: str) -> None:
    with pytest.raises(BringingError, match=f"In shop it {sentence}"):
        check_words("shop", known, LEVELS, CODES, None)


def test_only_what_occurs_counts_and_words_of_other_columns_do_not() -> None:
    check_words("shop", {"a", "none"}, LEVELS, CODES[:1], "")
    check_words("shop", {"a", "b", "x"}, LEVELS, CODES, "", {"x"})


def test_one_is_a_default_only_beside_what_is_none() -> None:
    assert ones_of(["0", "1"]) == [1]
    assert ones_of(["1", "0"]) == [0]
    assert ones_of(["-1", "1"]) == [1]
    assert ones_of(["False", "True"]) == [1]
    assert ones_of(["1", "2"]) == []
    assert ones_of(["bad", "good"]) == []

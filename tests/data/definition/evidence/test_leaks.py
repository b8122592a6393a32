from __future__ import annotations

import re
from typing import Any

import numpy as np
import polars as pl
import pytest

from data.definition.evidence.leaks import near_copies, why_given_away
from data.definition.evidence.summaries import Summary, summarise

N = 200
BAD = np.arange(N) % 5 == 0
Y = BAD * 1.0
NOISE = np.random.default_rng(3).permutation(N)


def one(values: Any, name: str = "x") -> Summary:
    return summarise(pl.DataFrame({name: pl.Series(values).cast(pl.String)}))[0]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (np.arange(N) + 1_000 * BAD, "tells the outcome nearly by itself .AUC 1.000."),
        (np.arange(N) - 1_000 * BAD, "AUC 1.000"),
        (np.where(BAD, "red", "blue"), "its values tell the outcome nearly by themselves .Cramér's V 1.000."),
        ([None if bad else str(at) for at, bad in enumerate(BAD)], "its gaps tell the outcome"),
    ],
)
def test_a_column_that_gives_the_outcome_away(values: object, why: str) -> None:
    assert re.search(why, why_given_away(one(values), Y))


def test_noise_and_free_text_give_nothing_away() -> None:
    assert why_given_away(one(NOISE), Y) == ""
    # As many levels as rows would tell everything, were they not corrected for.
    assert why_given_away(one([f"t{n}" for n in NOISE]), Y) == ""
    assert why_given_away(one(np.where(BAD, "red", "blue")), np.where(np.arange(N) < 45, Y, np.nan)) == ""


def test_a_name_can_tell_that_a_column_comes_after_the_outcome() -> None:
    assert why_given_away(one(NOISE, "total_rec_prncp"), None) == "known only after the outcome, by its name"
    assert why_given_away(one(NOISE, "recoveries"), None)


def test_copies_are_those_of_the_same_order_or_with_renamed_levels() -> None:
    frame = pl.DataFrame(
        {
            "a": NOISE,
            "b": 2.5 * NOISE - 7,
            "minus": -NOISE,
            "other": np.random.default_rng(4).permutation(N),
            "grade": [("x", "y", "z")[n % 3] for n in range(N)],
            "code": [("k1", "k7", "k3")[n % 3] for n in range(N)],
            "merged": [("x", "y", "y")[n % 3] for n in range(N)],
        }
    ).cast(pl.String)
    assert [(later, earlier) for later, earlier, _ in near_copies(summarise(frame))] == [
        ("b", "a"),
        ("minus", "a"),
        ("code", "grade"),
    ]

from __future__ import annotations

import math

import pytest

from dashboard.words.card_words import word_bin, word_odds, word_points, word_scale
from data.home_credit import embedded
from inference.scorecard.card import Card, CardBin, CardBinKind, Characteristic


def line(low: float | None, high: float | None, kind: CardBinKind = CardBinKind.RANGE, words: str = "as is") -> CardBin:
    return CardBin(kind, words, 10, 0.1, 0.0, 0.0, 0.0, 0.0, low, high)


def characteristic(feature: str) -> Characteristic:
    return Characteristic(feature, feature, "", (feature,), "auto", 0.1, -1.0, ())


@pytest.mark.parametrize(
    ("points", "words"), [(12.34, "+12.3"), (-7.25, "−7.2"), (0.0, "+0.0"), (-0.01, "+0.0"), (1234.5, "+1234.5")]
)
def test_points_have_their_sign(points: float, words: str) -> None:
    assert word_points(points) == words


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (-10957.5, -7305.0, "over 20 to 30 years"),
        (None, -7305.0, "over 20 years"),
        (-7305.0, None, "up to 20 years"),
        (None, None, "as is"),
    ],
)
def test_days_before_are_years(low: float | None, high: float | None, words: str) -> None:
    assert word_bin(characteristic("DAYS_BIRTH"), line(low, high), embedded.DEFINITION) == words


def test_other_bins_are_as_the_card_says_them() -> None:
    assert word_bin(characteristic("AMT_CREDIT"), line(1.0, 2.0), embedded.DEFINITION) == "as is"
    gap = line(None, None, CardBinKind.SPECIAL, "Not employed")
    assert word_bin(characteristic("DAYS_EMPLOYED"), gap, embedded.DEFINITION) == "Not employed"


def test_the_scale_and_odds_in_words() -> None:
    card = Card(600.0, 50.0, 20.0, 10, 0.1, 0.0, 0.0, (), ())
    assert word_scale(card) == "600 points are odds of 50 good to one bad; every 20 more double them."
    assert word_odds(-math.log(50)) == "50 to 1"
    assert word_odds(math.log(2)) == "0.5 to 1"

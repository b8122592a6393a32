"""Scores that are no probabilities as places from 0 to 1, and back."""

from __future__ import annotations

import polars as pl
import pytest

from data.predictions.scale import Scale


@pytest.mark.parametrize(("higher", "place"), [("safer", 0.4), ("riskier", 0.6)])
def test_a_score_has_a_place_and_comes_back(higher: str, place: float) -> None:
    scale = Scale("points", 300, 800, higher)
    assert scale.place(600) == pytest.approx(place)
    assert scale.score(scale.place(600)) == 600
    assert scale.places(pl.Series([600.0])).to_list() == [pytest.approx(place)]
    assert (scale.place(200), scale.place(900)) == ((1, 0) if higher == "safer" else (0, 1))


@pytest.mark.parametrize("higher", ["safer", "riskier"])
def test_all_scores_come_back_from_their_places(higher: str) -> None:
    scale = Scale("points", -3.7, 812.3, higher)
    scores = pl.Series([-3.7, 0.1, 599.0, 600.25, 812.3])
    assert scale.scores(scale.places(scores)).to_list() == [scale.score(place) for place in scale.places(scores)]
    assert scale.scores(scale.places(scores)).to_list() == pytest.approx(scores.to_list(), abs=1e-12)

"""What the screen says of scores that are no probabilities."""

from __future__ import annotations

import pytest

from dashboard.words.score_words import all_as_places, as_places


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("PD distribution", "Score place distribution"),
        ("Cutoff (PD), %", "Cutoff (score place), %"),
        ("A default gets a higher PD than a non-default", "A default gets a higher score place than a non-default"),
        ("Defaults got higher PDs: median 3 %", "Defaults got higher score places: median 3 %"),
        ("Predicted probability of default (PD)", "Place of the score: safest 0 %, riskiest 100 %"),
        ("<b>PD 3 %</b>", "<b>Score place 3 %</b>"),
        ("UPDATE, PDF", "UPDATE, PDF"),
    ],
)
def test_no_text_says_pd(text: str, said: str) -> None:
    assert as_places(text) == said


def test_all_texts_of_a_figure_are_put_so_and_numbers_stay() -> None:
    figure = {"title": {"text": "PD"}, "x": {"dtype": "f8", "bdata": "/PD+"}, "y": [1.5, None, "PD"], "z": ("PDs",)}
    assert all_as_places(figure) == {
        "title": {"text": "Score place"},
        "x": {"dtype": "f8", "bdata": "/PD+"},
        "y": [1.5, None, "Score place"],
        "z": ["Score places"],
    }

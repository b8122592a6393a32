"""The one PD of an application: its decision, its risk band, and the published model's beside it."""

from __future__ import annotations

import pytest

from dashboard.components.applicant.standing import PUBLISHED, Standing, word_published, word_span

EDGES = (0.02, 0.04, 0.08)


def standing(pd: float, whose: str = "out of fold", cutoff: float = 0.0909) -> Standing:
    return Standing(pd, whose, cutoff, EDGES)


@pytest.mark.parametrize(
    ("pd", "decision", "band", "span"),
    [
        (0.0199, "Approved", "A", "PD below 2 %"),
        (0.02, "Approved", "B", "PD from 2 % to 4 %"),
        (0.08, "Approved", "D", "PD of 8 % and more"),
        (0.0909, "Declined", "D", "PD of 8 % and more"),
    ],
)
def test_a_pd_at_an_edge_or_the_cutoff_belongs_above(pd: float, decision: str, band: str, span: str) -> None:
    it = standing(pd)
    assert (it.worded_decision, it.risk_band, it.worded_band) == (decision, band, span)
    assert word_span(pd, EDGES) == span


def test_a_pd_next_to_the_cutoff_is_told_from_it() -> None:
    it = standing(0.09089)
    assert (it.worded_pd, it.worded_distance, it.is_published) == ("9.089 %", "0.001 points below", False)


def test_the_published_model_decides_alike_or_otherwise() -> None:
    held_out, published = standing(0.08), standing(0.10, PUBLISHED)
    words = word_published(held_out, published, 0.0312)
    assert "gives 10.00 % (+2.00 points) and would decline it; it was trained on the whole portfolio" in words
    assert words.endswith("At 9.09 % the two disagree on 3.12 % of the portfolio.")
    alike = word_published(held_out, standing(0.07, PUBLISHED), None)
    assert "gives 7.00 % (−1.00 points) and decides alike;" in alike
    assert "disagree" not in alike

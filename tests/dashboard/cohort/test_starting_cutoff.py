"""The cutoff of a new visit: the usual one, or the default rate where that would decline nearly everybody."""

from __future__ import annotations

import polars as pl
import pytest

from dashboard.cohort.starting_cutoff import starting_cutoff
from inference.model.decision import DEFAULT_CUTOFF


def table(pds: list[float], outcomes: list[bool]) -> pl.DataFrame:
    return pl.DataFrame({"default_probability": pds, "is_default": outcomes})


def test_a_portfolio_that_the_usual_cutoff_fits_begins_with_it() -> None:
    # 25 of 100 are below 9.09 %, which is enough.
    usual = table([0.05] * 25 + [0.2] * 75, [True] * 15 + [False] * 85)
    assert starting_cutoff(usual, has_outcomes=True) == (DEFAULT_CUTOFF, "")


@pytest.mark.parametrize(("has_outcomes", "cutoff", "name"), [(True, 0.52, "default rate"), (False, 0.428, "mean PD")])
def test_where_half_default_the_cutoff_is_the_default_rate(has_outcomes: bool, cutoff: float, name: str) -> None:
    risky = table([0.05] * 2 + [0.3] * 58 + [0.6325] * 40, [True] * 52 + [False] * 48)
    found, reason = starting_cutoff(risky, has_outcomes=has_outcomes)
    assert found == pytest.approx(cutoff)
    assert name in reason
    assert "would approve 2.00\xa0% of it" in reason.replace(" %", "\xa0%")


def test_scores_that_are_no_probabilities_keep_the_usual_cutoff() -> None:
    # Nobody is below the default rate either.
    assert starting_cutoff(table([0.4] * 100, [True] * 5 + [False] * 95), has_outcomes=True) == (DEFAULT_CUTOFF, "")


def test_scores_that_are_no_probabilities_start_at_their_median() -> None:
    frame = pl.DataFrame({"default_probability": [0.2, 0.4, 0.9], "is_default": [False, True, True]})
    cutoff, reason = starting_cutoff(frame, has_outcomes=True, has_pds=False)
    assert cutoff == 0.4
    assert "median score" in reason

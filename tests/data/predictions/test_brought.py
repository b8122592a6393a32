"""A table's own score as a PD: by kind and direction, and what is no probability."""

from __future__ import annotations

import math

import polars as pl
import pytest

from data.definition.columns import Column, Kind, Special
from data.definition.definition import Definition, Features, Score
from data.predictions.brought import brought_pd, brought_score, why_no_score


def definition(*scores: Score) -> Definition:
    column = Column(
        "score", "Score", "", "", Kind.NUMERIC, pl.Float64(), nullable=True, special=(Special(-9.0, "not scored"),)
    )
    return Definition("Loans", (column,), Features(()), scores=scores)


@pytest.mark.parametrize(
    ("kind", "higher", "stored", "pds"),
    [
        ("probability", "riskier", [0.0, 0.25, 1.0, 1.5, -9.0, None], [0.0, 0.25, 1.0, None, None, None]),
        ("probability", "safer", [0.75, 1.0], [0.25, 0.0]),
        ("percent", "riskier", [0.0, 2.5, 100.0, 101.0], [0.0, 0.025, 1.0, None]),
        ("log-odds", "riskier", [0.0, math.log(1 / 9)], [0.5, 0.1]),
        ("log-odds", "safer", [math.log(9)], [0.1]),
    ],
)
def test_a_score_says_a_probability_of_default(
    kind: str, higher: str, stored: list[float | None], pds: list[float | None]
) -> None:
    score = Score("mine", "score", kind, higher)
    table = pl.DataFrame({"score": stored}, schema={"score": pl.Float64})
    assert table.select(brought_pd(score, definition(score))).to_series().to_list() == [
        None if pd is None else pytest.approx(pd, abs=1e-12) for pd in pds
    ]


def test_points_are_no_probability_and_are_passed_over() -> None:
    points, chance = Score("points", "score", "points", "safer"), Score("chance", "score", "probability", "riskier")
    assert brought_score(definition(points, chance)) == chance
    assert why_no_score(definition(points, chance)) == ""
    assert brought_score(definition(points)) is None
    assert why_no_score(definition(points)).startswith("Scores in points (points) are no probabilities")
    assert why_no_score(definition()) == "The table brings no score either ([scores.NAME] in portfolio.toml)."

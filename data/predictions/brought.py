"""Scores that a table brings itself: those that are probabilities, or can be made ones, as PDs."""

from __future__ import annotations

import polars as pl

from data.definition.definition import Definition, Score

_POINTS = "points"


def brought_score(definition: Definition) -> Score | None:
    """The first score of the table that says a probability; None where there is none."""
    return next((score for score in definition.scores if score.kind != _POINTS), None)


def brought_pd(score: Score, definition: Definition) -> pl.Expr:
    """The PD that a score says, Float64; null where it is missing, special, or no probability."""
    column = definition.column(score.column)
    stored = pl.col(score.column).cast(pl.Float64)
    said = pl.when(~stored.is_in(column.special_values)).then(stored)
    pd = chance_of(said, score.kind, score.higher)
    return pl.when(pd.is_between(0, 1)).then(pd).alias(score.column)


def chance_of(said: pl.Expr, kind: str, higher: str) -> pl.Expr:
    """The PD that numbers of a kind say: probability, percent or log-odds, of default where higher is riskier."""
    match kind:
        case "percent":
            chance = said / 100
        case "log-odds":
            chance = 1 / (1 + (-said).exp())
        case _:
            chance = said
    return chance if higher == "riskier" else 1 - chance


def why_no_score(definition: Definition) -> str:
    """Why no score of the table is shown as PDs, in one sentence; empty where one is."""
    if brought_score(definition) is not None:
        return ""
    if not definition.scores:
        return "The table brings no score either ([scores.NAME] in portfolio.toml)."
    named = ", ".join(score.name for score in definition.scores)
    return (
        f"Scores in points ({named}) are no probabilities and are not shown as PDs; bring a probability, a percentage "
        "or log-odds beside them."
    )

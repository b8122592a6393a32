"""What a report says of a table beyond its one score: its other models, overrides, grades, and the score's own unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from dashboard.metrics.calibration_fit import calibration_in_the_large
from dashboard.metrics.counts import count_scores_by, exact_counts
from dashboard.metrics.discrimination import gini, roc_auc
from dashboard.metrics.estimate import NO_APPLICATIONS, NO_OUTCOMES, Estimate
from dashboard.metrics.rates import default_rate, mean_pd
from data.definition.evidence.vocabulary import APPROVED, DECLINED
from data.predictions.roles.answers import DECISION, GRADE, MODEL_DECISION
from data.predictions.table import OUTCOME, PROBABILITY, WEIGHT, Predictions

_ROWS = "~row"


@dataclass(frozen=True, slots=True)
class Model:
    """One score of the table over the rows of a cohort that it has one of: how many these are, and its ranking."""

    applications: int
    auc: Estimate
    gini: Estimate


@dataclass(frozen=True, slots=True)
class Overrides:
    """Final decisions against the model's: how many of `decided` rows with both, which way, and how these went."""

    decided: int
    overrides: int
    approved_against: int
    declined_against: int
    default_rate_of_approved_against: Estimate


@dataclass(frozen=True, slots=True)
class Grade:
    """One grade: its applications, mean PD and default rate, and defaults observed per default expected."""

    grade: str | None
    applications: int
    defaults: int
    mean_pd: Estimate
    default_rate: Estimate
    observed_expected: Estimate


def models(predictions: Predictions, chosen: pl.Expr | None) -> Mapping[str, Model]:
    """Every score of the table by its name, the one that is shown first; of the rows that `chosen` selects.

    Where rows have weights, rankings are weighted; `applications` are numbers of rows.
    """
    scores = {predictions.champion or PROBABILITY: predictions.frame[PROBABILITY], **predictions.others}
    rows = _rows(predictions, chosen)
    facts = predictions.frame.select(OUTCOME, *([WEIGHT] if WEIGHT in predictions.frame.columns else []))[rows]
    return {name: _model(values.gather(rows), facts) for name, values in scores.items()}


def overrides(predictions: Predictions, chosen: pl.Expr | None) -> Overrides | None:
    """How final decisions differ from the model's; None unless the table has both."""
    names = [predictions.roles.get(role, "") for role in (MODEL_DECISION, DECISION)]
    if not all(name in predictions.frame.columns for name in names):
        return None
    of_model, final = (_is_declined(pl.col(name)) for name in names)
    table = predictions.frame[_rows(predictions, chosen)].select(
        of_model.alias("model"), final.alias("final"), pl.col(OUTCOME)
    )
    both = table.drop_nulls(["model", "final"])
    approved = both.filter(pl.col("model") & ~pl.col("final"))
    declined = both.filter(~pl.col("model") & pl.col("final"))
    known = approved.drop_nulls(OUTCOME)
    rate = default_rate(exact_counts(known[OUTCOME], [0.0] * known.height))
    return Overrides(both.height, approved.height + declined.height, approved.height, declined.height, rate)


def grades(predictions: Predictions, chosen: pl.Expr | None) -> tuple[Grade, ...]:
    """Calibration of each grade, in the order of the grades' mean PDs, rows without one last; empty without grades."""
    name = predictions.roles.get(GRADE, "")
    if name not in predictions.frame.columns:
        return ()
    table = predictions.frame[_rows(predictions, chosen)]
    by_grade = count_scores_by(table, name)
    why = predictions.why_no_pd
    found = []
    for level, counts in by_grade.items():
        mean = Estimate.undefined(why) if why else mean_pd(counts)
        rate = default_rate(counts)
        ratio = Estimate.undefined(why) if why else calibration_in_the_large(counts).ratio
        found.append(
            Grade(None if level is None else str(level), counts.n_applications, counts.n_bad, mean, rate, ratio)
        )
    return tuple(found)


def own_unit(predictions: Predictions, cutoff: float, ks_cutoff: float | None) -> dict[str, object] | None:
    """The scale of a score that is no probability, and the cutoffs on it; None where the score is one."""
    scale = predictions.scale
    if scale is None:
        return None
    return {
        "kind": scale.kind,
        "least": scale.least,
        "most": scale.most,
        "higher": scale.higher,
        "cutoff": scale.score(cutoff),
        "ks_cutoff": None if ks_cutoff is None else scale.score(declined_from(predictions, ks_cutoff)),
    }


def declined_from(predictions: Predictions, cutoff: float) -> float:
    """The safest PD or place of the table that a cutoff declines; the cutoff itself where it declines nobody."""
    pds = predictions.frame[PROBABILITY]
    declined = pds.filter(pds >= cutoff).min()
    return cutoff if declined is None else float(str(declined))


def _rows(predictions: Predictions, chosen: pl.Expr | None) -> pl.Series:
    """The places of the rows that `chosen` selects."""
    table = predictions.frame.with_row_index(_ROWS)
    return (table if chosen is None else table.filter(chosen))[_ROWS]


def _model(scores: pl.Series, facts: pl.DataFrame) -> Model:
    table = facts.with_columns(scores.alias("score")).drop_nulls("score")
    known = table.drop_nulls()
    if known.is_empty():
        nothing = Estimate.undefined(NO_OUTCOMES if table.height else NO_APPLICATIONS)
        return Model(table.height, nothing, nothing)
    counts = exact_counts(known[OUTCOME], known["score"], weight=known[WEIGHT] if WEIGHT in known.columns else None)
    return Model(table.height, roc_auc(counts), gini(counts))


def _is_declined(decisions: pl.Expr) -> pl.Expr:
    """True for a declined row, false for an approved one, null for a referral or anything else."""
    text = decisions.cast(pl.String).str.strip_chars().str.to_lowercase()
    return (
        pl.when(text.str.contains(DECLINED))
        .then(pl.lit(value=True))
        .when(text.str.contains(APPROVED))
        .then(pl.lit(value=False))
    )

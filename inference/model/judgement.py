"""What is decided of an application: PD, decision and risk band, or why it is referred; and what looks wrong in it.

Every surface judges here, so that JSON, tables, files, screen and record give one answer. Rules and band edges are
those of the model's manifest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.definition.definition import Definition
from data.plausibility import broken_rules, broken_rules_each
from data.predictions.scores import exact_score, exact_scores
from inference.model.decision import declines, is_declined, risk_band, risk_bands
from inference.model.session import ScoringSession

APPROVE, DECLINE, REFER = "approve", "decline", "refer"
PROBABILITY, DECISION, RISK_BAND = "default_probability", "decision", "risk_band"
REFER_REASON, WARNINGS = "refer_reason", "warnings"
JUDGED = pl.Schema(
    {
        PROBABILITY: pl.Float64(),
        DECISION: pl.String(),
        RISK_BAND: pl.String(),
        REFER_REASON: pl.String(),
        WARNINGS: pl.String(),
    }
)
_BETWEEN = "; "
# Of a model made elsewhere, which may have no answer to what it was not made for.
NO_PD = "The model gives no PD for these values."


@dataclass(frozen=True, slots=True)
class Judgement:
    """`decision` is `approve`, `decline` or `refer`; a referred application has no PD and no risk band.

    `refer_reason` is one sentence, empty unless referred; `warnings` are values that contradict one another.
    """

    default_probability: float | None
    decision: str
    risk_band: str | None
    refer_reason: str
    warnings: tuple[str, ...]


def judge(application: Mapping[str, object], session: ScoringSession) -> Judgement:
    """Judge one application at the model's cutoff.

    Raises:
        FeatureError: a key that is no column of the table, or a value of the wrong type.
    """
    # Scored in any case: what is wrong with a value is said before what is missing.
    return judged(application, session.score(application), session, session.manifest.cutoff)


def judged(application: Mapping[str, object], pd: float, session: ScoringSession, cutoff: float) -> Judgement:
    """Judge one application, which the session's model gives the PD `pd`, at a cutoff.

    The PD that is told is the decimal that is decided on (`data.predictions.scores.exact_scores`).
    """
    warnings = tuple(rule.text for rule in broken_rules(application, session.definition))
    reason = session.sufficiency.why_refer(application) or (NO_PD if math.isnan(pd) else "")
    if reason:
        return Judgement(None, REFER, None, reason, warnings)
    decision = DECLINE if declines(pd, cutoff) else APPROVE
    return Judgement(exact_score(np.float32(pd)), decision, risk_band(pd, session.manifest.band_edges), "", warnings)


def judge_table(
    applications: pl.DataFrame, probabilities: NDArray[np.float32], session: ScoringSession, cutoff: float
) -> pl.DataFrame:
    """Judge every row, to which the model of `session` gives the PDs `probabilities` (rows,), at a cutoff.

    Columns are those of `JUDGED`.
    Where a row is referred, PD and risk band are null; elsewhere the reason is; warnings are joined by semicolons.
    """
    reasons = session.sufficiency.why_refer_each(applications)
    has_none = np.isnan(probabilities)
    if has_none.any():
        reasons = reasons.zip_with(pl.Series(~has_none) | reasons.is_not_null(), pl.Series([NO_PD]))
    is_scored = reasons.is_null()
    decisions = np.where(is_declined(probabilities, cutoff), DECLINE, APPROVE)
    frame = pl.DataFrame(
        {
            PROBABILITY: exact_scores(pl.Series(probabilities)),
            DECISION: pl.Series(np.where(is_scored.to_numpy(), decisions, REFER), dtype=pl.String),
            RISK_BAND: pl.Series(risk_bands(probabilities, session.manifest.band_edges), dtype=pl.String),
            REFER_REASON: reasons,
            WARNINGS: _worded(applications, session.definition),
        },
        schema=JUDGED,
    )
    return frame.with_columns(pl.when(is_scored).then(pl.col(PROBABILITY, RISK_BAND)))


def _worded(applications: pl.DataFrame, definition: Definition) -> pl.Series:
    broken = broken_rules_each(applications, definition)
    texts = np.array([rule.text for rule in definition.rules], dtype=object)
    words: list[str | None] = [None] * len(broken)
    for row in np.flatnonzero(broken.any(axis=1)):
        words[row] = _BETWEEN.join(texts[broken[row]])
    return pl.Series(words, dtype=pl.String)

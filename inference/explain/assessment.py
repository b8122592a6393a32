"""Everything that is said of one application at one cutoff: PD, decision, risk band, contributions, reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from inference.errors import InferenceError
from inference.explain.comparison import Reference
from inference.explain.explainer import Explainer, Explanation
from inference.explain.reasons import Reason, principal_reasons, strongest_supports
from inference.model.judgement import DECLINE, judged
from inference.model.session import ScoringSession
from inference.values import Value


class ReferredError(InferenceError):
    """An application of which too little is known to score it; `warnings` are values that contradict one another."""

    def __init__(self, reason: str, warnings: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.warnings = warnings


@dataclass(frozen=True, slots=True)
class Assessment:
    """`default_probability` is a PD, `cutoff` the one at and above which an application is declined.

    `reasons` are why it is declined, or what keeps it approved: the fields that set it apart from applications that are
    just approved. `explanation` is None, and `reasons` are empty, where the model's trees are not at hand. `warnings`
    are values that contradict one another.
    """

    default_probability: float
    cutoff: float
    is_declined: bool
    risk_band: str
    explanation: Explanation | None
    reasons: tuple[Reason, ...]
    warnings: tuple[str, ...] = ()

    @property
    def distance(self) -> float:
        """How far the PD lies above the cutoff; negative below it."""
        return self.default_probability - self.cutoff


def assess(
    application: Mapping[str, Value],
    cutoff: float,
    session: ScoringSession,
    explainer: Explainer | None,
    reference: Reference | None,
) -> Assessment:
    """Score and explain one application.

    Raises:
        ReferredError: too little is known of it.
        FeatureError: a key that is no column of the table, or a value of the wrong type.
    """
    # Both the score and its explanation are of this row.
    row = session.features.row(application)
    pd = session.score_row(row)
    found = judged(application, pd, session, cutoff)
    if found.risk_band is None:
        raise ReferredError(found.refer_reason, found.warnings)
    is_declined = found.decision == DECLINE
    explanation = None if explainer is None else explainer.explain_row(application, row)
    reasons: tuple[Reason, ...] = ()
    if explanation is not None and reference is not None:
        reasons = (
            principal_reasons(application, explanation, session, reference)
            if is_declined
            else strongest_supports(application, session.definition, explanation, reference)
        )
    return Assessment(pd, cutoff, is_declined, found.risk_band, explanation, reasons, found.warnings)

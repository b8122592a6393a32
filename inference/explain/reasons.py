"""Reasons of a decision: the values that set an applicant apart from those just approved, and that cost the approval.

US Regulation B wants the principal reasons for an adverse action to be those that the score was in fact based on, to be
specific, and finds that more than four seldom help (12 CFR 1002.9, official interpretation of 9(b)(2)). It names two
methods of choosing them. Ours is the one that compares, factor by factor, with the average of those applicants whose
total score was at or slightly better than the cutoff; the factors are the model's features, their scores the
contributions to the log-odds. How far each feature exceeds that average is traced to the applicant's raw fields
(`inference.explain.tracing`) and added up by field, because a reason has to name what an applicant stated.

In that order a field is a reason where it also passes three checks: its value is not what is typical of the just
approved, the PD falls when the field alone is moved to their typical value, and it is no flag that says that a document
or a number was given, which nobody could be told as a fault. Where fewer than four pass, and what exceeds the average
is more than they account for, the rest is said to be a combination of several values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.definition.columns import Kind
from data.definition.definition import Definition
from data.plausibility import broken_rules
from inference.explain.comparison import Reference, are_typical, as_array, is_typical, typical_value
from inference.explain.explainer import Advance, Explainer, Explanation
from inference.explain.variants import move_fields, score_variants
from inference.model.session import ScoringSession
from inference.model.sufficiency import is_missing
from inference.values import Value

MOST_REASONS = 4
MOST_SUPPORTS = 3
NO_REASON = -1
# In log-odds: what multiplies the odds by less than 1.05 is no principal reason.
LEAST_EXCESS = math.log(1.05)
# Whoever is declined is told something: with no field to name, a combination from here on.
_LEAST_TOLD = 0.001
COMBINATION = "COMBINATION"
COMBINATION_LABEL = "A combination of several values"

Lowers = Callable[[NDArray[np.intp], NDArray[np.intp]], NDArray[np.bool_]]
"""Whether the PD of each of some rows falls when one of its fields, given beside it, is moved to the typical value."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A raw field that tells an applicant apart; `excess` is what it adds beyond the reference's mean, in log-odds.

    Where `field` is `COMBINATION`, it is what all fields add that are not named.
    """

    field: str
    excess: float


def principal_reasons(
    application: Mapping[str, Value],
    explanation: Explanation,
    session: ScoringSession,
    reference: Reference,
    *,
    n: int = MOST_REASONS,
) -> tuple[Reason, ...]:
    """At most `n` reasons for which an application is declined, largest excess first, a combination last.

    `explanation` is that of `application`.
    """
    if reference.n_applications == 0:
        return ()
    excess = _excess(explanation, reference)
    fields = tuple(excess)
    # In single precision, as those of a batch are: otherwise a near tie might be ordered otherwise there.
    row = np.array([list(excess.values())], dtype=np.float32)
    candidates = np.zeros(row.shape, dtype=bool)
    for place in np.flatnonzero(row[0] > LEAST_EXCESS).tolist():
        candidates[0, place] = _can_be_named(
            fields[place], [application.get(fields[place])], session.definition, reference
        )[0]

    def lowers(_: NDArray[np.intp], places: NDArray[np.intp]) -> NDArray[np.bool_]:
        names = [fields[place] for place in places]
        return _moved_one(application, explanation.row, names, session, reference) < probability

    # As the PDs of moved applications are given, so that an equal one does not seem lower.
    probability = np.float32(session.score_row(explanation.row))
    ranked = _named(row, candidates, lowers, n)[0]
    named = [Reason(fields[place], excess[fields[place]]) for place in ranked if 0 <= place < len(fields)]
    if len(fields) in ranked:
        named.append(Reason(COMBINATION, sum(excess.values()) - sum(reason.excess for reason in named)))
    return tuple(named)


def strongest_supports(
    application: Mapping[str, Value],
    definition: Definition,
    explanation: Explanation,
    reference: Reference,
    *,
    n: int = MOST_SUPPORTS,
) -> tuple[Reason, ...]:
    """The fields that lower the risk most below the reference's, most negative excess first; for an approved one.

    Passed over are fields whose value is missing, contradicts another one or is typical of the just approved: none of
    these speaks for the applicant. `explanation` is that of `application`.
    """
    if reference.n_applications == 0:
        return ()
    doubtful = {name for rule in broken_rules(application, definition) for name in rule.columns}
    lowering = [
        Reason(name, value)
        for name, value in _excess(explanation, reference).items()
        if value < 0 and name not in doubtful and _can_support(name, application.get(name), definition, reference)
    ]
    return tuple(sorted(lowering, key=lambda reason: reason.excess)[:n])


def batch_reasons(
    applications: pl.DataFrame,
    matrix: NDArray[np.float32],
    explainer: Explainer,
    session: ScoringSession,
    reference: Reference,
    *,
    n: int = MOST_REASONS,
    known: NDArray[np.float64] | None = None,
    advance: Advance | None = None,
) -> NDArray[np.intp]:
    """The principal reasons of many applications, each the position of its field in `explainer.fields`; -1 for none.

    A combination is the position behind the last field, where `reason_labels` names it. `matrix` are the applications'
    features, float32 (rows, features). The result is (rows, n), in each row what `principal_reasons` gives in its
    order; memory beyond it does not grow with the rows. `known` are the contributions by feature where they were
    computed before, (features, rows). `advance` is told (rows done, rows in all).

    Raises:
        FeatureError: the matrix is not as wide as the feature list, or the applications lack a column.
        ValueError: there are not as many applications as rows of the matrix.
    """
    result = np.full((len(matrix), n), NO_REASON, dtype=np.intp)
    if reference.n_applications == 0:
        return result
    fields = explainer.fields
    definition = session.definition
    typical = [typical_value(definition.column(name), reference.typical[name]) for name in fields]

    def name_reasons(rows: slice, excess: NDArray[np.float32]) -> None:
        table, features = applications[rows], matrix[rows]
        can_be_named = np.column_stack([_can_be_named(name, table[name], definition, reference) for name in fields])
        probabilities = session.score_matrix(features)

        def lowers(which: NDArray[np.intp], places: NDArray[np.intp]) -> NDArray[np.bool_]:
            # Field after field, as `move_fields` gives them.
            order = np.argsort(places, kind="stable")
            moves = [(fields[i], which[places == i], typical[i]) for i in np.unique(places).tolist()]
            moved = session.score_matrix(move_fields(session.features, table, features, moves))
            falls = np.empty(len(which), dtype=bool)
            falls[order] = moved < probabilities[which[order]]
            return falls

        result[rows] = _named(excess, can_be_named & (excess > LEAST_EXCESS), lowers, n)

    explainer.each_block(applications, matrix, name_reasons, less=reference.features, known=known, advance=advance)
    return result


def reason_labels(definition: Definition, fields: tuple[str, ...]) -> list[str]:
    """What the positions that `batch_reasons` gives are called."""
    return [*(definition.column(name).label for name in fields), COMBINATION_LABEL]


def _excess(explanation: Explanation, reference: Reference) -> dict[str, float]:
    """What each field adds beyond the reference's mean, in log-odds."""
    return explanation.traced({name: value - reference.features[name] for name, value in explanation.features.items()})


def _can_be_named(
    name: str, values: Sequence[Value] | pl.Series, definition: Definition, reference: Reference
) -> NDArray[np.bool_]:
    """Whether each value of a field is one that an applicant can be told: not typical, and nothing that was given."""
    column = definition.column(name)
    found = as_array(column, values)
    can: NDArray[np.bool_] = ~are_typical(column, found, reference.typical[name])
    return can & (found != 1) if column.kind is Kind.FLAG and column.group in definition.given_groups else can


def _can_support(name: str, value: Value, definition: Definition, reference: Reference) -> bool:
    return not is_missing(value) and not is_typical(definition.column(name), value, reference.typical[name])


def _moved_one(
    application: Mapping[str, Value],
    features: NDArray[np.float32],
    names: list[str],
    session: ScoringSession,
    reference: Reference,
) -> NDArray[np.float32]:
    """PD with each of the fields moved alone to its typical value."""
    changes: dict[str, list[Value]] = {name: [application.get(name)] * len(names) for name in names}
    for row, name in enumerate(names):
        changes[name][row] = typical_value(session.definition.column(name), reference.typical[name])
    return score_variants(session, application, changes, row=features)


def _named(excess: NDArray[np.float32], candidates: NDArray[np.bool_], lowers: Lowers, n: int) -> NDArray[np.intp]:
    """Positions of each row's first `n` candidates that `lowers` confirms, largest excess first; (rows, n).

    Of equal ones the first. Only about as many are asked as it takes. Behind them, where there is room and something
    left that raises the risk, stands the number of fields for a combination; then -1.
    """
    n_rows, n_fields = excess.shape
    order = np.argsort(-np.where(candidates, excess, -np.inf), axis=1, kind="stable")
    n_candidates = candidates.sum(axis=1)[:, None]
    places = np.arange(n_fields)
    holds = np.zeros(excess.shape, dtype=bool)
    asked = 0
    while asked < n_fields:
        upto = max(2 * asked, n)
        is_open = (holds.sum(axis=1) < n)[:, None] & (places >= asked) & (places < upto) & (places < n_candidates)
        rows, ranks = np.nonzero(is_open)
        if rows.size:
            holds[rows, ranks] = lowers(rows, order[rows, ranks])
        asked = upto
    rows, ranks = np.nonzero(holds & (np.cumsum(holds, axis=1) <= n))
    slots = (np.cumsum(holds, axis=1) - 1)[rows, ranks]
    named = np.full((n_rows, n), NO_REASON, dtype=np.intp)
    named[rows, slots] = order[rows, ranks]
    # In double precision: what is left of many small numbers is smaller still.
    left = excess.sum(axis=1, dtype=np.float64)
    np.subtract.at(left, rows, excess[rows, order[rows, ranks]])
    n_named = (named != NO_REASON).sum(axis=1)
    combined = np.flatnonzero((n_named < n) & (left > np.where(n_named > 0, LEAST_EXCESS, _LEAST_TOLD)))
    named[combined, n_named[combined]] = n_fields
    return named

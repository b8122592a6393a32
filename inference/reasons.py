"""Reasons of a decision: where an applicant's contributions differ most from those of applicants just approved.

US Regulation B wants the principal reasons for an adverse action to be those that the score was in fact based on, and
finds that more than four seldom help (12 CFR 1002.9, official interpretation of 9(b)(2)). It names two methods of
choosing them. Ours is the one that compares, factor by factor, with the average of those applicants whose total score
was at or slightly better than the cutoff; the factors are the model's features, their scores the contributions to the
log-odds. How far each feature exceeds that average is then traced to the applicant's raw fields (`inference.tracing`)
and added up by field, because a reason has to name what an applicant stated.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data import schema
from data.schema import Kind
from inference.contributions import Contributions
from inference.decision import is_declined, probabilities_of
from inference.explainer import Advance, Explainer, Explanation

JUST_APPROVED = 2_000
MOST_REASONS = 4
MOST_SUPPORTS = 3
NO_REASON = -1
_QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True, slots=True)
class Reference:
    """The applications that the cutoff only just approves: how many, and by feature the mean log-odds it adds."""

    n_applications: int
    features: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Reason:
    """A raw field that tells an applicant apart; `excess` is what it adds beyond the reference's mean, in log-odds."""

    field: str
    excess: float


@dataclass(frozen=True, slots=True)
class Typical:
    """What is typical of some applications' values of one column.

    A number has quartiles, each of them a value that occurs, its sentinel left out; a category or a flag has its
    commonest level. The shares, 0 to 1, are of all values.
    """

    low: float | None
    median: float | None
    high: float | None
    level: str | None
    level_share: float
    missing_share: float
    sentinel_share: float


def published_log_odds(contributions: Contributions) -> NDArray[np.float32]:
    """Log-odds of every application under the published model, out of its stored contributions: float32 (rows,).

    Each of them was rounded to the nearest step, so that the sum is off by half a step for each feature at most.
    """
    # In whole steps, so that adding rounds nothing; thousands of numbers of 16 bits stay within 32.
    steps = np.zeros(contributions.frame.height, dtype=np.int32)
    for feature in contributions.features:
        steps += contributions.frame[feature.name].to_numpy()
    return (contributions.base + contributions.step * steps).astype(np.float32)


def just_approved(log_odds: NDArray[np.floating[Any]], cutoff: float, n: int = JUST_APPROVED) -> NDArray[np.int64]:
    """Positions of the `n` applications with the highest PD below the cutoff, highest first; fewer where fewer are.

    Among equal ones those come first that stand first.
    """
    approved = np.flatnonzero(~is_declined(probabilities_of(log_odds), cutoff))
    if approved.size > n:
        # All that tie with the last one to be taken stay in until they are ordered.
        last = np.partition(log_odds[approved], approved.size - n)[approved.size - n]
        approved = approved[log_odds[approved] >= last]
    order = np.argsort(-log_odds[approved], kind="stable")
    return approved[order[:n]]


def make_reference(contributions: Contributions, rows: NDArray[np.int64]) -> Reference:
    """The mean contributions of the applications at the positions `rows`; without any, a reference that names none."""
    if rows.size == 0:
        return Reference(0, {})
    names = [feature.name for feature in contributions.features]
    means = {name: contributions.frame[name].to_numpy()[rows].mean(dtype=np.float64) for name in names}
    return Reference(rows.size, {name: float(contributions.step * mean) for name, mean in means.items()})


def principal_reasons(explanation: Explanation, reference: Reference, *, n: int = MOST_REASONS) -> tuple[Reason, ...]:
    """The fields that raise the risk most beyond the reference's, largest excess first; only those that do raise it."""
    return _strongest(explanation, reference, n, sign=1)


def strongest_supports(
    explanation: Explanation, reference: Reference, *, missing: Collection[str] = (), n: int = MOST_SUPPORTS
) -> tuple[Reason, ...]:
    """The fields that lower the risk most below the reference's, most negative excess first; for an approved one.

    What is not known speaks for nobody: the fields `missing` are passed over.
    """
    ranked = _strongest(explanation, reference, len(explanation.fields), sign=-1)
    return tuple(reason for reason in ranked if reason.field not in missing)[:n]


def batch_reasons(
    applications: pl.DataFrame,
    matrix: NDArray[np.float32],
    explainer: Explainer,
    reference: Reference,
    *,
    n: int = MOST_REASONS,
    advance: Advance | None = None,
) -> NDArray[np.intp]:
    """The principal reasons of many applications, each the position of its field in `explainer.fields`; -1 for none.

    `matrix` are the applications' features, float32 (rows, features). The result is (rows, n), in each row what
    `principal_reasons` gives in its order; memory beyond it does not grow with the rows. `advance` is told (rows done,
    rows in all).

    Raises:
        FeatureError: the matrix is not as wide as the feature list, or the applications lack a column.
        ValueError: there are not as many applications as rows of the matrix.
    """
    result = np.full((len(matrix), n), NO_REASON, dtype=np.intp)
    if reference.n_applications == 0:
        return result

    def rank(rows: slice, excess: NDArray[np.float32]) -> None:
        result[rows] = _ranked(excess, n)

    explainer.each_block(applications, matrix, rank, less=reference.features, advance=advance)
    return result


def typical_of(column: schema.Column, values: pl.Series) -> Typical:
    """What is typical among `values` as they are stored; of levels that are as common, the first of the schema's."""
    n_values = max(len(values), 1)
    missing = values.null_count() / n_values
    present = values.drop_nulls()
    if column.kind in (Kind.CATEGORY, Kind.FLAG):
        level, count = _commonest(column, present)
        return Typical(None, None, None, level, count / n_values, missing, 0.0)
    numbers = present if column.sentinel is None else present.filter(present != column.sentinel)
    low, median, high = (numbers.quantile(share, "nearest") for share in _QUARTILES)
    return Typical(low, median, high, None, 0.0, missing, (len(present) - len(numbers)) / n_values)


def _strongest(explanation: Explanation, reference: Reference, n: int, *, sign: int) -> tuple[Reason, ...]:
    if reference.n_applications == 0:
        return ()
    beyond = {name: value - reference.features[name] for name, value in explanation.features.items()}
    excess = tuple(explanation.traced(beyond).items())
    # In single precision, as those of a batch are: otherwise a near tie might be ordered otherwise there.
    ranked = _ranked(sign * np.array([[value for _, value in excess]], dtype=np.float32), n)[0]
    return tuple(Reason(*excess[place]) for place in ranked if place != NO_REASON)


def _ranked(excess: NDArray[np.float32], n: int) -> NDArray[np.intp]:
    """Positions of each row's `n` largest, largest first, of equal ones the first; -1 in place of those not above 0."""
    left, rows = excess.copy(), np.arange(len(excess))
    chosen = np.full((len(excess), n), NO_REASON, dtype=np.intp)
    for rank in range(min(n, excess.shape[1])):
        best = left.argmax(axis=1)
        chosen[:, rank] = np.where(left[rows, best] > 0, best, NO_REASON)
        left[rows, best] = -np.inf
    return chosen


def _commonest(column: schema.Column, present: pl.Series) -> tuple[str | None, int]:
    """The commonest level and how many have it; none where no value is present."""
    levels = present.cast(pl.String if column.kind is Kind.CATEGORY else pl.Int64).cast(pl.String)
    counts: dict[str, int] = dict(levels.value_counts().iter_rows())
    order = {level: place for place, level in enumerate(column.levels or ("0", "1"))}
    # Levels that the schema does not list come after its own, by name.
    found = sorted(counts, key=lambda level: (-counts[level], order.get(level, len(order)), level))
    return (found[0], counts[found[0]]) if found else (None, 0)

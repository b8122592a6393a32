"""Whom an applicant is compared with: those that the cutoff only just approves, and what is typical of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.definition.columns import Column, Kind
from data.definition.definition import Definition
from data.store.storage import ROW_GROUP_ROWS
from inference.errors import ContributionsError
from inference.explain.contributions import Contributions, digest_of_model, make_contributions
from inference.model.decision import is_declined, probabilities_of
from inference.model.session import ScoringSession
from inference.values import Value

if TYPE_CHECKING:
    from inference.explain.shapley import ShapleyModel

JUST_APPROVED = 2_000
_QUARTILES = (0.25, 0.5, 0.75)
_HALF = 0.5
# What float32 sums of stored steps and the model's own float32 arithmetic can differ by, in log-odds.
_ARITHMETIC = 1e-5


@dataclass(frozen=True, slots=True)
class Typical:
    """What is typical of some applications' values of one column.

    A number has quartiles, each of them a value that occurs, special values left out; a category or a flag has its
    commonest level. The shares, 0 to 1, are of all values; `special_shares` are in the order of the column's special
    values.
    """

    low: float | None
    median: float | None
    high: float | None
    level: str | None
    level_share: float
    missing_share: float
    special_shares: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """The applications that the cutoff only just approves.

    How many they are, by feature the mean log-odds that it adds, and by raw column what is typical of them.
    """

    n_applications: int
    features: Mapping[str, float]
    typical: Mapping[str, Typical] = field(default_factory=dict)


def published_log_odds(contributions: Contributions) -> NDArray[np.float32]:
    """Log-odds of every application under the published model, out of its stored contributions: float32 (rows,).

    Each of them was rounded to the nearest step, so that the sum is off by half a step for each feature at most.
    """
    # In whole steps, so that adding rounds nothing; thousands of numbers of 16 bits stay within 32.
    steps = np.zeros(contributions.frame.height, dtype=np.int32)
    for feature in contributions.features:
        steps += contributions.frame[feature.name].to_numpy()
    return (contributions.base + contributions.step * steps).astype(np.float32)


def just_approved(
    log_odds: NDArray[np.floating[Any]],
    error: float,
    score: Callable[[NDArray[np.int64]], NDArray[np.float32]],
    cutoff: float,
    n: int = JUST_APPROVED,
) -> NDArray[np.int64]:
    """Positions of the `n` applications with the highest PD below the cutoff, highest first; fewer where fewer are.

    `log_odds` are off by at most `error`, and only say which applications can be among them; `score` gives the PDs at
    some positions, which decide. Among equal PDs those come first that stand first.
    """
    with np.errstate(divide="ignore"):
        edge = np.log(cutoff) - np.log1p(-cutoff)
    # The comparison with the cutoff is one of float32 PDs, whose rounding `_ARITHMETIC` covers.
    slack = error + _ARITHMETIC
    possible = log_odds < edge + slack
    certain = log_odds[log_odds < edge - slack]
    if certain.size > n:
        # At least `n` approved applications have a PD above that of any row below this.
        possible &= log_odds >= np.partition(certain, certain.size - n)[certain.size - n] - 2 * slack
    rows = np.flatnonzero(possible)
    probabilities = score(rows)
    approved = ~is_declined(probabilities, cutoff)
    rows, probabilities = rows[approved], probabilities[approved]
    return rows[np.argsort(-probabilities, kind="stable")[:n]]


def find_reference(
    contributions: Contributions,
    applications: pl.LazyFrame,
    session: ScoringSession,
    cutoff: float,
    *,
    n: int = JUST_APPROVED,
) -> Reference:
    """The `n` applications that `session` approves with the highest PD, out of those behind `contributions`.

    `applications` are in their order. Only those whose stored contributions come near enough are scored.

    Raises:
        FeatureError: the applications lack a column of the model.
        ContributionsError: the contributions do not add up to what `session` gives these applications.
    """
    sources = applications.select(session.features.sources)

    log_odds = published_log_odds(contributions)
    error = contributions.max_error * len(contributions.features)

    def score(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        probabilities = session.score_frame(_gathered(sources, rows))
        # A PD moves by at most a quarter of what its log-odds do; what moves further is of another model or other rows,
        # whatever the file says of itself.
        if np.any(np.abs(probabilities - probabilities_of(log_odds[rows])) > error / 4 + _ARITHMETIC):
            raise ContributionsError.from_other_model()
        return probabilities

    rows = just_approved(log_odds, error, score, cutoff, n)
    return make_reference(contributions, session.definition, _gathered(sources, rows), rows)


def compute_reference(
    model: ShapleyModel, applications: pl.LazyFrame, session: ScoringSession, cutoff: float, *, n: int = JUST_APPROVED
) -> Reference:
    """`find_reference` without stored contributions: scores all applications and explains the `n` by the trees `model`.

    Raises:
        FeatureError: the applications lack a column of the model.
    """
    sources = applications.select(session.definition.id, *session.features.sources)
    n_rows = sources.select(pl.len()).collect().item()
    parts = (sources.slice(start, ROW_GROUP_ROWS).collect() for start in range(0, n_rows, ROW_GROUP_ROWS))
    probabilities = np.concatenate([np.empty(0, np.float32), *map(session.score_frame, parts)])
    with np.errstate(divide="ignore"):
        log_odds = np.log(probabilities.astype(np.float64)) - np.log1p(-probabilities.astype(np.float64))
    rows = just_approved(log_odds, 0.0, lambda found: probabilities[found], cutoff, n)
    if rows.size == 0:
        return Reference(0, {})
    found = _gathered(sources, rows)
    explained = make_contributions(found, model, digest=digest_of_model(session.manifest), features=session.features)
    return make_reference(explained, session.definition, found.drop(session.definition.id), np.arange(rows.size))


def make_reference(
    contributions: Contributions, definition: Definition, applications: pl.DataFrame, rows: NDArray[np.int64]
) -> Reference:
    """The reference of `applications`, which stand at the positions `rows`; without any, one that names nothing."""
    if rows.size == 0:
        return Reference(0, {})
    names = [feature.name for feature in contributions.features]
    means = {name: contributions.frame[name].to_numpy()[rows].mean(dtype=np.float64) for name in names}
    return Reference(
        rows.size,
        {name: float(contributions.step * mean) for name, mean in means.items()},
        {values.name: typical_of(definition.column(values.name), values) for values in applications},
    )


def typical_of(column: Column, values: pl.Series) -> Typical:
    """What is typical among `values` as they are stored; of levels that are as common, the first of the column's."""
    n_values = max(len(values), 1)
    missing = values.null_count() / n_values
    present = values.drop_nulls()
    if column.kind in (Kind.CATEGORY, Kind.FLAG):
        level, count = _commonest(column, present)
        return Typical(None, None, None, level, count / n_values, missing)
    numbers = quantities(column, present)
    special = tuple(float((present == value).sum()) / n_values for value in column.special_values)
    low, median, high = (numbers.quantile(share, "nearest") for share in _QUARTILES)
    return Typical(low, median, high, None, 0.0, missing, special)


def typical_value(column: Column, typical: Typical) -> Value:
    """The one value that stands for what is typical: missing, or a special value, where at least half are so."""
    if typical.missing_share >= _HALF:
        return None
    special = next((each for each, share in _specials(column, typical) if share >= _HALF), None)
    if special is not None:
        return int(special) if column.dtype.is_integer() else special
    if typical.level is not None:
        return int(typical.level) if column.kind is Kind.FLAG else typical.level
    return typical.median


def are_typical(column: Column, values: NDArray[Any], typical: Typical) -> NDArray[np.bool_]:
    """Whether each value is itself typical: the commonest level, in the middle half, missing like at least half.

    `values` of a category are objects, None where missing; all others are float64 with NaN.
    """
    if column.kind is Kind.CATEGORY:
        is_missing, found = values == None, values == typical.level  # noqa: E711 - of each element
    else:
        is_missing = np.isnan(values)
        # A comparison with what is not known, NaN, is false.
        ends = (typical.level, typical.level) if column.kind is Kind.FLAG else (typical.low, typical.high)
        low, high = (math.nan if end is None else float(end) for end in ends)
        found = (values >= low) & (values <= high)
        for special, share in _specials(column, typical):
            found = np.where(values == special, share >= _HALF, found)
    return np.where(is_missing, typical.missing_share >= _HALF, found)


def is_typical(column: Column, value: Value, typical: Typical) -> bool:
    """`are_typical` of one value."""
    return bool(are_typical(column, as_array(column, [value]), typical)[0])


def as_array(column: Column, values: Sequence[Value] | pl.Series) -> NDArray[Any]:
    """Values of a column as `are_typical` takes them."""
    if column.kind is Kind.CATEGORY:
        if isinstance(values, pl.Series):
            return values.cast(pl.String).to_numpy()
        return np.array([value if isinstance(value, str) else None for value in values], dtype=object)
    if isinstance(values, pl.Series):
        return values.cast(pl.Float64).fill_null(math.nan).to_numpy()
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)


def quantities(column: Column, values: pl.Series) -> pl.Series:
    """The numbers among `values` that are quantities: neither missing nor special."""
    present = values.drop_nulls()
    if not column.special:
        return present
    # Polars compares a list of decimals with decimals only.
    return present.filter(~present.cast(pl.Float64).is_in([float(each) for each in column.special_values]))


def _specials(column: Column, typical: Typical) -> Iterable[tuple[float, float]]:
    """Each special value and its share; those without one are left out."""
    return zip(column.special_values, typical.special_shares, strict=False)


def _gathered(applications: pl.LazyFrame, rows: NDArray[np.int64]) -> pl.DataFrame:
    return applications.select(pl.all().gather(rows)).collect()


def _commonest(column: Column, present: pl.Series) -> tuple[str | None, int]:
    """The commonest level and how many have it; none where no value is present."""
    levels = present.cast(pl.String if column.kind is Kind.CATEGORY else pl.Int64).cast(pl.String)
    counts: dict[str, int] = dict(levels.value_counts(name="~n").iter_rows())
    order = {level: place for place, level in enumerate(column.levels or ("0", "1"))}
    # Levels that the column does not list come after its own, by name.
    found = sorted(counts, key=lambda level: (-counts[level], order.get(level, len(order)), level))
    return (found[0], counts[found[0]]) if found else (None, 0)

"""What is odd about a table's columns and rows, each with how many rows it concerns; made for applications of any kind.

Columns are read a few at a time, so that a wide table is never in memory as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

# From where on something is called odd; the screen judges cohorts by the same values.
# With fewer applications, or fewer of either outcome for an AUC, an answer is not to be had.
MIN_APPLICATIONS = 30
MIN_OUTCOMES = 30
# No application score known to the literature comes near; 0.75 to 0.85 is usual.
IMPLAUSIBLE_AUC = 0.95
# Population stability index (PSI) of a large shift, and the rows that an empty group counts as for it.
LARGE_SHIFT = 0.25
IN_EMPTY_BIN = 0.5
MUCH_MISSING = 0.05
_AT_ONCE = 16
_MOST_LEVELS = 50
# So many times as far from the middle as 98 of 100 values spread is a typing error, a code or another unit.
_FAR = 10.0
_BINS = 10


class Issue(StrEnum):
    """What can be odd, the gravest first."""

    LEAK = "leak"
    REPEATED_ID = "repeated id"
    REPEATED_ROWS = "repeated rows"
    SAME_COLUMNS = "same columns"
    CONSTANT = "constant"
    RANGE = "out of range"
    DRIFT = "drift"
    MISSING = "missing"
    RARE = "rare levels"


@dataclass(frozen=True, slots=True)
class Oddity:
    """One thing that is odd: in a `column` (empty: in whole rows), in `count` rows, which are this `share` of them.

    `value` is the AUC of a leak, the index (PSI) of a drift and the number of rare levels; `other` the column that is
    the same, and "missing" where it is the gaps that leak.
    """

    issue: Issue
    column: str
    count: int
    share: float
    value: float | None = None
    other: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a table: its outcome (Boolean, null where open), id, when each row was, and ranges of columns.

    `ranges` are (least, most, special values), either end None where there is no limit. `skipped` columns are looked at
    in no way, such as the outcome's own.
    """

    outcome: pl.Series | None = None
    id: str = ""
    when: pl.Series | None = None
    ranges: Mapping[str, tuple[float | None, float | None, Sequence[float]]] | None = None
    skipped: frozenset[str] = frozenset()


def find_oddities(
    table: pl.LazyFrame, known: Known, progress: Callable[[int, int], None] | None = None
) -> tuple[Oddity, ...]:
    """All that is odd about `table`, by how grave it is and how many rows it concerns; about 3 s for 307,511 x 122.

    `progress` gets (done, total) in columns.
    """
    schema = table.collect_schema()
    names = [name for name in schema.names() if name not in known.skipped and not schema[name].is_nested()]
    found: list[Oddity] = []
    rows: pl.Series | None = None
    sums: dict[tuple[str, int], list[str]] = {}
    for start in range(0, len(names), _AT_ONCE):
        if progress is not None:
            progress(start, len(names))
        part = table.select(names[start : start + _AT_ONCE]).collect()
        part = part.with_columns(pl.selectors.float().fill_nan(None))
        found += [each for name in part.columns if name != known.id for each in _of_column(part[name], known)]
        if known.outcome is not None:
            found += _leaks(part.drop(known.id, strict=False), known.outcome)
        if known.id in part.columns:
            found += _repeated_ids(part[known.id])
        hashed = part.drop(known.id, strict=False)
        if hashed.width:
            of_part = hashed.hash_rows()
            rows = of_part if rows is None else pl.DataFrame([rows.alias("a"), of_part.alias("b")]).hash_rows()
        for name in hashed.columns:
            # Columns that are the same have the same sum of their values' hashes.
            sums.setdefault((str(part[name].dtype), int(part[name].hash().sum())), []).append(name)
    found += _same_columns(table, [group for group in sums.values() if len(group) > 1])
    if rows is not None and (n_repeated := len(rows) - rows.n_unique()):
        found.append(Oddity(Issue.REPEATED_ROWS, "", n_repeated, n_repeated / len(rows)))
    order = list(Issue)
    return tuple(sorted(found, key=lambda each: (order.index(each.issue), -each.count, each.column)))


def _of_column(values: pl.Series, known: Known) -> Iterator[Oddity]:
    n_rows, n_missing = len(values), values.null_count()
    if not n_rows:
        return
    if n_missing >= MUCH_MISSING * n_rows:
        yield Oddity(Issue.MISSING, values.name, n_missing, n_missing / n_rows)
    n_known = n_rows - n_missing
    if n_known and values.drop_nulls().n_unique() == 1:
        yield Oddity(Issue.CONSTANT, values.name, n_known, n_known / n_rows)
        return
    if values.dtype.is_numeric():
        n_outside = _n_outside(values, (known.ranges or {}).get(values.name))
        if n_outside:
            yield Oddity(Issue.RANGE, values.name, n_outside, n_outside / n_rows)
    elif values.dtype in (pl.String, pl.Categorical, pl.Enum):
        counts = values.drop_nulls().value_counts(name="~n")["~n"]
        rare = counts.filter(counts < MIN_APPLICATIONS)
        if len(rare):
            yield Oddity(Issue.RARE, values.name, int(rare.sum()), int(rare.sum()) / n_rows, float(len(rare)))
    if known.when is not None and (index := _drift(values, known.when)) is not None and index >= LARGE_SHIFT:
        yield Oddity(Issue.DRIFT, values.name, n_rows, 1.0, index)


def _n_outside(values: pl.Series, limits: tuple[float | None, float | None, Sequence[float]] | None) -> int:
    """How many values lie outside of what they may be, or far from all others; special values lie nowhere."""
    numbers = values.drop_nulls().cast(pl.Float64)
    low, high, special = limits or (None, None, ())
    numbers = numbers.filter(~numbers.is_in(list(special))) if special else numbers
    first, last = numbers.quantile(0.01, "linear"), numbers.quantile(0.99, "linear")
    if first is None or last is None:
        return 0
    far = _FAR * (last - first) or np.inf
    is_outside = (numbers < max(first - far, -np.inf if low is None else low)) | (
        numbers > min(last + far, np.inf if high is None else high)
    )
    return int(is_outside.sum())


def _leaks(part: pl.DataFrame, outcome: pl.Series) -> Iterator[Oddity]:
    """Columns that tell the outcome almost completely, by their values or by where these are missing."""
    is_known = outcome.is_not_null()
    part, bad = part.filter(is_known), outcome.filter(is_known)
    for values in part:
        told = [("", _ranked(values, bad))]
        if values.null_count():
            told.append(("missing", values.is_null().cast(pl.Int8)))
        for where, ranks in told:
            auc, n_rows = _auc(ranks, bad)
            if auc is not None and not 1 - IMPLAUSIBLE_AUC <= auc <= IMPLAUSIBLE_AUC:
                yield Oddity(Issue.LEAK, values.name, n_rows, n_rows / max(len(outcome), 1), auc, where)


def _ranked(values: pl.Series, bad: pl.Series) -> pl.Series:
    """What orders the values: numbers themselves, levels by their share of defaults; nothing where levels are many."""
    if values.dtype.is_numeric() or values.dtype.is_temporal() or values.dtype == pl.Boolean:
        return values.cast(pl.Int8) if values.dtype == pl.Boolean else values
    texts = values.cast(pl.String)
    if texts.n_unique() > _MOST_LEVELS:
        return pl.Series(values.name, [None] * len(values), dtype=pl.Float64)
    rates = pl.DataFrame({"level": texts, "bad": bad}).with_columns(pl.col("bad").mean().over("level"))["bad"]
    return rates.set(texts.is_null(), None)


def _auc(ranks: pl.Series, bad: pl.Series) -> tuple[float | None, int]:
    """The AUC of what orders the rows, ties counted half, and how many rows it is of; None with too few outcomes."""
    is_there = ranks.is_not_null()
    ranked, of = ranks.filter(is_there).rank("average"), bad.filter(is_there)
    n_bad, n_rows = int(of.sum()), len(of)
    if min(n_bad, n_rows - n_bad) < MIN_OUTCOMES:
        return None, n_rows
    total = float(ranked.filter(of).sum())
    return (total - n_bad * (n_bad + 1) / 2) / (n_bad * (n_rows - n_bad)), n_rows


def _repeated_ids(ids: pl.Series) -> Iterator[Oddity]:
    named = ids.drop_nulls()
    n_repeated = len(ids) - named.n_unique()
    if n_repeated:
        yield Oddity(Issue.REPEATED_ID, ids.name, n_repeated, n_repeated / len(ids))


def _same_columns(table: pl.LazyFrame, suspects: Sequence[Sequence[str]]) -> Iterator[Oddity]:
    for group in suspects:
        part = table.select(group).collect()
        told: set[str] = set()
        for one, other in combinations(group, 2):
            # Columns without a value, or with one, are told of already.
            if other not in told and part[one].drop_nulls().n_unique() > 1 and part[one].equals(part[other]):
                told.add(other)
                yield Oddity(Issue.SAME_COLUMNS, other, part.height, 1.0, other=one)


def _drift(values: pl.Series, when: pl.Series) -> float | None:
    """The stability index (PSI) of the later half of the rows against the earlier one, gaps as a group of their own."""
    order = when.arg_sort(nulls_last=True)[: len(when) - when.null_count()]
    if len(order) < 2 * MIN_APPLICATIONS:
        return None
    middle = when[order[len(order) // 2]]
    is_late = when >= middle
    early, late = values.filter(when < middle), values.filter(is_late)
    if not len(early) or not len(late):
        return None
    shares: list[Sequence[float]]
    if values.dtype.is_numeric():
        cuts = _cuts(early)
        shares = [_counts(each, cuts) for each in (early, late)]
    else:
        counts = [dict(each.cast(pl.String).value_counts(name="~n").iter_rows()) for each in (early, late)]
        levels = {*counts[0], *counts[1]}
        if len(levels) > _MOST_LEVELS:
            return None
        shares = [[float(count.get(level, 0)) for level in levels] for count in counts]
    before, after = (np.asarray(each, float) for each in shares)
    both = before + after > 0
    before, after = (np.where(each[both] > 0, each[both], IN_EMPTY_BIN) for each in (before, after))
    first, second = before / len(early), after / len(late)
    return float(((second - first) * np.log(second / first)).sum())


def _cuts(numbers: pl.Series) -> NDArray[np.float64]:
    """Where numbers are cut into groups of equal size."""
    known = numbers.drop_nulls().to_numpy().astype(float)
    return np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1])) if len(known) else np.empty(0)


def _counts(numbers: pl.Series, cuts: NDArray[np.float64]) -> Sequence[float]:
    codes = np.searchsorted(cuts, numbers.drop_nulls().to_numpy().astype(float), side="left")
    return [*np.bincount(codes, minlength=len(cuts) + 1).astype(float), float(numbers.null_count())]

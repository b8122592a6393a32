"""Columns that a model must not see: those that give the outcome away, and near-copies of others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.definition.evidence import vocabulary as words
from data.definition.evidence.roles import auc
from data.definition.evidence.summaries import Summary

GIVEN_AWAY_AUC, GIVEN_AWAY_V, COPY = 0.98, 0.98, 0.9999
_LEAST_OF_EITHER = 10
_COMPARED_ROWS = 20_000


def why_given_away(summary: Summary, y: NDArray[np.float64] | None) -> str:
    """How a column gives the outcome `y` (1, 0, NaN where open) away; empty where it does not."""
    if words.AFTERWARDS.search(words.plain(summary.name)):
        return "known only after the outcome, by its name"
    if y is None or summary.date_format or min(np.sum(y == 1), np.sum(y == 0)) < _LEAST_OF_EITHER:
        return ""
    if summary.numbers is not None:
        ranked = auc(summary, y)
        if max(ranked, 1 - ranked) >= GIVEN_AWAY_AUC and _covers(summary, y):
            return f"tells the outcome nearly by itself (AUC {max(ranked, 1 - ranked):.3f})"
    missing = summary.text.is_null().to_numpy() * 1.0
    for values, what in ((summary.text, "values"), (pl.Series(missing.astype(str)), "gaps")):
        v = _cramers_v(values, y)
        if v >= GIVEN_AWAY_V:
            return f"its {what} tell the outcome nearly by themselves (Cramér's V {v:.3f})"
    return ""


def near_copies(summaries: Sequence[Summary]) -> Iterator[tuple[str, str, str]]:
    """Columns that say what an earlier one says: name, the earlier one's, and how that was seen."""
    numbers = [each for each in summaries if each.numbers is not None and each.n_distinct > 2]
    copied: set[str] = set()
    for one, other, correlation in _correlated(numbers):
        if other not in copied and one not in copied:
            copied.add(other)
            yield other, one, f"rank correlation {correlation:.5f}"
    levels = [each for each in summaries if each not in numbers and each.n_distinct > 1 and not each.date_format]
    for at, later in enumerate(levels):
        for earlier in levels[:at]:
            if earlier.n_distinct == later.n_distinct and earlier.name not in copied and _is_renamed(earlier, later):
                yield later.name, earlier.name, "every value stands for one of it"
                break


def _covers(summary: Summary, y: NDArray[np.float64]) -> bool:
    """Whether the column has numbers in most rows of either outcome."""
    known = summary.text.is_not_null().to_numpy()
    return all(known[y == outcome].mean() > 0.5 for outcome in (0, 1))


def _cramers_v(values: pl.Series, y: NDArray[np.float64]) -> float:
    """Cramer's V between text and a binary outcome, corrected for small tables (Bergsma 2013)."""
    known = ~np.isnan(y)
    frame = pl.DataFrame({"value": values.filter(pl.Series(known)).fill_null(""), "bad": y[known]})
    table = frame.group_by("value").agg(pl.len().alias("n"), pl.col("bad").sum())
    n, rate, levels = frame.height, float(frame["bad"].mean() or 0.0), table.height  # type: ignore[arg-type]
    if levels < 2 or not 0 < rate < 1:
        return 0.0
    counts, bads = table["n"].to_numpy(), table["bad"].to_numpy()
    phi2 = float(((bads - counts * rate) ** 2 / (counts * rate * (1 - rate))).sum()) / n
    excess = (levels - 1) / (n - 1)
    shrunk = levels - (levels - 1) ** 2 / (n - 1)
    least = min(shrunk - 1, 1 - 1 / (n - 1))
    return float(np.sqrt(max(phi2 - excess, 0.0) / least)) if least > 0 else 0.0


def _correlated(numbers: Sequence[Summary]) -> Iterator[tuple[str, str, float]]:
    if len(numbers) < 2:
        return
    step = max(len(numbers[0].text) // _COMPARED_ROWS, 1)
    ranks = []
    for each in numbers:
        column = (each.numbers if each.numbers is not None else each.text).gather_every(step)
        filled = column.rank("average").fill_null(-1.0).to_numpy().astype(np.float32)
        filled -= filled.mean()
        norm = float(np.linalg.norm(filled))
        ranks.append(filled / norm if norm else filled)
    matrix = np.vstack(ranks)
    found = np.triu(np.abs(matrix @ matrix.T), 1)
    for one, other in np.argwhere(found >= COPY):
        yield numbers[one].name, numbers[other].name, float(min(found[one, other], 1.0))


def _is_renamed(one: Summary, other: Summary) -> bool:
    pairs = pl.DataFrame({"one": one.text.fill_null("\0"), "other": other.text.fill_null("\0")})
    return (
        pairs.head(_COMPARED_ROWS).n_unique()
        <= pairs["one"].n_unique()
        == pairs["other"].n_unique()
        == pairs.n_unique()
    )

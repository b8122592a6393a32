"""The good rows of a dropped file, scored: PD, decision, risk band and reasons beside the file's own columns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data import schema
from data.files.batch_file import BatchTable
from data.plausibility import RULES, broken_rules_each
from inference.explain.reasons import MOST_REASONS
from inference.model.judgement import DECISION, DECLINE, JUDGED, REFER, WARNINGS, judge_table, sufficiency_of
from inference.model.session import ScoringSession

Advance = Callable[[int, int], None]
Explain = Callable[[pl.DataFrame, NDArray[np.float32]], NDArray[np.intp]]
REASONS = tuple(f"reason_{number}" for number in range(1, MOST_REASONS + 1))
# Twice as many would explain a row a fifth faster, but tell the progress only twice.
CHUNK_ROWS = 32_768


@dataclass(frozen=True, slots=True)
class ScoredBatch:
    """The scored rows of a dropped file.

    `frame` has the file's columns in the file's order, the id first, and then ours: those of `JUDGED` (PD, decision,
    risk band, why referred, warnings), and the labels of up to four reasons, null unless declined. Ours are called as
    `probability`, `decision`, `risk_band`, `refer_reason`, `warnings` and `reasons` say; a column of the file keeps its
    name. `reasons` is empty where none were asked for.
    """

    frame: pl.DataFrame
    probability: str
    decision: str
    risk_band: str
    refer_reason: str
    warnings: str
    reasons: tuple[str, ...]
    n_declined: int
    n_referred: int
    n_implausible: int
    notices: tuple[str, ...]


def score_batch_table(
    table: BatchTable,
    session: ScoringSession,
    cutoff: float,
    *,
    explain: Explain | None = None,
    field_labels: Sequence[str] = (),
    progress: Advance | None = None,
) -> ScoredBatch:
    """Judge the good rows of `table`; a PD is bit for bit what `session.score` gives for the row alone.

    `explain` gets declined rows, as applications and as their feature matrix of float32 (rows, features), and gives up
    to four indices into `field_labels` for each, the strongest reason first and -1 where there is none. `progress` is
    told (rows done, rows in all).

    Raises:
        FeatureError: `table` lacks a column that the session's features are computed from.
    """
    judged, reasons = _judged(table.applications, session, cutoff, explain, progress)
    ours = [*judged, *(() if explain is None else _worded(reasons, field_labels))]
    names = _free_names([series.name for series in ours], table.names)
    named = [series.alias(name) for series, name in zip(ours, names, strict=True)]
    return ScoredBatch(
        # By name: in a list, Polars gives a series without a name one of its own.
        frame=pl.DataFrame({series.name: series for series in (*_own_columns(table), *named)}),
        probability=names[0],
        decision=names[1],
        risk_band=names[2],
        refer_reason=names[3],
        warnings=names[4],
        reasons=tuple(names[5:]),
        n_declined=int((judged[DECISION] == DECLINE).sum()),
        n_referred=int((judged[DECISION] == REFER).sum()),
        n_implausible=judged[WARNINGS].count(),
        notices=tuple(_notices([series.name for series in ours], names)),
    )


def _judged(
    applications: pl.DataFrame,
    session: ScoringSession,
    cutoff: float,
    explain: Explain | None,
    progress: Advance | None,
) -> tuple[pl.DataFrame, NDArray[np.intp]]:
    n_rows = applications.height
    judged = [JUDGED.to_frame()]
    reasons = np.full((n_rows, MOST_REASONS), -1, dtype=np.intp)
    for start in range(0, n_rows, CHUNK_ROWS):
        part = applications.slice(start, CHUNK_ROWS)
        matrix = session.features.matrix(part)
        stop = start + len(matrix)
        judged.append(judge_table(part, session.score_matrix(matrix), session, cutoff))
        declined = np.flatnonzero((judged[-1][DECISION] == DECLINE).to_numpy())
        if explain is not None and len(declined):
            found = explain(part[declined], matrix[declined])[:, :MOST_REASONS]
            reasons[start + declined, : found.shape[1]] = found
        if progress is not None:
            progress(stop, n_rows)
    return pl.concat(judged), reasons


def _worded(reasons: NDArray[np.intp], labels: Sequence[str]) -> Iterator[pl.Series]:
    words = pl.Series(labels, dtype=pl.String)
    for name, column in zip(REASONS, reasons.T, strict=True):
        indices = pl.Series(column)
        yield words.gather(indices.set(indices < 0, None)).alias(name)


def _own_columns(table: BatchTable) -> Iterator[pl.Series]:
    for name in sorted(table.names, key=lambda name: name != schema.ID):
        yield table.applications[name] if name in table.applications.columns else table.extra[name]


def _free_names(wanted: Iterable[str], taken: Collection[str]) -> list[str]:
    """`wanted`, each that is taken with the first number behind it that makes it free."""
    return [next(free for free in chain([name], _numbered(name)) if free not in taken) for name in wanted]


def _numbered(name: str) -> Iterator[str]:
    return (f"{name}_{number}" for number in count(2))


def _notices(wanted: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    for name, free in zip(wanted, names, strict=True):
        if name != free:
            yield f"The file has a column {name} of its own, which is kept; ours is called {free}."


def noted_rows(table: BatchTable, scored: ScoredBatch, session: ScoringSession) -> pl.DataFrame:
    """What is referred and what looks implausible, by row: its place (`table.place`), `Columns`, and `What`.

    The columns of a referred row are those that it is referred for lacking, by the rule of the `session` that judged.
    """
    reasons = scored.frame[scored.refer_reason]
    lacking = sufficiency_of(session).missing_each(table.applications)
    referred = pl.DataFrame({table.place: table.order, "Columns": lacking, "What": reasons}).drop_nulls()
    rows, rules = np.nonzero(broken_rules_each(table.applications))
    broken = {
        table.place: table.order[rows],
        "Columns": [", ".join(RULES[rule].columns) for rule in rules],
        "What": [RULES[rule].text for rule in rules],
    }
    return pl.concat([referred, pl.DataFrame(broken, schema=referred.schema)]).sort(table.place, maintain_order=True)

"""A file of applications -> a file of PDs and decisions, in bounded memory however long the file is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from data.files.batch_stream import BatchStream
from data.files.spreadsheets import csv_of
from data.reading.said import NOTHING, Said
from data.store.storage import check_file_place, write_atomically
from inference.errors import ScoringError
from inference.model.judgement import DECISION, DECLINE, JUDGED, REFER, WARNINGS, judge_table
from inference.model.session import ScoringSession

Advance = Callable[[int, int], None]
Write = Callable[[pl.DataFrame], object]
BATCH_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class ScoredFile:
    """How many applications were judged, how many of them are declined or referred, how many look implausible.

    `notices` are sentences that a reader should see.
    """

    n_rows: int
    n_declined: int
    n_referred: int
    n_implausible: int
    notices: tuple[str, ...] = ()


def score_file(
    source: Path,
    target: Path,
    session: ScoringSession,
    *,
    batch_rows: int = BATCH_ROWS,
    progress: Advance | None = None,
    said: Said = NOTHING,
) -> ScoredFile:
    """Judge every application of `source` into `target`: id and `JUDGED` columns, Parquet or CSV by its suffix.

    `source` is judged as every file of applications is, and what is `said` of how it is written is not guessed
    (`data.reading.said`); one without ids is scored in its order. A cell that keeps its
    row from being scored keeps all of them: nothing is written.

    Raises:
        ScoreroomError: `source` cannot be read or breaks the schema, or `target` cannot be written.
        ScoringError: `target` is neither `.parquet` nor `.csv`, or is `source`.
    """
    source, target = Path(source), Path(target)
    opened = _WRITERS.get(target.suffix)
    if opened is None:
        raise ScoringError(f"{target}: the suffix {target.suffix!r} is not supported; use {' or '.join(_WRITERS)}.")
    if target.exists() and source.exists() and target.samefile(source):
        raise ScoringError(f"{target}: is the file to be scored; name another file for the scores.")
    check_file_place(target)
    stream = BatchStream(source, session.definition, session.features.sources, said)
    n_rows = n_declined = n_referred = n_implausible = 0
    id_column = session.definition.column(session.definition.id)
    ids = {id_column.name: id_column.dtype} if stream.has_ids else {}
    with write_atomically(target) as part, opened(part, pl.Schema({**ids, **JUDGED})) as write:
        for batch in stream.frames(batch_rows, progress):
            scored = score_batch(batch, session)
            write(scored)
            n_rows += scored.height
            n_declined += int((scored[DECISION] == DECLINE).sum())
            n_referred += int((scored[DECISION] == REFER).sum())
            n_implausible += scored[WARNINGS].count()
    return ScoredFile(n_rows, n_declined, n_referred, n_implausible, stream.notices)


def score_batch(applications: pl.DataFrame, session: ScoringSession) -> pl.DataFrame:
    """Id where `applications` have one, PD, decision, risk band, why referred and warnings, as `judge_table` gives."""
    probabilities = session.score_frame(applications)
    judged = judge_table(applications, probabilities, session, session.manifest.cutoff)
    id_name = session.definition.id
    own = [applications[id_name]] if id_name in applications.columns else []
    return pl.DataFrame([*own, *judged])


@contextmanager
def _parquet(path: Path, columns: pl.Schema) -> Iterator[Write]:
    with pq.ParquetWriter(path, columns.to_frame().to_arrow().schema, compression="zstd") as writer:
        yield lambda frame: writer.write_table(frame.to_arrow())


@contextmanager
def _csv(path: Path, columns: pl.Schema) -> Iterator[Write]:
    with path.open("wb") as stream:
        stream.write(csv_of(columns.to_frame()))
        yield lambda frame: stream.write(csv_of(frame, with_header=False))


_WRITERS: Mapping[str, Callable[[Path, pl.Schema], AbstractContextManager[Write]]] = {
    ".parquet": _parquet,
    ".csv": _csv,
}

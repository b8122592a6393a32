"""A file of applications -> a file of PDs and decisions, in bounded memory however long the file is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from data import schema
from data.convert import iter_applications
from data.storage import check_file_place, write_atomically
from inference.errors import ScoringError
from inference.judgement import DECISION, DECLINE, JUDGED, REFER, WARNINGS, judge_table
from inference.session import ScoringSession

Advance = Callable[[int, int], None]
Write = Callable[[pl.DataFrame], None]
BATCH_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class ScoredFile:
    """How many applications were judged, how many of them are declined or referred, how many look implausible."""

    n_rows: int
    n_declined: int
    n_referred: int
    n_implausible: int


def score_file(
    source: Path,
    target: Path,
    session: ScoringSession,
    *,
    batch_rows: int = BATCH_ROWS,
    progress: Advance | None = None,
) -> ScoredFile:
    """Judge every application of `source` into `target`: id and `JUDGED` columns, Parquet or CSV by its suffix.

    Raises:
        FileError, TableError: `source` cannot be read or breaks the schema, or `target` cannot be written.
        ScoringError: `target` is neither `.parquet` nor `.csv`, or is `source`.
    """
    source, target = Path(source), Path(target)
    opened = _WRITERS.get(target.suffix)
    if opened is None:
        raise ScoringError.from_suffix(target, _WRITERS)
    if target.exists() and source.exists() and target.samefile(source):
        raise ScoringError.from_own_input(target)
    check_file_place(target)
    batches = iter_applications(source, needs_target=False, batch_rows=batch_rows, progress=progress)
    n_rows = n_declined = n_referred = n_implausible = 0
    with write_atomically(target) as part, opened(part) as write:
        for batch in batches:
            scored = score_batch(batch, session)
            write(scored)
            n_rows += scored.height
            n_declined += int((scored[DECISION] == DECLINE).sum())
            n_referred += int((scored[DECISION] == REFER).sum())
            n_implausible += scored[WARNINGS].count()
    return ScoredFile(n_rows, n_declined, n_referred, n_implausible)


def score_batch(applications: pl.DataFrame, session: ScoringSession) -> pl.DataFrame:
    """Id, PD, decision, risk band, why referred and warnings of every row, as `judge_table` gives them."""
    probabilities = session.score_frame(applications)
    manifest = session.manifest
    judged = judge_table(applications, probabilities, manifest, manifest.cutoff)
    return pl.DataFrame([applications[schema.ID], *judged])


@contextmanager
def _parquet(path: Path) -> Iterator[Write]:
    with pq.ParquetWriter(path, _EMPTY.to_arrow().schema, compression="zstd") as writer:
        yield lambda frame: writer.write_table(frame.to_arrow())


@contextmanager
def _csv(path: Path) -> Iterator[Write]:
    with path.open("wb") as stream:
        _EMPTY.write_csv(stream)
        yield lambda frame: frame.write_csv(stream, include_header=False)


_EMPTY = pl.DataFrame(schema={schema.ID: schema.column(schema.ID).dtype, **JUDGED})
_WRITERS: Mapping[str, Callable[[Path], AbstractContextManager[Write]]] = {".parquet": _parquet, ".csv": _csv}

"""A file of applications of any length, judged as a dropped one is and given frame by frame, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from data.definition.definition import Definition
from data.errors import FileError
from data.files.batch_judge import Judge, TableFaultsError, check_columns, notices_of_columns
from data.files.batch_limits import LIMITS
from data.files.sources import open_source
from data.files.validate import with_levels
from data.reading.said import NOTHING, Said
from data.reading.text import Progress

BATCH_ROWS = 50_000
# So many cells are listed when a file is refused.
MOST_LISTED = 20


class BatchStream:
    """The applications of a file that has at least the columns `needed`; what is `said` of how it is written holds.

    Raises:
        FileError: the file cannot be read or holds no table.
        BatchError, TableError: a needed column is missing, one is there twice, or it is another table.
    """

    def __init__(self, path: Path, definition: Definition, needed: Sequence[str], said: Said = NOTHING) -> None:
        self._definition = definition
        self._source = open_source(path, definition, said)
        columns = check_columns(self._source, definition, needed, LIMITS)
        self._judge = Judge(columns, definition, MOST_LISTED)
        self._of_columns = tuple(notices_of_columns(self._source.names, definition, needed, (), is_carried=False))
        self.has_ids = definition.id in self._source.names

    def frames(self, batch_rows: int = BATCH_ROWS, progress: Progress | None = None) -> Iterator[pl.DataFrame]:
        """The applications in frames of `batch_rows` rows, with the definition's dtypes.

        A fault is raised after the last frame without one, once the rest of the file is read to count them all.

        Raises:
            TableFaultsError: a cell keeps its row from being scored; the first 20 are listed.
            FileError, TableError: the file is empty or damaged, or a column holds another type.
        """
        judge = self._judge
        for raw in self._source.batches(judge.columns, batch_rows, progress):
            frame, _ = judge.look(raw)
            if not judge.n_faults:
                yield with_levels(frame, self._definition)
        if judge.n_faults:
            raise self._error()
        if not judge.n_rows:
            raise FileError.from_empty(self._source.path)

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences that a reader of the scores should see; complete once all frames were given."""
        return (*self._source.assumed, *self._of_columns, *self._judge.notices())

    def _error(self) -> TableFaultsError:
        judge, source = self._judge, self._source
        places = source.places([fault.row for fault in judge.faults])
        faults = [replace(fault, row=place) for fault, place in zip(judge.faults, places, strict=True)]
        return TableFaultsError.from_list(
            str(source.path), faults, judge.n_faults, judge.n_bad_rows, judge.n_rows, source.place_words
        )

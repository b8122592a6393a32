"""Opening an application file of any accepted format and streaming its rows, still unjudged, in bounded memory.

Every source yields frames in which a column is text (CSV, or text in Parquet) or 64-bit float (numbers in Parquet), and
can say where in the file a row stands. Judging the values is `data/files/validate.py`'s work.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Protocol

import polars as pl
import pyarrow.parquet as pq

from data.definition.columns import Column
from data.definition.definition import Definition
from data.definition.reading import MOST_COLUMNS
from data.errors import FileError, TableError
from data.files.csv_source import CsvSource
from data.files.frames import of_equal_height, without_gaps
from data.files.parquet_source import ParquetSource
from data.reading.blocks import row_lines
from data.reading.said import NOTHING, Said, said_of, together
from data.reading.surveying import survey_text
from data.reading.table import assumed_of, is_text, read_table
from data.reading.text import Progress
from data.store.opening import PARQUET, kind_of


class Source(Protocol):
    """A file of rows: its path, the names of its columns, its rows, and the place of a row for a person.

    `assumed` are sentences on how it is written, where that is not as usual.
    """

    path: Path
    names: tuple[str, ...]
    assumed: tuple[str, ...]
    place_words: str
    place_name: str

    def batches(
        self, columns: Sequence[Column], batch_rows: int, progress: Progress | None, *, carried: Sequence[str] = ()
    ) -> Iterator[pl.DataFrame]:
        """Frames of `columns`, `batch_rows` rows each but the last; `progress` gets (done, total) in bytes or rows.

        Columns of the file that are named in `carried` come with them as they are: in CSV all is text.
        """

    def places(self, rows: Sequence[int]) -> list[int]:
        """The number, from 1, of the line (CSV) or row (Parquet) in which each row of the table, from 0, begins."""


def open_source(path: Path, definition: Definition, said: Said = NOTHING) -> Source:
    """The source for `path`; what the file begins with decides its format, and its name where that says nothing.

    Text is read as `definition.table` says, or with commas and a header where its first line has the table's columns;
    where neither finds them, numbers are spelt otherwise, or it is not UTF-8, as `data.reading` finds it to be written.
    What is `said` (`data.reading.said`) is not guessed, and holds where the definition's `read` says otherwise.

    Raises:
        FileError: no such file, a directory, a device, no right to read, empty, damaged, or no table.
        TableError: the header is not UTF-8, or lines are damaged.
    """
    path = Path(path)
    kind = kind_of(path)
    if kind == PARQUET:
        return ParquetSource(path, definition)
    if not is_text(path):
        return TypedSource(path, definition, said)
    if said:
        return SurveyedSource(path, kind, definition, said)
    try:
        usual = CsvSource(path, kind, definition)
    except TableError as error:
        try:
            return SurveyedSource(path, kind, definition)
        except (FileError, TableError):
            raise error from None
    # What is far too wide is refused by its names.
    if len(usual.names) > MOST_COLUMNS or (not definition.table.read and usual.is_usual()):
        return usual
    try:
        found = SurveyedSource(path, kind, definition)
    except FileError:
        return usual
    except TableError:
        # Damage in a table of columns that only it knows is what a person has to hear of.
        if usual.n_known:
            return usual
        raise
    return found if found.n_known >= usual.n_known else usual


class SurveyedSource:
    """Text that is written in another way than the definition's table: looked through once, and read as it is."""

    place_words = CsvSource.place_words
    place_name = CsvSource.place_name

    def __init__(self, path: Path, kind: str, definition: Definition, said: Said = NOTHING) -> None:
        self.path, self._table = path, definition.table
        table = definition.table
        names = {} if table.header else {"header": False, "names": table.names}
        said = together(said_of({"read": table.read, **names}), said.items())
        self._found = survey_text(path, kind, said)
        self.names = self._found.layout.names
        self.assumed = assumed_of(self._found, said).sentences()
        self.n_known = len(set(self.names) & set(definition.by_name))
        if not self._found.n_rows:
            raise FileError.from_empty(path)

    def batches(
        self, columns: Sequence[Column], batch_rows: int, progress: Progress | None, *, carried: Sequence[str] = ()
    ) -> Iterator[pl.DataFrame]:
        """See `Source`; numbers come as text with a decimal point."""
        names = [*(column.name for column in columns), *carried]
        done, total = 0, self._found.n_rows
        for frame in of_equal_height((each.select(names) for each in self._found.texts()), batch_rows):
            yield without_gaps(frame, self._table, carried)
            done += frame.height
            if progress is not None:
                progress(done, total)

    def places(self, rows: Sequence[int]) -> list[int]:
        """See `Source`; the text is read again, because only a complaint needs it."""
        wanted = set(rows)
        numbered = enumerate(islice(row_lines(self._found.file, self._found.layout), max(rows) + 1))
        lines = {row: line for row, line in numbered if row in wanted}
        return [lines[row] for row in rows]


class TypedSource(ParquetSource):
    """A workbook, an Arrow file, or one of SAS, SPSS or Stata, held as Parquet in memory."""

    def __init__(self, path: Path, definition: Definition, said: Said = NOTHING) -> None:
        self._held = io.BytesIO()
        reading = read_table(path, together(said_of({"read": definition.table.read}), said.items()))
        reading.frame.write_parquet(self._held)
        super().__init__(path, definition)
        self.assumed = reading.assumed.sentences()

    @contextmanager
    def _file(self) -> Iterator[pq.ParquetFile]:
        self._held.seek(0)
        yield pq.ParquetFile(self._held)

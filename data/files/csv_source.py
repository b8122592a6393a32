"""Plain text with commas, or with the separator of a definition, in UTF-8: what needs no looking at, read fast."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv

from data.definition.columns import Column, Kind
from data.definition.definition import Definition, Table
from data.errors import FileError, ScoreroomError, TableError
from data.files.frames import named, of_equal_height, to_polars, without_gaps
from data.reading.layout import any_field_size
from data.reading.text import HEAD, NotUtf8Error, Progress, TextFile, Utf8
from data.store.opening import DAMAGE, open_readable, unpacked

_BLOCK = 2 << 20
_GLANCE = 50


class CsvSource:
    """Comma-separated text: plain, gzipped, or the only CSV file in a zip archive."""

    place_words = "on line"
    place_name = "Line"
    assumed: tuple[str, ...] = ()

    def __init__(self, path: Path, kind: str, definition: Definition) -> None:
        self.path, self._file, self._definition = path, TextFile(path, kind), definition
        self._table = definition.table
        self.names = self._header()

    @property
    def n_known(self) -> int:
        """How many of its columns the definition knows."""
        return len(set(self.names) & set(self._definition.by_name))

    def is_usual(self) -> bool:
        """Whether it has a column of the definition, and the first cells of its numbers are spelt with a point."""
        known = self._definition.by_name
        places = [place for place, name in enumerate(self.names) if name in known and known[name].dtype.is_numeric()]
        with closing(self._records()) as records:
            for _, fields in islice(records, 1 if self._table.header else 0, _GLANCE):
                if any(_is_spelt_otherwise(fields[place]) for place in places if place < len(fields)):
                    return False
        return self.n_known > 0

    def batches(
        self, columns: Sequence[Column], batch_rows: int, progress: Progress | None, *, carried: Sequence[str] = ()
    ) -> Iterator[pl.DataFrame]:
        """See `Source`; lines with too few or too many fields, and a quote never closed, raise TableError."""
        names = [*(column.name for column in columns), *carried]
        try:
            with self._file.open(progress=progress) as text:
                for frame in of_equal_height(self._blocks(text, names), batch_rows):
                    yield without_gaps(frame, self._table, carried)
        except NotUtf8Error:
            raise self._encoding_error() from None
        except pa.ArrowInvalid as error:
            raise self._arrow_error(error) from error

    def load(self) -> pl.DataFrame:
        """The whole file as numbers and text, nothing checked: the work that Parquet saves at every start."""
        types = self._load_types()
        with open_readable(self.path) as handle, unpacked(self.path, self._file.kind, handle) as inner:
            table = pa_csv.read_csv(
                inner,
                read_options=_read_options(self._table),
                parse_options=pa_csv.ParseOptions(delimiter=self._table.separator, newlines_in_values=True),
                convert_options=pa_csv.ConvertOptions(
                    column_types=types, null_values=["", *self._table.missing], strings_can_be_null=True
                ),
            )
        # A column that the table has no use for may be there twice.
        return to_polars(table.rename_columns([str(place) for place in range(table.num_columns)]))

    def places(self, rows: Sequence[int]) -> list[int]:
        """See `Source`; the text is read again, because only a complaint needs it."""
        with closing(self._records()) as records:
            wanted = set(rows)
            first = 1 if self._table.header else 0
            numbered = enumerate(islice(records, first, max(rows) + first + 1))
            lines = {row: line for row, (line, _) in numbered if row in wanted}
        return [lines[row] for row in rows]

    def _blocks(self, text: Utf8, columns: list[str]) -> Iterator[pl.DataFrame]:
        ragged: list[int] = []

        def skip(row: pa_csv.InvalidRow) -> str:
            ragged.append(row.actual_columns)
            return "skip"

        with _open_csv(text, self._table, columns, skip) as reader:
            for block in reader:
                if ragged:
                    break
                yield named(to_polars(block), columns)
        if ragged or text.quotes % 2:
            # A single quote may also be part of an unquoted text: then the layout is in order.
            error = self._layout_error()
            if error is not None:
                raise error

    def _load_types(self) -> dict[str, pa.DataType]:
        known = self._definition.by_name
        return {name: _load_type(known[name]) for name in self.names if name in known}

    def _header(self) -> tuple[str, ...]:
        try:
            with self._file.open() as text:
                head = codecs.getincrementaldecoder("utf-8")().decode(text.read(HEAD))
        except NotUtf8Error:
            raise self._encoding_error() from None
        try:
            names = _first_fields(head, self._table.separator)
            if self._table != _with_commas(self._table):
                with_commas = _first_fields(head, ",")
                if 2 * len(set(with_commas) & set(self._definition.by_name)) > len(self._definition.by_name):
                    self._table, names = _with_commas(self._table), with_commas
        except csv.Error as error:
            raise FileError.from_no_table(self.path, str(error)) from error
        if not names or not any(names):
            raise FileError.from_empty(self.path)
        return tuple(names if self._table.header else self._table.names)

    def _records(self, *, strict: bool = False) -> Generator[tuple[int, list[str]]]:
        """The line on which each record begins and its fields, header first; undecodable bytes become surrogates."""
        with (
            open_readable(self.path) as handle,
            unpacked(self.path, self._file.kind, handle) as inner,
            any_field_size(),
        ):
            lines = io.TextIOWrapper(inner, encoding="utf-8-sig", errors="surrogateescape", newline="")
            reader = csv.reader(lines, delimiter=self._table.separator, strict=strict)
            line = 1
            try:
                for fields in reader:
                    if fields:
                        yield line, fields
                    line = reader.line_num + 1
            except DAMAGE as error:
                raise FileError.from_damaged(self.path, self._file.kind) from error

    def _arrow_error(self, error: Exception) -> ScoreroomError:
        with closing(self._records()) as records:
            # A header without even a line end is an error to the reader, where it has only no rows.
            if self._table.header and len(list(islice(records, 2))) == 1:
                return FileError.from_empty(self.path)
        return self._layout_error() or FileError.from_no_table(self.path, str(error).splitlines()[0])

    def _encoding_error(self) -> TableError:
        lines: list[int] = []
        column = ""
        header = [] if self._table.header else list(self.names)
        for line, fields in self._records():
            header = header or fields
            broken = _undecodable(fields)
            if broken is None:
                continue
            lines.append(line)
            if _undecodable(header[broken : broken + 1]) is None:
                column = column or "".join(header[broken : broken + 1])
        return TableError.from_encoding(self.path, column, len(lines), lines[0])

    def _layout_error(self) -> TableError | None:
        first: tuple[int, int] | None = None
        n_wrong, line, width = 0, 1, 0 if self._table.header else len(self.names)
        try:
            for line, fields in self._records(strict=True):
                width = width or len(fields)
                if len(fields) != width:
                    first = first or (line, len(fields))
                    n_wrong += 1
        except csv.Error:
            return TableError.from_open_quote(self.path, line)
        return TableError.from_ragged(self.path, n_wrong, *first, width) if first else None


def _is_spelt_otherwise(cell: str) -> bool:
    """Whether a cell has a digit and yet is no number of the usual spelling."""
    try:
        float(cell)
    except ValueError:
        return any(map(str.isdigit, cell))
    return False


def _with_commas(table: Table) -> Table:
    return Table(missing=table.missing, file=table.file)


def _first_fields(head: str, separator: str) -> list[str]:
    rows = csv.reader(io.StringIO(head, newline=""), delimiter=separator)
    return next((row for row in rows if row), [])


def _read_options(table: Table, block_size: int | None = None) -> pa_csv.ReadOptions:
    names = None if table.header else list(table.names)
    return pa_csv.ReadOptions(block_size=block_size, column_names=names)


def _open_csv(
    text: Utf8, table: Table, columns: list[str], on_ragged: Callable[[pa_csv.InvalidRow], str]
) -> pa_csv.CSVStreamingReader:
    return pa_csv.open_csv(
        text,
        read_options=_read_options(table, _BLOCK),
        parse_options=pa_csv.ParseOptions(
            delimiter=table.separator, newlines_in_values=True, invalid_row_handler=on_ragged
        ),
        convert_options=pa_csv.ConvertOptions(
            include_columns=columns,
            column_types=dict.fromkeys(columns, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            check_utf8=False,
        ),
    )


def _load_type(column: Column) -> pa.DataType:
    is_number = column.dtype.is_numeric() and column.kind not in (Kind.TARGET, Kind.FLAG)
    return pa.float64() if is_number else pa.string()


def _undecodable(fields: list[str]) -> int | None:
    if all(field.isascii() for field in fields):
        return None
    for index, field in enumerate(fields):
        try:
            field.encode()
        except UnicodeEncodeError:
            return index
    return None

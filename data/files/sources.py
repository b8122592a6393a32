"""Opening an application file of any accepted format and streaming its rows, still unjudged, in bounded memory.

Every source yields frames in which a column is text (CSV, or text in Parquet) or 64-bit float (numbers in Parquet), and
can say where in the file a row stands. Judging the values is `data/files/validate.py`'s work.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from data import schema
from data.errors import DataError, FileError, TableError
from data.schema import Column
from data.store.opening import DAMAGE, PARQUET, kind_of, open_readable, unpacked

Progress = Callable[[int, int], None]

_BOM = codecs.BOM_UTF8
_BLOCK = 2 << 20
_HEAD = 1 << 20


class Source(Protocol):
    """A file of rows: its path, the names of its columns, its rows, and the place of a row for a person."""

    path: Path
    names: tuple[str, ...]
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


def open_source(path: Path) -> Source:
    """The source for `path`; what the file begins with decides its format, and its name where that says nothing.

    Raises:
        FileError: no such file, a directory, a device, no right to read, empty, damaged, or not text.
        TableError: the header is not UTF-8.
    """
    path = Path(path)
    kind = kind_of(path)
    return ParquetSource(path) if kind == PARQUET else CsvSource(path, kind)


class _NotUtf8Error(Exception):
    """Raised through the CSV reader; the file is then read again to say where."""


class _Text:
    """The decompressed bytes of a CSV file, without a byte-order mark, checked to be UTF-8 while they pass by."""

    def __init__(self, path: Path, kind: str, handle: BinaryIO, inner: BinaryIO, progress: Progress | None) -> None:
        self._path, self._kind = path, kind
        self._handle, self._inner, self._progress = handle, inner, progress
        self._total = path.stat().st_size
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._head = self._raw(len(_BOM)).removeprefix(_BOM)
        self.quotes = 0
        self.closed = False

    def read(self, size: int) -> bytes:
        chunk = self._head + self._raw(size - len(self._head))
        self._head = b""
        self.quotes += chunk.count(b'"')
        try:
            self._decoder.decode(chunk, final=len(chunk) < size)
        except UnicodeDecodeError as error:
            raise _NotUtf8Error from error
        return chunk

    def _raw(self, size: int) -> bytes:
        try:
            chunk = self._inner.read(size)
        except DAMAGE as error:
            raise FileError.from_damaged(self._path, self._kind) from error
        if self._progress is not None:
            self._progress(min(self._handle.tell(), self._total), self._total)
        return chunk

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True


class CsvSource:
    """Comma-separated text: plain, gzipped, or the only CSV file in a zip archive."""

    place_words = "on line"
    place_name = "Line"

    def __init__(self, path: Path, kind: str) -> None:
        self.path, self._kind = path, kind
        self.names = self._header()

    def batches(
        self, columns: Sequence[Column], batch_rows: int, progress: Progress | None, *, carried: Sequence[str] = ()
    ) -> Iterator[pl.DataFrame]:
        """See `Source`; lines with too few or too many fields, and a quote never closed, raise TableError."""
        names = [*(column.name for column in columns), *carried]
        try:
            with self._text(progress) as text:
                yield from _of_equal_height(self._blocks(text, names), batch_rows)
        except _NotUtf8Error:
            raise self._encoding_error() from None
        except pa.ArrowInvalid as error:
            raise self._arrow_error(error) from error

    def load(self) -> pl.DataFrame:
        """The whole file as numbers and text, nothing checked: the work that Parquet saves at every start."""
        types = {name: _load_type(schema.BY_NAME[name]) for name in self.names if name in schema.BY_NAME}
        with open_readable(self.path) as handle, unpacked(self.path, self._kind, handle) as inner:
            table = pa_csv.read_csv(
                inner,
                parse_options=pa_csv.ParseOptions(newlines_in_values=True),
                convert_options=pa_csv.ConvertOptions(column_types=types, null_values=[""], strings_can_be_null=True),
            )
        # A column that the table has no use for may be there twice.
        return _to_polars(table.rename_columns([str(place) for place in range(table.num_columns)]))

    def places(self, rows: Sequence[int]) -> list[int]:
        """See `Source`; the text is read again, because only a complaint needs it."""
        with closing(self._records()) as records:
            wanted = set(rows)
            numbered = enumerate(islice(records, 1, max(rows) + 2))
            lines = {row: line for row, (line, _) in numbered if row in wanted}
        return [lines[row] for row in rows]

    def _blocks(self, text: _Text, columns: list[str]) -> Iterator[pl.DataFrame]:
        ragged: list[int] = []

        def skip(row: pa_csv.InvalidRow) -> str:
            ragged.append(row.actual_columns)
            return "skip"

        with _open_csv(text, columns, skip) as reader:
            for block in reader:
                if ragged:
                    break
                yield _named(_to_polars(block), columns)
        if ragged or text.quotes % 2:
            # A single quote may also be part of an unquoted text: then the layout is in order.
            error = self._layout_error()
            if error is not None:
                raise error

    @contextmanager
    def _text(self, progress: Progress | None = None) -> Iterator[_Text]:
        with open_readable(self.path) as handle, unpacked(self.path, self._kind, handle) as inner:
            yield _Text(self.path, self._kind, handle, inner, progress)

    def _header(self) -> tuple[str, ...]:
        try:
            with self._text() as text:
                head = codecs.getincrementaldecoder("utf-8")().decode(text.read(_HEAD))
        except _NotUtf8Error:
            raise self._encoding_error() from None
        try:
            names = next((row for row in csv.reader(io.StringIO(head, newline="")) if row), [])
        except csv.Error as error:
            raise FileError.from_no_table(self.path, str(error)) from error
        if not names or not any(names):
            raise FileError.from_empty(self.path)
        return tuple(names)

    def _records(self, *, strict: bool = False) -> Generator[tuple[int, list[str]]]:
        """The line on which each record begins and its fields, header first; undecodable bytes become surrogates."""
        with open_readable(self.path) as handle, unpacked(self.path, self._kind, handle) as inner, _any_field_size():
            lines = io.TextIOWrapper(inner, encoding="utf-8-sig", errors="surrogateescape", newline="")
            reader = csv.reader(lines, strict=strict)
            line = 1
            try:
                for fields in reader:
                    if fields:
                        yield line, fields
                    line = reader.line_num + 1
            except DAMAGE as error:
                raise FileError.from_damaged(self.path, self._kind) from error

    def _arrow_error(self, error: Exception) -> DataError:
        with closing(self._records()) as records:
            # A header without even a line end is an error to the reader, where it has only no rows.
            if len(list(islice(records, 2))) == 1:
                return FileError.from_empty(self.path)
        return self._layout_error() or FileError.from_no_table(self.path, str(error).splitlines()[0])

    def _encoding_error(self) -> TableError:
        lines: list[int] = []
        column = ""
        header: list[str] = []
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
        n_wrong, line, width = 0, 1, 0
        try:
            for line, fields in self._records(strict=True):
                width = width or len(fields)
                if len(fields) != width:
                    first = first or (line, len(fields))
                    n_wrong += 1
        except csv.Error:
            return TableError.from_open_quote(self.path, line)
        return TableError.from_ragged(self.path, n_wrong, *first, width) if first else None


class ParquetSource:
    """A Parquet file of any writer."""

    place_words = "in row"
    place_name = "Row"

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._file() as file:
            self.names = tuple(file.schema_arrow.names)
            if file.metadata.num_rows == 0:
                raise FileError.from_empty(path)

    def batches(
        self, columns: Sequence[Column], batch_rows: int, progress: Progress | None, *, carried: Sequence[str] = ()
    ) -> Iterator[pl.DataFrame]:
        """See `Source`; a column that holds neither numbers nor text raises TableError."""
        with self._file() as file:
            done, total = 0, file.metadata.num_rows
            self._check_types(file.schema_arrow, columns, total)
            names = [*(column.name for column in columns), *carried]
            for batch in file.iter_batches(batch_size=batch_rows, columns=names):
                yield _plain(batch, carried)
                done += batch.num_rows
                if progress is not None:
                    progress(done, total)

    def places(self, rows: Sequence[int]) -> list[int]:
        """See `Source`."""
        return [row + 1 for row in rows]

    def _check_types(self, arrow: pa.Schema, columns: Sequence[Column], n_rows: int) -> None:
        for column in columns:
            found = arrow.field(column.name).type
            numbers = column.dtype.is_numeric()
            if not (_is_text(found) or (numbers and _is_number(found))):
                expected = "numbers" if numbers else "text"
                raise TableError.from_wrong_type(self.path, column.name, n_rows, str(found), expected)

    @contextmanager
    def _file(self) -> Iterator[pq.ParquetFile]:
        with open_readable(self.path) as handle:
            try:
                with pq.ParquetFile(handle) as file:
                    yield file
            except (pa.ArrowException, OSError) as error:
                raise FileError.from_damaged(self.path, PARQUET) from error


def _open_csv(
    text: _Text, columns: list[str], on_ragged: Callable[[pa_csv.InvalidRow], str]
) -> pa_csv.CSVStreamingReader:
    return pa_csv.open_csv(
        text,
        read_options=pa_csv.ReadOptions(block_size=_BLOCK),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=on_ragged),
        convert_options=pa_csv.ConvertOptions(
            include_columns=columns,
            column_types=dict.fromkeys(columns, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            check_utf8=False,
        ),
    )


def _load_type(column: Column) -> pa.DataType:
    return pa.float64() if column.dtype.is_numeric() else pa.string()


def _of_equal_height(frames: Iterator[pl.DataFrame], height: int) -> Iterator[pl.DataFrame]:
    waiting: list[pl.DataFrame] = []
    for frame in frames:
        waiting.append(frame)
        if sum(part.height for part in waiting) >= height:
            whole = pl.concat(waiting)
            full = whole.height - whole.height % height
            for start in range(0, full, height):
                yield whole[start : start + height]
            waiting = [whole[full:]]
    if sum(part.height for part in waiting):
        yield pl.concat(waiting)


def _plain(batch: pa.RecordBatch, carried: Sequence[str]) -> pl.DataFrame:
    # Text that is not UTF-8 would end the process: Polars takes Arrow's word for it.
    batch.validate(full=True)
    names = batch.schema.names
    arrays = [_plain_array(array, name not in carried) for name, array in zip(names, batch.columns, strict=True)]
    frame = _named(_to_polars(pa.RecordBatch.from_arrays(arrays, names=names)), names)
    # An empty text is what CSV can only mean as missing: both formats are to say the same.
    judged = pl.selectors.string() - pl.selectors.by_name(*carried, require_all=False)
    return frame.with_columns(judged.replace("", None))


def _plain_array(array: pa.Array, is_judged: bool) -> pa.Array:
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if not is_judged:
        return array
    return array.cast(pa.large_string() if _is_text(array.type) else pa.float64(), safe=False)


def _to_polars(batch: pa.RecordBatch | pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(batch)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _named(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    # Polars calls a column without a name, such as the index that a notebook writes, by a name of its own.
    frame.columns = list(names)
    return frame


def _is_text(found: pa.DataType) -> bool:
    return is_any(found, "string", "large_string", "string_view", "null")


def _is_number(found: pa.DataType) -> bool:
    return is_any(found, "integer", "floating", "decimal", "boolean")


def is_any(found: pa.DataType, *families: str) -> bool:
    """Whether an Arrow type, or what its dictionary holds, is of one of the families."""
    inner = found.value_type if pa.types.is_dictionary(found) else found
    return any(getattr(pa.types, f"is_{family}")(inner) for family in families)


def is_beyond_polars(found: pa.DataType) -> bool:
    """Whether Polars has no type for an Arrow type: times at a fixed offset, and decimals of more than 38 digits."""
    if pa.types.is_timestamp(found) and found.tz is not None:
        try:
            ZoneInfo(found.tz)
        except (ZoneInfoNotFoundError, ValueError):
            return True
    return bool(pa.types.is_decimal256(found))


@contextmanager
def _any_field_size() -> Iterator[None]:
    before = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _undecodable(fields: list[str]) -> int | None:
    if all(field.isascii() for field in fields):
        return None
    for index, field in enumerate(fields):
        try:
            field.encode()
        except UnicodeEncodeError:
            return index
    return None

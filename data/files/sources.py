"""Opening an application file of any accepted format and streaming its rows, still unjudged, in bounded memory.

Every source yields frames in which a column is text (CSV, or text in Parquet) or 64-bit float (numbers in Parquet), and
can say where in the file a row stands. Judging the values is `data/files/validate.py`'s work.
"""

from __future__ import annotations

import codecs
import csv
import io
import math
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Protocol

import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from data.definition.columns import Column, Kind
from data.definition.definition import Definition, Table
from data.definition.reading import MOST_COLUMNS
from data.errors import FileError, ScoreroomError, TableError
from data.reading.blocks import row_lines
from data.reading.layout import any_field_size
from data.reading.said import said_of
from data.reading.surveying import survey_text
from data.reading.table import is_text, read_table
from data.reading.text import NotUtf8Error
from data.store.opening import DAMAGE, PARQUET, kind_of, open_readable, unpacked

Progress = Callable[[int, int], None]

_BOM = codecs.BOM_UTF8
_BLOCK = 2 << 20
_HEAD = 1 << 20
_GLANCE = 50
_NARROW = (pl.Int8(), pl.Int16(), pl.Int32())


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


def open_source(path: Path, definition: Definition) -> Source:
    """The source for `path`; what the file begins with decides its format, and its name where that says nothing.

    Text is read as `definition.table` says, or with commas and a header where its first line has the table's columns;
    where neither finds them, numbers are spelt otherwise, or it is not UTF-8, as `data.reading` finds it to be written.

    Raises:
        FileError: no such file, a directory, a device, no right to read, empty, damaged, or no table.
        TableError: the header is not UTF-8, or lines are damaged.
    """
    path = Path(path)
    kind = kind_of(path)
    if kind == PARQUET:
        return ParquetSource(path, definition)
    if not is_text(path):
        return TypedSource(path, definition)
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
    except (FileError, TableError):
        return usual
    return found if found.n_known >= usual.n_known else usual


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
            raise NotUtf8Error from error
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

    def __init__(self, path: Path, kind: str, definition: Definition) -> None:
        self.path, self._kind, self._definition = path, kind, definition
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
            with self._text(progress) as text:
                for frame in _of_equal_height(self._blocks(text, names), batch_rows):
                    yield _without_gaps(frame, self._table, carried)
        except NotUtf8Error:
            raise self._encoding_error() from None
        except pa.ArrowInvalid as error:
            raise self._arrow_error(error) from error

    def load(self) -> pl.DataFrame:
        """The whole file as numbers and text, nothing checked: the work that Parquet saves at every start."""
        types = self._load_types()
        with open_readable(self.path) as handle, unpacked(self.path, self._kind, handle) as inner:
            table = pa_csv.read_csv(
                inner,
                read_options=_read_options(self._table),
                parse_options=pa_csv.ParseOptions(delimiter=self._table.separator, newlines_in_values=True),
                convert_options=pa_csv.ConvertOptions(
                    column_types=types, null_values=["", *self._table.missing], strings_can_be_null=True
                ),
            )
        # A column that the table has no use for may be there twice.
        return _to_polars(table.rename_columns([str(place) for place in range(table.num_columns)]))

    def places(self, rows: Sequence[int]) -> list[int]:
        """See `Source`; the text is read again, because only a complaint needs it."""
        with closing(self._records()) as records:
            wanted = set(rows)
            first = 1 if self._table.header else 0
            numbered = enumerate(islice(records, first, max(rows) + first + 1))
            lines = {row: line for row, (line, _) in numbered if row in wanted}
        return [lines[row] for row in rows]

    def _blocks(self, text: _Text, columns: list[str]) -> Iterator[pl.DataFrame]:
        ragged: list[int] = []

        def skip(row: pa_csv.InvalidRow) -> str:
            ragged.append(row.actual_columns)
            return "skip"

        with _open_csv(text, self._table, columns, skip) as reader:
            for block in reader:
                if ragged:
                    break
                yield _named(_to_polars(block), columns)
        if ragged or text.quotes % 2:
            # A single quote may also be part of an unquoted text: then the layout is in order.
            error = self._layout_error()
            if error is not None:
                raise error

    def _load_types(self) -> dict[str, pa.DataType]:
        known = self._definition.by_name
        return {name: _load_type(known[name]) for name in self.names if name in known}

    @contextmanager
    def _text(self, progress: Progress | None = None) -> Iterator[_Text]:
        with open_readable(self.path) as handle, unpacked(self.path, self._kind, handle) as inner:
            yield _Text(self.path, self._kind, handle, inner, progress)

    def _header(self) -> tuple[str, ...]:
        try:
            with self._text() as text:
                head = codecs.getincrementaldecoder("utf-8")().decode(text.read(_HEAD))
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
        with open_readable(self.path) as handle, unpacked(self.path, self._kind, handle) as inner, any_field_size():
            lines = io.TextIOWrapper(inner, encoding="utf-8-sig", errors="surrogateescape", newline="")
            reader = csv.reader(lines, delimiter=self._table.separator, strict=strict)
            line = 1
            try:
                for fields in reader:
                    if fields:
                        yield line, fields
                    line = reader.line_num + 1
            except DAMAGE as error:
                raise FileError.from_damaged(self.path, self._kind) from error

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


class SurveyedSource:
    """Text that is written in another way than the definition's table: looked through once, and read as it is."""

    place_words = CsvSource.place_words
    place_name = CsvSource.place_name

    def __init__(self, path: Path, kind: str, definition: Definition) -> None:
        self.path, self._table = path, definition.table
        table = definition.table
        names = {} if table.header else {"header": False, "names": table.names}
        self._found = survey_text(path, kind, said_of({"read": table.read, **names}))
        self.names = self._found.layout.names
        self.n_known = len(set(self.names) & set(definition.by_name))
        if not self._found.n_rows:
            raise FileError.from_empty(path)

    def batches(
        self, columns: Sequence[Column], batch_rows: int, progress: Progress | None, *, carried: Sequence[str] = ()
    ) -> Iterator[pl.DataFrame]:
        """See `Source`; numbers come as text with a decimal point."""
        names = [*(column.name for column in columns), *carried]
        done, total = 0, self._found.n_rows
        for frame in _of_equal_height((each.select(names) for each in self._found.texts()), batch_rows):
            yield _without_gaps(frame, self._table, carried)
            done += frame.height
            if progress is not None:
                progress(done, total)

    def places(self, rows: Sequence[int]) -> list[int]:
        """See `Source`; the text is read again, because only a complaint needs it."""
        wanted = set(rows)
        numbered = enumerate(islice(row_lines(self._found.file, self._found.layout), max(rows) + 1))
        lines = {row: line for row, line in numbered if row in wanted}
        return [lines[row] for row in rows]


class ParquetSource:
    """A Parquet file of any writer."""

    place_words = "in row"
    place_name = "Row"

    def __init__(self, path: Path, definition: Definition) -> None:
        self.path, self._table = path, definition.table
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
                yield _without_gaps(_plain(batch, columns, carried), self._table, carried)
                done += batch.num_rows
                if progress is not None:
                    progress(done, total)

    def places(self, rows: Sequence[int]) -> list[int]:
        """See `Source`."""
        return [row + 1 for row in rows]

    def _check_types(self, arrow: pa.Schema, columns: Sequence[Column], n_rows: int) -> None:
        for column in columns:
            found = arrow.field(column.name).type
            numbers = column.dtype.is_numeric() or column.kind in (Kind.ID, Kind.DATE) or _has_level_like(column, found)
            dates = column.kind in (Kind.DATE, Kind.CATEGORY)
            if not (_is_text(found) or (numbers and _is_number(found)) or (dates and _is_day(found))):
                expected = "numbers" if column.dtype.is_numeric() else "dates" if column.kind is Kind.DATE else "text"
                raise TableError.from_wrong_type(self.path, column.name, n_rows, str(found), expected)

    @contextmanager
    def _file(self) -> Iterator[pq.ParquetFile]:
        with open_readable(self.path) as handle:
            try:
                with pq.ParquetFile(handle) as file:
                    yield file
            except (pa.ArrowException, OSError) as error:
                raise FileError.from_damaged(self.path, PARQUET) from error


class TypedSource(ParquetSource):
    """A workbook, an Arrow file, or one of SAS, SPSS or Stata, held as Parquet in memory."""

    def __init__(self, path: Path, definition: Definition) -> None:
        self._held = io.BytesIO()
        read_table(path, said_of({"read": definition.table.read})).frame.write_parquet(self._held)
        super().__init__(path, definition)

    @contextmanager
    def _file(self) -> Iterator[pq.ParquetFile]:
        self._held.seek(0)
        yield pq.ParquetFile(self._held)


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
    text: _Text, table: Table, columns: list[str], on_ragged: Callable[[pa_csv.InvalidRow], str]
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


def _without_gaps(frame: pl.DataFrame, table: Table, carried: Sequence[str]) -> pl.DataFrame:
    """`frame` without the texts that stand for nothing in this table, blanks around them or not."""
    if not table.missing:
        return frame
    judged = pl.selectors.string() - pl.selectors.by_name(*carried, require_all=False)
    gaps = [text.strip() for text in table.missing]
    # Numbers of a Parquet file are judged by what these texts are as numbers: NaN, infinite ones, -1 and the like.
    numbers = [number for number in pl.Series(gaps).cast(pl.Float64, strict=False) if number is not None]
    given = pl.selectors.float() - pl.selectors.by_name(*carried, require_all=False)
    is_gap = given.is_in(numbers) | (given.is_nan() & any(map(math.isnan, numbers)))
    frame = frame.with_columns(pl.when(~is_gap).then(given)) if numbers else frame
    return frame.with_columns(pl.when(~judged.str.strip_chars().is_in(gaps)).then(judged))


def _plain(batch: pa.RecordBatch, columns: Sequence[Column], carried: Sequence[str]) -> pl.DataFrame:
    # Text that is not UTF-8 would end the process: Polars takes Arrow's word for it.
    batch.validate(full=True)
    names = batch.schema.names
    kinds = {column.name: column for column in columns}
    arrays = [_plain_array(array, kinds.get(name)) for name, array in zip(names, batch.columns, strict=True)]
    frame = _named(_to_polars(pa.RecordBatch.from_arrays(arrays, names=names)), names)
    # An empty text is what CSV can only mean as missing: both formats are to say the same.
    judged = pl.selectors.string() - pl.selectors.by_name(*carried, require_all=False)
    return frame.with_columns(judged.replace("", None))


def _plain_array(array: pa.Array, column: Column | None) -> pa.Array:
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if column is None:
        return array
    if _is_day(array.type):
        array = array.cast(pa.date32(), safe=False)
    is_word = is_any(array.type, "boolean") and not column.dtype.is_numeric()
    # An id keeps every digit as text, which 64 bits of a float do not hold.
    is_exact = column.kind is Kind.ID and column.dtype not in _NARROW and is_any(array.type, "integer", "decimal")
    is_text = _is_text(array.type) or _is_day(array.type) or is_word or is_exact
    if is_any(array.type, "decimal") and not is_text:
        # Straight to floats Arrow divides, and 0.35 becomes 0.35000000000000003.
        array = array.cast(pa.string())
    return array.cast(pa.large_string() if is_text else pa.float64(), safe=False)


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


def _has_level_like(column: Column, found: pa.DataType) -> bool:
    """Whether a category may be stored as numbers, or as true and false: where a level is one."""
    if is_any(found, "boolean"):
        return any(level.strip().lower() in ("true", "false") for level in column.levels)
    return pl.Series(column.levels, dtype=pl.String).cast(pl.Float64, strict=False).is_not_null().any()


def _is_day(found: pa.DataType) -> bool:
    return is_any(found, "date", "timestamp")


def _is_number(found: pa.DataType) -> bool:
    return is_any(found, "integer", "floating", "decimal", "boolean")


def is_any(found: pa.DataType, *families: str) -> bool:
    """Whether an Arrow type, or what its dictionary holds, is of one of the families."""
    inner = found.value_type if pa.types.is_dictionary(found) else found
    return any(getattr(pa.types, f"is_{family}")(inner) for family in families)


def _undecodable(fields: list[str]) -> int | None:
    if all(field.isascii() for field in fields):
        return None
    for index, field in enumerate(fields):
        try:
            field.encode()
        except UnicodeEncodeError:
            return index
    return None

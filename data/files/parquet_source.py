"""Rows of a Parquet file of any writer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from data.definition.columns import Column, Kind
from data.definition.definition import Definition
from data.errors import FileError, TableError
from data.files.frames import named, to_polars, without_gaps
from data.reading.text import Progress
from data.store.opening import PARQUET, open_readable

_NARROW = (pl.Int8(), pl.Int16(), pl.Int32())


class ParquetSource:
    """A Parquet file of any writer."""

    place_words = "in row"
    place_name = "Row"
    assumed: tuple[str, ...] = ()

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
                yield without_gaps(_plain(batch, columns, carried), self._table, carried)
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


def _plain(batch: pa.RecordBatch, columns: Sequence[Column], carried: Sequence[str]) -> pl.DataFrame:
    # Text that is not UTF-8 would end the process: Polars takes Arrow's word for it.
    batch.validate(full=True)
    names = batch.schema.names
    kinds = {column.name: column for column in columns}
    arrays = [_plain_array(array, kinds.get(name)) for name, array in zip(names, batch.columns, strict=True)]
    frame = named(to_polars(pa.RecordBatch.from_arrays(arrays, names=names)), names)
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

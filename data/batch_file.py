"""A dropped file of applications: read, and judged cell by cell, so that what is good can be scored.

The file's bytes lie in a temporary folder while they are read, and nowhere afterwards. Every sentence about the file
names it as it was called where it came from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from data import schema
from data.arrow_stream import is_stream, parquet_of_stream
from data.batch_limits import LIMITS, BatchError, Contents, ExcessError, Limits, check_contents, listed, shown
from data.errors import DataError, FileError, TableError
from data.opening import GZIP, PARQUET, ZIP
from data.schema import Column, Kind
from data.sources import CsvSource, Progress, Source, open_source
from data.validate import expectation, is_allowed, unseen_levels, with_levels

MOST_FAULTS = 10_000
_MOST_LETTERS = 60
_MOST_LEVELS = 5
_BATCH_ROWS = 16_384
_SEPARATORS = (";", "\t", "|")
# What reading a file of any content can raise; Polars' panics are no `Exception`.
_UNREADABLE = (
    pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError, TypeError,
    LookupError, ArithmeticError, NotImplementedError, MemoryError, RecursionError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CellFault:
    """A cell that keeps its row from being scored.

    `row` is counted as a person does: the line of a CSV file in which the row begins, the row of a Parquet file from 1.
    `found` is what stands there, at most 60 letters, None where nothing does; `expected` says what may.
    """

    row: int
    column: str
    found: str | None
    expected: str


@dataclass(frozen=True, slots=True)
class BatchTable:
    """What a dropped file holds, its rows without a fault apart from what is wrong with the others.

    `applications` has the good rows with the schema's dtypes, in table order: those of the schema's columns that the
    file has, the target left out. `extra` has the same rows of the other columns, the target among them, as they were
    (text where the file is CSV). `names` are all of them in the file's order, `left_out` the file's columns that are in
    neither, because no CSV could hold them; `order` holds the place of each good row, counted as `CellFault.row` is.
    `faults` lists the first 10,000 of `n_faults`, by row and then in table order.
    """

    name: str
    applications: pl.DataFrame
    extra: pl.DataFrame
    names: tuple[str, ...]
    left_out: tuple[str, ...]
    order: NDArray[np.int64]
    faults: tuple[CellFault, ...]
    n_rows: int
    n_bad_rows: int
    n_faults: int
    notices: tuple[str, ...]


def read_batch(
    name: str, content: bytes, needed: Sequence[str], limits: Limits = LIMITS, *, progress: Progress | None = None
) -> BatchTable:
    """Read the applications in `content`, a CSV (also gzipped or zipped) or Parquet file called `name`.

    Where `name` ends in `.arrows`, it is an Arrow IPC stream, and its rows are counted as those of a Parquet file are.
    The columns `needed` have to be there, in any order; other columns of the schema may be. A cell that the schema does
    not allow makes its row a bad one; a category that is not listed is none, and the target is not judged. `progress`
    gets (done, total) in bytes or rows.

    Raises:
        ExcessError: the file is larger than `limits`.
        BatchError: it is no table or another one, or cannot be read.
        FileError: it is empty or damaged.
        TableError: its layout is broken, it is not UTF-8, or a Parquet column holds another type.
    """
    called = shown(name.replace("\\", "/").rsplit("/", 1)[-1], 80)
    if len(content) > limits.file_bytes:
        raise ExcessError.from_bytes(Path(called), len(content), limits.file_bytes)
    with TemporaryDirectory(prefix="scoreroom-") as folder:
        path = Path(folder) / f"dropped{_suffix(called)}"
        try:
            path.write_bytes(parquet_of_stream(path, content, limits) if is_stream(called) else content)
            return _read(path, called, needed, limits, progress)
        except DataError as error:
            raise type(error)(str(error).replace(str(path), called)) from error
        except _UNREADABLE as error:
            reason = (str(error).splitlines() or [""])[0] or type(error).__name__
            raise BatchError.from_unreadable(Path(called), shown(reason.replace(str(path), called), 160)) from error


def _suffix(name: str) -> str:
    if is_stream(name):
        return PARQUET
    found = Path(name).suffix.lower()
    return found if found in (GZIP, ZIP, PARQUET) else ""


def _read(path: Path, called: str, needed: Sequence[str], limits: Limits, progress: Progress | None) -> BatchTable:
    contents = check_contents(path, limits)
    source = open_source(path)
    _check_columns(source, needed, limits)
    judged = [column for column in schema.COLUMNS if column.name in source.names and column.kind is not Kind.TARGET]
    others = [name for name in source.names if name not in schema.BY_NAME or name == schema.TARGET]
    judge = _Judge(judged, [name for name in others if name not in contents.not_carried])
    for frame in source.batches(judged, _BATCH_ROWS, progress, carried=judge.carried):
        judge.take(frame)
        if judge.n_rows > limits.rows:
            raise ExcessError.from_rows(path, limits.rows)
        if judge.carried_bytes > limits.carried_bytes:
            raise ExcessError.from_carried(path, judge.carried_bytes, limits.carried_bytes)
        if judge.n_rows * frame.width > limits.cells:
            raise ExcessError.from_cells(path, limits.cells, frame.width)
    if not judge.n_rows:
        raise FileError.from_empty(path)
    places = _places(source, contents, judge.n_rows)
    left_out = [name for name in others if name in contents.not_carried]
    return judge.table(called, source.names, places, _notices_of_columns(source.names, needed, others, left_out))


def _check_columns(source: Source, needed: Sequence[str], limits: Limits) -> None:
    names, path = source.names, source.path
    if len(names) > limits.columns:
        raise ExcessError.from_columns(path, len(names), limits.columns)
    if len(names) == 1 and (separator := next((mark for mark in _SEPARATORS if mark in names[0]), None)):
        raise TableError.from_separator(path, separator)
    repeated = next((name for name, count in Counter(names).items() if count > 1), None)
    if repeated is not None:
        raise BatchError.from_repeated_column(path, repeated)
    missing = [name for name in needed if name not in names]
    if 2 * len(missing) > len(needed):
        raise BatchError.from_other_table(path, missing, len(needed))
    if missing:
        raise BatchError.from_missing_columns(path, missing)


def _places(source: Source, contents: Contents, n_rows: int) -> NDArray[np.int64]:
    # Where there are as many lines as rows and a header, each row is one line, and the text need not be read again.
    if isinstance(source, CsvSource) and contents.n_lines == n_rows + 1:
        return np.arange(2, n_rows + 2, dtype=np.int64)
    return np.array(source.places(range(n_rows)), dtype=np.int64)


class _Judge:
    """Takes frames one after another, keeps their good rows and the first faults, and counts the rest."""

    def __init__(self, columns: Sequence[Column], carried: Sequence[str]) -> None:
        self.columns, self.carried = tuple(columns), tuple(carried)
        self.n_rows = self._n_faults = 0
        self._good: list[pl.DataFrame] = []
        self._extra: list[pl.DataFrame] = []
        self._rows: list[NDArray[np.int64]] = []
        self._faults: list[tuple[int, Column, str | None]] = []

    def take(self, frame: pl.DataFrame) -> None:
        """Judge the rows of `frame`, in which columns are as a `Source` gives them."""
        is_bad = np.zeros(frame.height, dtype=np.bool_)
        values: list[pl.Series] = []
        faulty: list[NDArray[np.int64]] = []
        for column in self.columns:
            read, is_wrong = _judged(column, frame[column.name])
            values.append(read)
            faulty.append(np.flatnonzero(is_wrong))
            is_bad |= is_wrong
        self._n_faults += sum(map(len, faulty))
        self._list(frame, faulty)
        self._keep(frame, values, ~is_bad)
        self.n_rows += frame.height

    @property
    def carried_bytes(self) -> int:
        """How much memory the columns that are carried through take so far."""
        return sum(int(frame.estimated_size()) for frame in self._extra)

    def table(self, called: str, names: Sequence[str], places: NDArray[np.int64], notices: Iterable[str]) -> BatchTable:
        """Everything taken, rows named by their `places` in the file."""
        applications = with_levels(pl.concat(self._good))
        rows = np.concatenate(self._rows)
        kept = {*applications.columns, *self.carried}
        faults = (
            CellFault(int(places[row]), column.name, found, expectation(column)) for row, column, found in self._faults
        )
        return BatchTable(
            name=called,
            applications=applications,
            extra=pl.concat(self._extra),
            names=tuple(name for name in names if name in kept),
            left_out=tuple(name for name in names if name not in kept),
            order=places[rows],
            faults=tuple(faults),
            n_rows=self.n_rows,
            n_bad_rows=self.n_rows - len(rows),
            n_faults=self._n_faults,
            notices=(*notices, *_notices_of_rows(applications)),
        )

    def _keep(self, frame: pl.DataFrame, values: Sequence[pl.Series], is_good: NDArray[np.bool_]) -> None:
        kept = pl.Series(is_good)
        # Only good values go into the schema's dtypes: a bad one need not fit.
        self._good.append(pl.DataFrame([_stored(column, read.filter(kept)) for column, read in self._pairs(values)]))
        # By name: in a list, Polars gives a series without a name one of its own.
        self._extra.append(pl.DataFrame({name: frame[name].filter(kept) for name in self.carried}))
        self._rows.append(self.n_rows + np.flatnonzero(is_good))

    def _list(self, frame: pl.DataFrame, faulty: Sequence[NDArray[np.int64]]) -> None:
        room = MOST_FAULTS - len(self._faults)
        rows = np.concatenate([found[:room] for found in faulty])
        columns = np.repeat(np.arange(len(faulty)), [len(found[:room]) for found in faulty])
        for cell in np.lexsort((columns, rows))[:room]:
            row, column = int(rows[cell]), self.columns[columns[cell]]
            self._faults.append((self.n_rows + row, column, _as_text(frame[column.name][row])))

    def _pairs(self, values: Sequence[pl.Series]) -> Iterator[tuple[Column, pl.Series]]:
        return zip(self.columns, values, strict=True)


def _judged(column: Column, raw: pl.Series) -> tuple[pl.Series, NDArray[np.bool_]]:
    """The values of a column, text or float64, and which of its cells are faults."""
    if column.kind is Kind.CATEGORY:
        values = raw.cast(pl.String)
        is_wrong = raw.is_null()
    else:
        values = raw.cast(pl.Float64, strict=False)
        is_wrong = ~is_allowed(column, values)
    # A missing value is no fault: where too many are, the row is referred (inference/sufficiency.py).
    if column.kind is not Kind.ID:
        is_wrong &= raw.is_not_null()
    return values, is_wrong.to_numpy()


def _stored(column: Column, values: pl.Series) -> pl.Series:
    return values if column.kind is Kind.CATEGORY else values.cast(column.dtype)


def _as_text(found: str | float | None) -> str | None:
    if found is None:
        return None
    text = repr(found).removesuffix(".0") if isinstance(found, float) else found
    return text if len(text) <= _MOST_LETTERS else text[: _MOST_LETTERS - 1] + "\u2026"


def _notices_of_columns(
    names: Collection[str], needed: Collection[str], others: Sequence[str], left_out: Sequence[str]
) -> Iterator[str]:
    carried = [name for name in others if name not in left_out and name != schema.TARGET]
    if carried:
        yield f"Carried through as they are, {_columns(carried)} that no application has: {listed(carried)}."
    if schema.TARGET in others and schema.TARGET not in left_out:
        yield f"{schema.TARGET} is carried through and not judged."
    if left_out:
        yield f"Left out, because CSV has no form for what they hold, {_columns(left_out)}: {listed(left_out)}."
    if schema.ID not in names:
        yield f"There is no {schema.ID}; rows are known by their place in the file."
    absent = [name for name in schema.BY_NAME if name not in {*names, *needed, schema.ID, schema.TARGET}]
    if absent:
        yield f"Not in the file, and not needed for a score, {_columns(absent)}: {listed(absent)}."


def _notices_of_rows(applications: pl.DataFrame) -> Iterator[str]:
    if schema.ID in applications.columns:
        repeated = applications.height - applications[schema.ID].n_unique()
        if repeated:
            yield f"{_rows(repeated)} with a {schema.ID} that an earlier row has; each is scored."
    unseen = unseen_levels(applications)
    for name in dict.fromkeys(level.column for level in unseen):
        levels = [level for level in unseen if level.column == name]
        told = ", ".join(f"{shown(level.level)!r} ({_rows(level.n_rows)})" for level in levels[:_MOST_LEVELS])
        more = f" and {len(levels) - _MOST_LEVELS:,} more" if len(levels) > _MOST_LEVELS else ""
        yield f"{name} holds categories never seen, which are scored as unknown: {told}{more}."


def _columns(names: Sequence[str]) -> str:
    return "1 column" if len(names) == 1 else f"{len(names):,} columns"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"

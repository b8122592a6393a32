"""A dropped file of applications: read, and judged cell by cell, so that what is good can be scored.

The file's bytes lie in a temporary folder while they are read, and nowhere afterwards. Every sentence about the file
names it as it was called where it came from.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from data.definition.columns import Column
from data.definition.definition import Definition
from data.errors import FileError, ScoreroomError
from data.files.arrow_stream import is_stream, parquet_of_stream
from data.files.batch_judge import MOST_FAULTS, CellFault, Judge, check_columns, notices_of_columns, word_repeated
from data.files.batch_limits import LIMITS, BatchError, Contents, ExcessError, Limits, check_contents, is_held_whole
from data.files.csv_source import CsvSource
from data.files.memory import Hold, hold_nothing
from data.files.sources import Source, open_source
from data.files.validate import shown, with_levels
from data.reading.aside import read_aside
from data.reading.said import NOTHING, Said
from data.reading.text import Progress
from data.store.opening import GZIP, PARQUET, ZIP

__all__ = ["MOST_FAULTS", "BatchTable", "CellFault", "read_batch"]

_BATCH_ROWS = 16_384
# What a cell takes up in all the forms that it goes through (`python -m scripts.study_memory service`).
_CELL_BYTES = 16
# A stream is held as it came, as Arrow's table and as the file that is made of it.
_COPIES_OF_STREAM = 4
# A packed table that is read by a process of its own, as its cells are there.
_COPIES_OF_WHOLE = 20
# What reading a file of any content can raise; Polars' panics are no `Exception`.
_UNREADABLE = (
    pa.ArrowException,
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
    OSError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    NotImplementedError,
    MemoryError,
    RecursionError,
)


@dataclass(frozen=True, slots=True)
class BatchTable:
    """What a dropped file holds, its rows without a fault apart from what is wrong with the others.

    `applications` has the good rows with the definition's dtypes, in table order: those of its columns that the
    file has, the target left out. `extra` has the same rows of the other columns, the target among them, as they were
    (text where the file is CSV). `names` are all of them in the file's order, `left_out` the file's columns that are in
    neither, because no CSV could hold them; `order` holds the place of each good row, counted as `CellFault.row` is:
    `place` says whether in lines or rows.
    `faults` lists the first of `n_faults`, 10,000 unless more were asked for, by row and then in table order; `doubts`
    likewise the cells of good rows whose category was never seen.
    """

    name: str
    applications: pl.DataFrame
    extra: pl.DataFrame
    names: tuple[str, ...]
    left_out: tuple[str, ...]
    order: NDArray[np.int64]
    place: str
    faults: tuple[CellFault, ...]
    n_rows: int
    n_bad_rows: int
    n_faults: int
    doubts: tuple[CellFault, ...]
    n_doubts: int
    notices: tuple[str, ...]


def read_batch(
    name: str,
    content: bytes,
    definition: Definition,
    needed: Sequence[str],
    limits: Limits = LIMITS,
    *,
    carries: bool = True,
    progress: Progress | None = None,
    hold: Hold = hold_nothing,
    most_faults: int = MOST_FAULTS,
    said: Said = NOTHING,
) -> BatchTable:
    """Read the applications in `content`, a file called `name` of any kind that `data.reading` knows.

    What is `said` of how it is written is not guessed, and what was assumed is among the notices. Where `name` ends in
    `.arrows`, it is an Arrow IPC stream, and its rows are counted as those of a Parquet file are. The columns `needed`
    have to be there, in any order; other columns of the definition may be. A cell that it does not allow makes its row
    a bad one; an unlisted category does not, and the target is not judged. Unless this `carries`, the file's other
    columns are not read. `progress` gets (done, total) in bytes or rows, and `hold` the memory that reading will take
    up, before it does. Of faults and of doubts the first `most_faults` are listed.

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
            if is_stream(called):
                hold(_COPIES_OF_STREAM * len(content))
                path.write_bytes(parquet_of_stream(path, content, limits))
            else:
                path.write_bytes(content)
            assumed: tuple[str, ...] = ()
            if is_held_whole(path, limits):
                hold(_COPIES_OF_WHOLE * len(content))
                assumed = read_aside(path, whole := path.with_suffix(PARQUET), said)
                path = whole
            contents = check_contents(path, limits)
            source = open_source(path, definition, said)
            source.assumed = (*assumed, *source.assumed)
            n_cells = contents.most_rows * (len(source.names) if carries else len(needed))
            hold(len(content) + contents.n_bytes + _CELL_BYTES * n_cells)
            return _read(
                source, definition, contents, called, needed, limits, progress, carries=carries, most_faults=most_faults
            )
        except ScoreroomError as error:
            raise type(error)(_renamed(str(error), path, called)) from error
        except _UNREADABLE as error:
            reason = (str(error).splitlines() or [""])[0] or type(error).__name__
            raise BatchError.from_unreadable(Path(called), shown(_renamed(reason, path, called), 160)) from error


def _renamed(sentence: str, path: Path, called: str) -> str:
    """A sentence on the file at `path`, or on what was made of it, as one on the file as it was `called`."""
    return sentence.replace(str(path), called).replace(str(path.with_suffix("")), called)


def _suffix(name: str) -> str:
    if is_stream(name):
        return PARQUET
    suffix = Path(name).suffix.lower()
    return suffix if suffix in (GZIP, ZIP, PARQUET) else ""


def _read(
    source: Source,
    definition: Definition,
    contents: Contents,
    called: str,
    needed: Sequence[str],
    limits: Limits,
    progress: Progress | None,
    *,
    carries: bool,
    most_faults: int,
) -> BatchTable:
    path = source.path
    judged = check_columns(source, definition, needed, limits)
    others = [name for name in source.names if name not in {column.name for column in judged}]
    left_out = [name for name in others if name in contents.not_carried] if carries else []
    keeper = _Keeper(
        judged, definition, [name for name in others if name not in left_out] if carries else [], most_faults
    )
    for frame in source.batches(judged, _BATCH_ROWS, progress, carried=keeper.carried):
        keeper.take(frame)
        if keeper.n_rows > limits.rows:
            raise ExcessError.from_rows(path, limits.rows)
        if keeper.carried_bytes > limits.carried_bytes:
            raise ExcessError.from_carried(path, keeper.carried_bytes, limits.carried_bytes)
        if keeper.n_rows * frame.width > limits.cells:
            raise ExcessError.from_cells(path, limits.cells, frame.width)
    if not keeper.n_rows:
        raise FileError.from_empty(path)
    places = _places(source, contents, keeper.n_rows)
    notices = notices_of_columns(source.names, definition, needed, left_out, is_carried=carries)
    return keeper.table(called, source.names, source.place_name, places, (*source.assumed, *notices))


def _places(source: Source, contents: Contents, n_rows: int) -> NDArray[np.int64]:
    # Where there are as many lines as rows and a header, each row is one line, and the text need not be read again.
    if isinstance(source, CsvSource) and contents.n_lines == n_rows + 1:
        return np.arange(2, n_rows + 2, dtype=np.int64)
    return np.array(source.places(range(n_rows)), dtype=np.int64)


class _Keeper:
    """Takes frames one after another and keeps their good rows."""

    def __init__(
        self, columns: Sequence[Column], definition: Definition, carried: Sequence[str], most_faults: int
    ) -> None:
        self.carried = tuple(carried)
        self._definition = definition
        self._judge = Judge(columns, definition, most_faults)
        self._good: list[pl.DataFrame] = []
        self._extra: list[pl.DataFrame] = []
        self._rows: list[NDArray[np.int64]] = []

    @property
    def n_rows(self) -> int:
        """How many rows were taken."""
        return self._judge.n_rows

    @property
    def carried_bytes(self) -> int:
        """How much memory the columns that are carried through take so far."""
        return sum(int(frame.estimated_size()) for frame in self._extra)

    def take(self, frame: pl.DataFrame) -> None:
        """Judge the rows of `frame`, in which columns are as a `Source` gives them, and keep the good ones."""
        start = self.n_rows
        good, is_good = self._judge.look(frame)
        self._good.append(good)
        kept = pl.Series(is_good)
        # By name: in a list, Polars gives a series without a name one of its own.
        self._extra.append(pl.DataFrame({name: frame[name].filter(kept) for name in self.carried}))
        self._rows.append(start + np.flatnonzero(is_good))

    def table(
        self, called: str, names: Sequence[str], place: str, places: NDArray[np.int64], notices: Iterable[str]
    ) -> BatchTable:
        """Everything taken, rows named by their `places` in the file, which are a `place` each."""
        judge = self._judge
        applications = with_levels(pl.concat(self._good), self._definition)
        rows = np.concatenate(self._rows)
        kept = {*applications.columns, *self.carried}
        return BatchTable(
            name=called,
            applications=applications,
            extra=pl.concat(self._extra),
            names=tuple(name for name in names if name in kept),
            left_out=tuple(name for name in names if name not in kept),
            order=places[rows],
            place=place,
            faults=_placed(judge.faults, places),
            n_rows=judge.n_rows,
            n_bad_rows=judge.n_bad_rows,
            n_faults=judge.n_faults,
            doubts=_placed(judge.doubts, places),
            n_doubts=judge.n_doubts,
            notices=(*notices, *_repeated(applications, self._definition), *judge.notices()),
        )


def _placed(faults: Iterable[CellFault], places: NDArray[np.int64]) -> tuple[CellFault, ...]:
    return tuple(replace(fault, row=int(places[fault.row])) for fault in faults)


def _repeated(applications: pl.DataFrame, definition: Definition) -> Iterable[str]:
    if definition.id in applications.columns:
        repeated = applications.height - applications[definition.id].n_unique()
        if repeated:
            yield word_repeated(repeated, definition)

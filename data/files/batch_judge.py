"""Judge applications for scoring, cell by cell, by the same rules for files, streams and requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.definition.columns import Column, Kind
from data.definition.definition import ROW_NUMBER, Definition
from data.errors import TableError
from data.files.batch_limits import BatchError, ExcessError, Limits, listed
from data.files.sources import Source
from data.files.validate import (
    Judged,
    UnseenLevel,
    check_separator,
    count_rows,
    expectation,
    judge_column,
    shown,
    word_trimmed,
    word_unseen,
)

MOST_FAULTS = 10_000
_MOST_LETTERS = 60
# Levels of one column that are counted apart; a column of free text has one a row.
_MOST_UNSEEN = 1_000
_CATEGORY = "one of the known categories"


@dataclass(frozen=True, slots=True)
class CellFault:
    """A cell that keeps its row from being scored, or one that is doubtful.

    `row` is counted as a person does: the line of a CSV file in which the row begins, the row of a Parquet file from 1.
    `found` is what stands there, at most 60 letters, None where nothing does; `expected` says what may.
    """

    row: int
    column: str
    found: str | None
    expected: str


class TableFaultsError(TableError):
    """A table with cells that keep their rows from being scored, the first of them in `faults`."""

    def __init__(self, text: str, faults: Sequence[CellFault] = ()) -> None:
        super().__init__(text)
        self.faults = tuple(faults)

    @classmethod
    def from_first(
        cls, name: str, faults: Sequence[CellFault], n_faults: int, n_bad_rows: int, n_rows: int, place: str
    ) -> Self:
        """One sentence that names the first fault, for a program that is given `faults` apart."""
        first = faults[0]
        return cls(
            f"{_refused(name, n_bad_rows, n_rows)}; the first fault is {_quoted(first)} in column {first.column} "
            f"{place} {first.row:,}, expected {first.expected}; {_count_faults(n_faults)} in all.",
            faults,
        )

    @classmethod
    def from_list(
        cls, name: str, faults: Sequence[CellFault], n_faults: int, n_bad_rows: int, n_rows: int, place: str
    ) -> Self:
        """A sentence and a line for each of `faults`, for a person; those that are not listed are counted."""
        lines = [
            f"  {fault.column} is {_quoted(fault)} {place} {fault.row:,}, expected {fault.expected}" for fault in faults
        ]
        more = [f"  and {n_faults - len(faults):,} more"] if n_faults > len(faults) else []
        head = f"{_refused(name, n_bad_rows, n_rows)}; {_count_faults(n_faults)}, correct them or leave those rows out:"
        return cls("\n".join([head, *lines, *more]), faults)


def check_columns(source: Source, definition: Definition, needed: Sequence[str], limits: Limits) -> list[Column]:
    """The columns of `source` that are judged: those of the definition that it has, without the outcome.

    Raises:
        ExcessError: it has more columns than `limits`.
        BatchError: one is there twice, or one of `needed` is not there.
        TableError: the header is separated by something else than expected.
    """
    names, path = source.names, source.path
    if len(names) > limits.columns:
        raise ExcessError.from_columns(path, len(names), limits.columns)
    check_separator(path, names, definition)
    repeated = next((name for name, count in Counter(names).items() if count > 1), None)
    if repeated is not None:
        raise BatchError.from_repeated_column(path, repeated)
    missing = [name for name in needed if name not in names]
    if 2 * len(missing) > len(needed):
        raise BatchError.from_other_table(path, missing, len(needed))
    if missing:
        raise BatchError.from_missing_columns(path, missing)
    return [column for column in definition.columns if column.name in names and column.kind is not Kind.TARGET]


class Judge:
    """Looks at frames one after another, and keeps count of what is wrong or doubtful; the first cells are listed."""

    def __init__(self, columns: Sequence[Column], definition: Definition, most_listed: int = MOST_FAULTS) -> None:
        self.columns, self._definition = tuple(columns), definition
        self.n_rows = self.n_bad_rows = self.n_faults = self.n_doubts = 0
        self._most = most_listed
        # Cells that keep rows from being scored, and those of good rows whose category was never seen; rows from 0.
        self.faults: list[CellFault] = []
        self.doubts: list[CellFault] = []
        self._unseen: dict[str, Counter[str]] = {}
        self._trimmed: Counter[str] = Counter()

    def look(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, NDArray[np.bool_]]:
        """The good rows of `frame`, whose columns are as a `Source` gives them, and which rows are good.

        Numbers have the definition's dtypes, categories are text.
        """
        judged = [
            judge_column(column, self._definition, frame[column.name], may_miss=_may_miss(column))
            for column in self.columns
        ]
        pairs = list(zip(self.columns, judged, strict=True))
        is_good = ~np.logical_or.reduce([found.is_wrong for found in judged])
        unseen = [_is_unseen(column, found.values, is_good) for column, found in pairs]
        self.n_faults += self._list(self.faults, judged, [found.is_wrong for found in judged])
        self.n_doubts += self._list(self.doubts, judged, unseen)
        for (column, found), is_unseen in zip(pairs, unseen, strict=True):
            self._trimmed[column.name] += found.n_trimmed
            if len(is_unseen):
                self._count(column.name, found.values.filter(pl.Series(is_unseen)))
        kept = pl.Series(is_good)
        self.n_rows += frame.height
        self.n_bad_rows += frame.height - int(is_good.sum())
        # Only good values go into the definition's dtypes: a bad one need not fit.
        return pl.DataFrame([_stored(column, found.values.filter(kept)) for column, found in pairs]), is_good

    def notices(self) -> Iterator[str]:
        """Sentences on what is not as it stands in the file, or doubtful, in the rows looked at so far."""
        yield from word_trimmed(self._trimmed)
        unseen = [
            UnseenLevel(column.name, level, count)
            for column in self.columns
            for level, count in sorted(self._unseen.get(column.name, Counter()).items())
        ]
        yield from word_unseen(unseen, "scored as unknown")

    def _list(self, into: list[CellFault], judged: Sequence[Judged], masks: Sequence[NDArray[np.bool_]]) -> int:
        """List the cells that `masks` choose, by row and then in table order, while there is room; count them all."""
        places = [np.flatnonzero(mask) for mask in masks]
        room = self._most - len(into)
        rows = np.concatenate([found[:room] for found in places])
        at = np.repeat(np.arange(len(places)), [len(found[:room]) for found in places])
        for cell in np.lexsort((at, rows))[:room]:
            row, place = int(rows[cell]), int(at[cell])
            column = self.columns[place]
            expected = _CATEGORY if into is self.doubts else expectation(column, may_miss=_may_miss(column))
            into.append(CellFault(self.n_rows + row, column.name, _as_text(judged[place].raw[row]), expected))
        return sum(map(len, places))

    def _count(self, name: str, levels: pl.Series) -> None:
        counts = self._unseen.setdefault(name, Counter())
        for level, number in levels.value_counts(name="~n").iter_rows():
            if level in counts or len(counts) < _MOST_UNSEEN:
                counts[level] += number
            else:
                counts["(others)"] += number


def notices_of_columns(
    names: Collection[str],
    definition: Definition,
    needed: Collection[str],
    left_out: Collection[str],
    *,
    is_carried: bool,
) -> Iterator[str]:
    """Notices about columns that are not inputs, are left out of the result, or are missing."""
    # What the definition leaves out on purpose needs no word where it is not carried.
    known = {*definition.by_name, *left_out, *(() if is_carried else definition.left_out)}
    others = [name for name in names if name not in known]
    if others:
        fate = "Carried through as they are" if is_carried else "Not used"
        yield f"{fate}, {_columns(others)} that no application has: {listed(others)}."
    target = definition.target
    if target in names and target not in left_out:
        yield f"{target} is {'carried through and not judged' if is_carried else 'not used'}."
    if left_out:
        yield f"Left out, because CSV has no form for what they hold, {_columns(left_out)}: {listed(left_out)}."
    if definition.id not in names and definition.id != ROW_NUMBER:
        yield f"There is no {definition.id}; rows are known by their place in the file."
    absent = [name for name in definition.by_name if name not in {*names, *needed, definition.id, target}]
    if absent:
        yield f"Not in the file, and not needed for a score, {_columns(absent)}: {listed(absent)}."


def word_repeated(number: int, definition: Definition) -> str:
    """The notice that rows repeat earlier ids."""
    return f"{count_rows(number)} with a {definition.id} that an earlier row has; each is scored."


def _may_miss(column: Column) -> bool:
    # A missing value is allowed; rows that lack too many are referred (inference/model/sufficiency.py).
    return column.kind is not Kind.ID


def _is_unseen(column: Column, values: pl.Series, is_good: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark the good rows with a category that the definition does not list; empty if there are none."""
    if column.kind is Kind.CATEGORY and not values.drop_nulls().is_in(column.levels).all():
        found: NDArray[np.bool_] = (~values.is_in(column.levels)).fill_null(value=False).to_numpy() & is_good
        return found if found.any() else _NONE
    return _NONE


_NONE: NDArray[np.bool_] = np.zeros(0, dtype=np.bool_)


def _stored(column: Column, values: pl.Series) -> pl.Series:
    return values if column.kind is Kind.CATEGORY else values.cast(column.dtype)


def _as_text(found: str | float | None) -> str | None:
    if found is None:
        return None
    text = repr(found).removesuffix(".0") if isinstance(found, float) else found
    return text if len(text) <= _MOST_LETTERS else text[: _MOST_LETTERS - 1] + "\u2026"


def _refused(name: str, n_bad_rows: int, n_rows: int) -> str:
    return f"{name}: {n_bad_rows:,} of {n_rows:,} rows cannot be scored, so none was"


def _count_faults(number: int) -> str:
    return "1 fault" if number == 1 else f"{number:,} faults"


def _quoted(fault: CellFault) -> str:
    return "nothing" if fault.found is None else repr(shown(fault.found))


def _columns(names: Collection[str]) -> str:
    return "1 column" if len(names) == 1 else f"{len(names):,} columns"

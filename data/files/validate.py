"""Judging applications against a definition: every fact about a column comes from there, none is said here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.definition.columns import Column, Kind
from data.definition.definition import ROW_NUMBER, Definition
from data.errors import TableError
from data.files.cells import as_levels, dates_of, flags_of, is_binary, outcomes_of, texts_of, whole_of
from data.files.sources import Source

_MOST_LEVELS = 5
_SEPARATORS = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a column: how many rows, the first of them (from 0) and its value, None for a missing one."""

    column: Column
    n_rows: int
    row: int
    found: str | None


@dataclass(frozen=True, slots=True)
class UnseenLevel:
    """A category that the definition does not list, and how many rows hold it."""

    column: str
    level: str
    n_rows: int


@dataclass(frozen=True, slots=True)
class Judged:
    """A column of a file, judged: its cells as read (text, or Float64), which are faults, and how many had blanks.

    `raw` are the cells as they stand, without the blanks around them.
    """

    raw: pl.Series
    values: pl.Series
    is_wrong: NDArray[np.bool_]
    n_trimmed: int


def judge_column(column: Column, definition: Definition, raw: pl.Series, *, may_miss: bool) -> Judged:
    """Judge the cells of `column`, which are text or Float64, as every file of applications is judged.

    Blanks around a text are no part of it, and a cell of blanks alone is missing. A category may be any text. Values
    are text for categories and for ids that are text, dates for dates, else numbers.
    """
    bare, n_trimmed = _without_blanks(raw)
    is_there = bare.is_not_null()
    values = _values(column, definition, bare)
    if column.kind is Kind.DATE:
        values, no_date = dates_of(bare)
        is_wrong = pl.Series(no_date) | ~is_there
    elif column.kind is Kind.TARGET:
        # What is neither good nor bad is open, and a mistake only where nothing but 1 and 0 can be meant.
        is_wrong = values.is_null() if _is_closed(column, definition) else pl.repeat(False, len(bare), eager=True)
    elif values.dtype == pl.String:
        is_wrong = ~is_there
    else:
        is_wrong = ~is_allowed(column, values)
    if may_miss:
        is_wrong &= is_there
    return Judged(bare, values, is_wrong.to_numpy(), n_trimmed)


def _values(column: Column, definition: Definition, bare: pl.Series) -> pl.Series:
    if column.kind is Kind.CATEGORY:
        return as_levels(bare, column.levels)
    if column.kind is Kind.FLAG:
        return flags_of(bare)
    if column.kind is Kind.TARGET and definition.outcome is not None:
        return outcomes_of(bare, definition.outcome)
    if column.kind is Kind.ID:
        return whole_of(bare) if column.dtype.is_integer() else texts_of(bare)
    return texts_of(bare) if column.kind is Kind.DATE else bare.cast(pl.Float64, strict=False)


def _is_closed(column: Column, definition: Definition) -> bool:
    return not column.nullable and definition.outcome is not None and is_binary(definition.outcome)


def _without_blanks(raw: pl.Series) -> tuple[pl.Series, int]:
    if raw.dtype != pl.String:
        return raw, 0
    bare = raw.str.strip_chars()
    n_trimmed = int((bare.str.len_bytes() != raw.str.len_bytes()).sum())
    return (bare.set(bare == "", None), n_trimmed) if n_trimmed else (raw, 0)


def wanted_columns(path: Path, definition: Definition, names: Sequence[str], *, needs_target: bool) -> list[Column]:
    """The definition's columns that are read from a file with these column `names`, in table order.

    Raises:
        TableError: a column is missing, stands there twice, or the header is separated by something else.
    """
    # Without ids of its own, a table gets the places of its rows.
    optional = {ROW_NUMBER} if definition.id == ROW_NUMBER else set()
    if definition.target is not None and not needs_target:
        optional.add(definition.target)
    missing = [name for name in definition.by_name if name not in {*names, *optional}]
    if missing:
        check_separator(path, names, definition)
        raise TableError.from_missing_columns(path, missing)
    for name in names:
        if name in definition.by_name and names.count(name) > 1:
            raise TableError.from_repeated_column(path, name)
    return [column for column in definition.columns if column.name in names]


class Tally:
    """Checks frames one after another and keeps count of what is wrong, column by column, over all of them."""

    def __init__(self, columns: Sequence[Column], definition: Definition, *, needs_target: bool) -> None:
        self._columns, self._definition = columns, definition
        # Only a table that a model is trained on has to be full: what is scored with gaps may be referred.
        self._may_miss = {
            column.name for column in columns if column.nullable or (not needs_target and column.kind is not Kind.ID)
        }
        self._faults: dict[tuple[str, bool], Fault] = {}
        self.trimmed: dict[str, int] = {}
        # What stands where neither a good nor a bad outcome does, and in how many rows; nothing is an empty text.
        self.open: Counter[str] = Counter()
        self.rows = 0

    def __bool__(self) -> bool:
        return bool(self._faults)

    def check(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`frame` (text or float columns) with the right dtypes, categories and dates still text; void on a fault."""
        values: list[pl.Series] = []
        for column in self._columns:
            cells, may_miss = frame[column.name], column.name in self._may_miss
            # One form of dates holds for the whole table: they are judged when it is complete.
            judged_as = replace(column, kind=Kind.CATEGORY) if column.kind is Kind.DATE else column
            found = judge_column(judged_as, self._definition, cells, may_miss=may_miss)
            self.trimmed[column.name] = self.trimmed.get(column.name, 0) + found.n_trimmed
            values.append(found.values)
            if column.kind is Kind.TARGET:
                self._count_open(found)
            if found.is_wrong.any():
                wrong = pl.Series(found.is_wrong)
                for mask in (wrong & found.raw.is_null(), wrong & found.raw.is_not_null()):
                    if mask.any():
                        self._note(column, found.raw, mask)
        self.rows += frame.height
        return pl.DataFrame(values).with_columns(
            pl.col(column.name).cast(column.dtype, strict=False)
            for column in self._columns
            if column.kind not in (Kind.CATEGORY, Kind.DATE)
        )

    def _count_open(self, found: Judged) -> None:
        texts = texts_of(found.raw).filter(found.values.is_null()).fill_null("")
        self.open.update(dict(texts.value_counts(name="~n").iter_rows()))

    def error(self, source: Source) -> TableError:
        """The complaint about the first faulty column in table order, with the others counted behind it."""
        order = [column.name for column in self._columns]
        faults = sorted(self._faults.values(), key=lambda fault: (order.index(fault.column.name), fault.row))
        fault, *others = faults
        also = [f"{other.column.name} ({other.n_rows:,})" for other in others]
        place = place_of(source, fault.row)
        what = expectation(fault.column, may_miss=fault.column.name in self._may_miss)
        if fault.found is None:
            return TableError.from_missing_values(source.path, fault.column.name, fault.n_rows, place, what, also)
        return TableError.from_bad_values(source.path, fault.column.name, fault.n_rows, place, fault.found, what, also)

    def _note(self, column: Column, raw: pl.Series, mask: pl.Series) -> None:
        row = mask.arg_max()
        assert row is not None
        found = raw[row]
        key = (column.name, found is None)
        before = self._faults.get(key)
        count = int(mask.sum())
        if before is None:
            self._faults[key] = Fault(column, count, self.rows + row, _as_text(found))
        else:
            self._faults[key] = Fault(column, before.n_rows + count, before.row, before.found)


def is_allowed(column: Column, values: pl.Series) -> pl.Series:
    """Whether each number (float64) is one that `column` may hold; false for a missing one, never null."""
    allowed = values.is_finite()
    if column.minimum is not None:
        allowed &= values >= column.minimum
    if column.maximum is not None:
        allowed &= values <= column.maximum
    if column.special:
        allowed |= values.cast(pl.Float64).is_in(column.special_values)
    if column.dtype.is_integer():
        allowed &= values == values.floor()
    return allowed.fill_null(value=False)


def expectation(column: Column, *, may_miss: bool | None = None) -> str:
    """What `column` may hold, in words; by default it `may_miss` where it may in a table that a model is trained on."""
    if _is_category(column):
        return "a category"
    if column.kind is Kind.DATE:
        return "a date such as 2024-03-31 (or 31.3.2024, 3/31/2024, Mar-2024, 2024-Q1, one form for the whole column)"
    if column.dtype == pl.String():
        return "an id"
    return _numbers(column) + (", or nothing" if (column.nullable if may_miss is None else may_miss) else "")


def _numbers(column: Column) -> str:
    if (column.minimum, column.maximum) == (0, 1) and column.dtype.is_integer():
        return "0 or 1"
    words = "a whole number" if column.dtype.is_integer() else "a number"
    if column.minimum is not None and column.maximum is not None:
        words += f" from {_plain(column.minimum)} to {_plain(column.maximum)}"
    elif column.minimum is not None:
        words += f" from {_plain(column.minimum)} on"
    elif column.maximum is not None:
        words += f" up to {_plain(column.maximum)}"
    words += "".join(f", or {special.shown} ({special.meaning})" for special in column.special)
    return words


def _plain(bound: float) -> str:
    return f"{bound:,.0f}" if float(bound).is_integer() else f"{bound:,}"


def with_dates(source: Source, definition: Definition, frame: pl.DataFrame) -> pl.DataFrame:
    """`frame`, the whole file, with its texts of dates as dates; TableError where a column holds another text."""
    for column in definition.columns:
        if column.kind is not Kind.DATE or column.name not in frame.columns:
            continue
        found = judge_column(column, definition, frame[column.name], may_miss=True)
        if found.is_wrong.any():
            row = int(found.is_wrong.argmax())
            place, n_rows = place_of(source, row), int(found.is_wrong.sum())
            what = expectation(column)
            raise TableError.from_bad_values(source.path, column.name, n_rows, place, str(found.raw[row]), what, [])
        frame = frame.with_columns(found.values)
    return frame


def check_unique_ids(source: Source, ids: pl.Series) -> None:
    """Raise TableError when two rows of the whole file have the same id."""
    if ids.n_unique() == ids.len():
        return
    repeated = ~ids.is_first_distinct()
    row = repeated.arg_max()
    assert row is not None
    first = (ids == ids[row]).arg_max()
    assert first is not None
    place, before = (_place(source, number) for number in source.places([row, first]))
    raise TableError.from_repeated_ids(source.path, ids.name, int(repeated.sum()), place, before, str(ids[row]))


def place_of(source: Source, row: int) -> str:
    """Where a row of the table (from 0) begins in its file, in words."""
    return _place(source, source.places([row])[0])


def with_levels(frame: pl.DataFrame, definition: Definition) -> pl.DataFrame:
    """`frame` with its text categories as enums of the definition's levels, then those never seen, sorted."""
    casts = []
    for column in definition.columns:
        if column.name in frame.columns and _is_category(column):
            found = set(frame[column.name].unique().drop_nulls())
            casts.append(pl.col(column.name).cast(pl.Enum([*column.levels, *sorted(found.difference(column.levels))])))
    return frame.with_columns(casts)


def unseen_levels(frame: pl.DataFrame, definition: Definition) -> tuple[UnseenLevel, ...]:
    """The levels of `frame`'s enums that the definition does not list, with their numbers of rows, in table order."""
    unseen: list[UnseenLevel] = []
    # Asked for once: a frame makes it anew each time.
    dtypes = frame.schema
    for column in definition.columns:
        dtype = dtypes.get(column.name)
        if not isinstance(dtype, pl.Enum) or len(dtype.categories) == len(column.levels):
            continue
        counts = dict(frame[column.name].drop_nulls().cast(pl.String).value_counts(name="~n").iter_rows())
        extra = dtype.categories[len(column.levels) :]
        unseen.extend(UnseenLevel(column.name, level, counts.get(level, 0)) for level in extra)
    return tuple(unseen)


def word_unseen(unseen: Iterable[UnseenLevel], fate: str) -> Iterator[str]:
    """A sentence for each column with categories never seen, which are what `fate` says; the first five of each."""
    by_column: dict[str, list[UnseenLevel]] = {}
    for level in unseen:
        by_column.setdefault(level.column, []).append(level)
    for name, levels in by_column.items():
        told = ", ".join(f"{shown(level.level)!r} ({count_rows(level.n_rows)})" for level in levels[:_MOST_LEVELS])
        more = f" and {len(levels) - _MOST_LEVELS:,} more" if len(levels) > _MOST_LEVELS else ""
        yield f"{name} holds categories never seen, which are {fate}: {told}{more}."


def word_open(counts: Mapping[str, int]) -> Iterator[str]:
    """The sentence that rows have no outcome yet, and what stands there instead."""
    if counts:
        found = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
        listed = ", ".join(f"{shown(text) if text else 'nothing'} ({n:,})" for text, n in found[:_MOST_LEVELS])
        more = f" and {len(found) - _MOST_LEVELS:,} more values" if len(found) > _MOST_LEVELS else ""
        yield f"{count_rows(sum(counts.values()))} without an outcome yet, left out of every figure: {listed}{more}."


def word_trimmed(trimmed: Mapping[str, int]) -> Iterator[str]:
    """The sentence that blanks around values were taken off, in how many rows of which columns."""
    found = {name: n for name, n in trimmed.items() if n}
    if found:
        told = ", ".join(f"{name} ({count_rows(n)})" for name, n in list(found.items())[:_MOST_LEVELS])
        more = f" and {len(found) - _MOST_LEVELS:,} more columns" if len(found) > _MOST_LEVELS else ""
        yield f"Blanks around values are left out: {told}{more}."


def shown(text: str, most: int = 40) -> str:
    """A text out of a file as a sentence quotes it: one line, cut where it is long."""
    plain = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[: most + 1])
    return (plain if len(plain) <= most else plain[: most - 1] + "\u2026") or "(no name)"


def count_rows(number: int) -> str:
    """A number of rows in words."""
    return "1 row" if number == 1 else f"{number:,} rows"


def check_separator(path: Path, names: Sequence[str], definition: Definition) -> None:
    """Raise TableError if the one name of a header holds a separator, other than the definition's."""
    expected = definition.table.separator
    found = next((mark for mark in _SEPARATORS if len(names) == 1 and mark != expected and mark in names[0]), None)
    if found is not None:
        raise TableError.from_separator(path, found, expected)


def _is_category(column: Column) -> bool:
    return column.kind is Kind.CATEGORY


def _place(source: Source, number: int) -> str:
    return f"{source.place_words} {number:,}"


def _as_text(found: str | float | None) -> str | None:
    return repr(found).removesuffix(".0") if isinstance(found, float) else found

"""What the cells of a table of applications say: outcomes, flags, levels, ids and dates as files write them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.definition.definition import Outcome
from data.reading.dates import FORMS

_FLAGS: Mapping[str, float] = MappingProxyType(
    {**dict.fromkeys(("true", "yes", "y", "t"), 1.0), **dict.fromkeys(("false", "no", "n", "f"), 0.0)}
)

_TRUTHS = {"true": 1.0, "false": 0.0}


def as_levels(cells: pl.Series, levels: Collection[str]) -> pl.Series:
    """Text or Float64 cells as text; a number, however written, is the level of the same value if there is one.

    So "1", 1 and 1.0 are one level, and so are "True", "true" and, where no level is written like a number, 1.
    """
    texts = texts_of(cells)
    others = texts.filter(~texts.is_in(levels)).drop_nulls().unique() if levels else texts.clear()
    numbers = _by_value(levels)
    if others.is_empty() or not numbers:
        return texts
    same = {text: numbers[value] for text, value in _values(others) if value in numbers}
    return texts.replace(list(same), list(same.values())) if same else texts


def texts_of(cells: pl.Series) -> pl.Series:
    """Text or Float64 cells as text, a whole number without a decimal point."""
    if cells.dtype == pl.Float64:
        return cells.cast(pl.String).str.strip_suffix(".0")
    return cells.cast(pl.String)


def outcomes_of(cells: pl.Series, outcome: Outcome) -> pl.Series:
    """1 (Float64) where a cell is one of the bad values, 0 where it is one of the good, null where it is neither."""
    levels = [each.strip() for each in (*outcome.bad, *outcome.good)]
    ends = dict(zip(levels, [1.0] * len(outcome.bad) + [0.0] * len(outcome.good), strict=True))
    found = as_levels(cells, levels)
    return found.replace_strict(list(ends), list(ends.values()), default=None, return_dtype=pl.Float64)


def is_binary(outcome: Outcome) -> bool:
    """Whether a table says 1 and 0, so that another number can only be a mistake."""
    return (list(_by_value(outcome.bad)), list(_by_value(outcome.good))) == ([1.0], [0.0])


def flags_of(cells: pl.Series) -> pl.Series:
    """Flags as Float64; null where a text is neither a number nor a word for yes or no."""
    numbers = cells.cast(pl.Float64, strict=False)
    if cells.dtype != pl.String or numbers.null_count() == cells.null_count():
        return numbers
    words = cells.str.to_lowercase().replace_strict(
        list(_FLAGS), list(_FLAGS.values()), default=None, return_dtype=pl.Float64
    )
    return numbers.fill_null(words)


def whole_of(cells: pl.Series) -> pl.Series:
    """Ids as Int64 with every digit; null where a cell is no whole number."""
    numbers = cells.cast(pl.Float64, strict=False)
    through_floats = numbers.set(~(numbers == numbers.floor()).fill_null(value=False), None)
    through_floats = through_floats.cast(pl.Int64, strict=False)
    return cells.cast(pl.Int64, strict=False).fill_null(through_floats) if cells.dtype == pl.String else through_floats


def dates_of(cells: pl.Series) -> tuple[pl.Series, NDArray[np.bool_]]:
    """A column of texts as dates, and which given cells say none.

    One of `FORMS` holds for the whole column; a time behind a day is left out, and a period is its first day. Where
    month/day and day/month both fit and differ, nothing tells which is meant: none.
    """
    texts = cells.cast(pl.String)
    distinct = texts.drop_nulls().unique()
    if distinct.is_empty():
        return pl.Series(cells.name, [None] * len(cells), dtype=pl.Date), np.zeros(len(cells), dtype=np.bool_)
    n_others = {written: form.read(distinct).null_count() for written, form in FORMS.items()}
    best = min(n_others, key=lambda written: n_others[written])
    dates = FORMS[best].read(texts)
    wrong = dates.is_null() & texts.is_not_null()
    rival = FORMS[best].rival
    if rival and n_others[rival] == n_others[best]:
        wrong |= (dates != FORMS[rival].read(texts)).fill_null(value=False)
    return dates, wrong.to_numpy()


def _by_value(levels: Collection[str]) -> dict[float, str]:
    return {value: text for text, value in _values(pl.Series(list(levels), dtype=pl.String)) if np.isfinite(value)}


def _values(texts: pl.Series) -> Sequence[tuple[str, float]]:
    """The texts that say a number, or true and false, with what they say; of two that say one thing the number last."""
    bare = texts.str.strip_chars()
    numbers = bare.cast(pl.Float64, strict=False)
    truths = bare.str.to_lowercase().replace_strict(_TRUTHS, default=None, return_dtype=pl.Float64)
    return [
        (text, value)
        for values in (truths, numbers)
        for text, value in zip(texts, values, strict=True)
        if value is not None
    ]

"""Passes over the rows of a table in pieces that stay in the processor's cache.

An intermediate array as long as a large table takes more time to get from the system than to fill.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

PIECE = 1 << 16
# Whole numbers that lie no further apart are counted in a table, so many rows at once.
_MOST_TALLIED, _TALLIED = 1 << 20, 1 << 20

Codes = npt.NDArray[Any]


def pieces(n_rows: int) -> Iterator[slice]:
    """Slices that make up `n_rows` rows."""
    return (slice(start, start + PIECE) for start in range(0, n_rows, PIECE))


def recoded(codes: Codes, table: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """`table[codes]` for whole numbers that are all places in `table`."""
    found = np.empty(codes.size, dtype=table.dtype)
    for piece in pieces(codes.size):
        # With this mode NumPy writes into place; the other modes go through a copy.
        np.take(table, codes[piece], out=found[piece], mode="clip")
    return found


def tally(codes: Codes, n_codes: int) -> npt.NDArray[np.int64]:
    """How often each of the whole numbers from 0 up to, not including, `n_codes` occurs."""
    found = np.zeros(n_codes, dtype=np.int64)
    for piece in pieces(codes.size):
        found += np.bincount(codes[piece], minlength=n_codes)
    return found


def level_counts(values: pl.Series) -> dict[str | None, int]:
    """How many of the values of an Enum have each level, the most frequent first; None counts missing ones."""
    codes, names = _codes(values)
    numbers = tally(codes, len(names) + 1).tolist()
    counted = zip([*names, None], numbers, strict=True)
    return dict(sorted(((name, n) for name, n in counted if n), key=lambda each: -each[1]))


def distinct(values: pl.Series) -> tuple[Codes, npt.NDArray[np.int64]]:
    """The distinct numbers among `values`, rising, and how often each occurs; missing ones are left out."""
    dtype = values.dtype
    if dtype.is_integer() and values.null_count() < values.len():
        low, high = int(str(values.min())), int(str(values.max()))
        if high - low < _MOST_TALLIED and high < 1 << 62:
            number = np.zeros(high - low + 1, dtype=np.int64)
            whole = values.drop_nulls().to_numpy()
            for start in range(0, whole.size, _TALLIED):
                number += np.bincount(whole[start : start + _TALLIED].astype(np.int64) - low, minlength=number.size)
            places = np.flatnonzero(number)
            return (places + low).astype(whole.dtype), number[places]
    # Polars sorts on all cores.
    ordered = values.sort(nulls_last=True)[: values.len() - values.null_count()].to_numpy()
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])[: ordered.size])
    return ordered[starts], np.diff(starts, append=ordered.size)


def relevelled(values: pl.Series) -> tuple[pl.Series, int]:
    """Values of an Enum as one whose levels are those that occur, in alphabetical order, and how many these are."""
    codes, names = _codes(values)
    present = np.flatnonzero(tally(codes, len(names) + 1)[:-1])
    levels = names[present].sort()
    if levels.equals(names):
        return values, len(levels)
    places = dict(zip(levels, range(len(levels)), strict=True))
    table = np.array([places.get(name, 0) for name in names] + [0], dtype=codes.dtype)
    found = pl.Series(values.name, recoded(codes, table))
    found = found.set(values.is_null(), None) if values.null_count() else found
    return found.cat.to(pl.Enum(levels)), len(levels)


def _codes(values: pl.Series) -> tuple[Codes, pl.Series]:
    """The level of each value of an Enum as its place among the levels, one past the last where there is no value."""
    assert isinstance(values.dtype, pl.Enum)
    names = values.dtype.categories
    codes = values.to_physical().cast(pl.UInt32 if len(names) > np.iinfo(np.uint8).max else pl.UInt8)
    return (codes.fill_null(len(names)) if values.null_count() else codes).to_numpy(), names

"""The order of many rows by one column: all of it by counting, or of a large table the page that is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

Positions = npt.NDArray[np.int32]
Keys = npt.NDArray[np.uint32] | npt.NDArray[np.uint64]

MOST_SORTED = 1 << 20
_HALF = 16
_PIECE = 1 << 18


class Order(Protocol):
    """Rows in order: their number, and the positions of those of a page."""

    @property
    def size(self) -> int:
        """How many rows there are."""

    def __getitem__(self, page: slice, /) -> Positions:
        """The positions of the rows from `page.start` up to, not including, `page.stop`."""


@dataclass(frozen=True, slots=True, eq=False)
class PagedOrder:
    """The order of the rows of `values` that are `met` (all if None); rows without a value come last.

    Rows are in buckets by the leading bits of their keys, `ends` count them up to each bucket's end. A page is found in
    the buckets that it lies in, which are sorted then.
    """

    values: pl.Series
    met: npt.NDArray[np.bool_] | None
    is_rising: bool
    lowest: int
    highest: int
    ends: npt.NDArray[np.int64]

    @classmethod
    def of(cls, values: pl.Series, met: npt.NDArray[np.bool_] | None, *, is_rising: bool) -> PagedOrder:
        """The order of `values`, for which one pass over them counts the buckets."""
        lowest, highest = _ends(values)
        order = cls(values, met, is_rising, lowest, highest, np.zeros(0, dtype=np.int64))
        number = np.zeros((1 << _HALF) + 1, dtype=np.int64)
        for _, keys in order._pieces():
            number += np.bincount((keys >> order._shift).astype(np.intp), minlength=number.size)
        return cls(values, met, is_rising, lowest, highest, np.cumsum(number))

    @property
    def size(self) -> int:
        """How many rows there are."""
        return int(self.ends[-1])

    def __getitem__(self, page: slice, /) -> Positions:
        start, stop, _ = page.indices(self.size)
        if start >= stop:
            return np.zeros(0, dtype=np.int32)
        first, last = np.searchsorted(self.ends, [start, stop - 1], side="right")
        positions, keys = [], []
        for rows, own in self._pieces():
            bucket = own >> self._shift
            within = np.flatnonzero((bucket >= np.uint64(first)) & (bucket <= np.uint64(last)))
            positions.append(rows[within])
            keys.append(own[within])
        order = np.argsort(np.concatenate(keys), kind="stable")
        before = int(self.ends[first - 1]) if first else 0
        return np.concatenate(positions)[order[start - before : stop - before]].astype(np.int32)

    @property
    def _shift(self) -> np.uint64:
        # The key of what has no value is one more than the largest difference.
        return np.uint64(max((self.highest - self.lowest + 1).bit_length() - _HALF, 0))

    def _pieces(self) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.uint64]]]:
        """Positions of rows and their keys, from 0 on, a piece of the table at a time."""
        low, high = np.uint64(self.lowest), np.uint64(self.highest)
        last = np.uint64(self.highest - self.lowest + 1)
        for start in range(0, len(self.values), _PIECE):
            values = self.values[start : start + _PIECE]
            met = None if self.met is None else self.met[start : start + _PIECE]
            keys = _plain_keys(values).astype(np.uint64)
            keys = keys - low if self.is_rising else high - keys
            keys = np.where(values.is_null().to_numpy(), last, keys) if values.null_count() else keys
            rows = np.arange(start, start + len(values)) if met is None else np.flatnonzero(met) + start
            yield rows, keys if met is None else keys[met]


def can_be_paged(values: pl.Series) -> bool:
    """Whether each value has a key of its own, whatever the others are."""
    if values.dtype.is_float():
        return not values.is_nan().any() and values.null_count() < len(values)
    is_whole = values.dtype.is_integer() and values.dtype.is_signed_integer()
    return (is_whole or isinstance(values.dtype, pl.Enum)) and values.null_count() < len(values)


def _ends(values: pl.Series) -> tuple[int, int]:
    stored = values.to_physical() if isinstance(values.dtype, pl.Enum) else values
    low, high = (_plain_keys(pl.Series([end], dtype=stored.dtype)) for end in (stored.min(), stored.max()))
    return int(low[0]), int(high[0])


def _plain_keys(values: pl.Series) -> Keys | npt.NDArray[np.uint64]:
    """Whole numbers that sort as `values` do, whatever others there are; of missing ones anything."""
    if values.dtype.is_float():
        return _float_keys(values)
    whole = values.to_physical().fill_null(0).to_numpy()
    # From the lowest whole number on, so that none is below 0.
    return (whole.astype(np.int64).view(np.uint64)) + np.uint64(1 << 63)


def sort_keys(values: pl.Series, *, is_rising: bool) -> Keys:
    """Whole numbers that sort as `values` do, missing ones behind all others."""
    present = values.is_not_null().to_numpy()
    keys = _float_keys(values) if values.dtype in (pl.Float32, pl.Float64) else _whole_keys(values)
    last = np.iinfo(keys.dtype).max
    if not is_rising:
        keys = last - 1 - keys
    return np.where(present, keys, keys.dtype.type(last))


def _float_keys(values: pl.Series) -> Keys:
    # The bits of an IEEE number sort as it does once the sign is turned, and all bits of a negative one. Adding 0 makes
    # one number of the two zeros.
    numbers = values.fill_null(0.0).to_numpy()
    bits: Keys = (numbers + numbers.dtype.type(0)).view(f"u{numbers.dtype.itemsize}")
    sign = bits.dtype.type(1 << (8 * bits.dtype.itemsize - 1))
    return np.where(bits & sign, ~bits, bits | sign)


def _whole_keys(values: pl.Series) -> Keys:
    if isinstance(values.dtype, pl.Enum):
        return values.to_physical().fill_null(0).to_numpy().astype(np.uint32)
    if values.dtype.is_integer():
        low, high = int(str(values.min() or 0)), int(str(values.max() or 0))
        if high - low < np.iinfo(np.uint32).max - 1:
            return (values.fill_null(low).to_numpy().astype(np.int64) - low).astype(np.uint32)
    return values.rank("dense").fill_null(0).to_numpy().astype(np.uint32)


def counting_sort(keys: Keys) -> npt.NDArray[np.intp]:
    # NumPy sorts 16-bit numbers by counting; a pass for each 16 bits of a key, the lowest first, takes a fifth of the
    # time of comparing. Bits that all keys share, as the lowest of whole numbers often are, need no pass.
    order = np.arange(keys.size)
    for start in range(0, 8 * keys.dtype.itemsize, _HALF):
        digits = (keys >> keys.dtype.type(start)).astype(np.uint16)
        if keys.size and np.any(digits != digits[0]):
            order = order[np.argsort(digits[order], kind="stable")]
    return order

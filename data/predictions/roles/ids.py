"""Ids of somebody else's table, with every digit."""

from __future__ import annotations

import polars as pl

# A browser's sliders know whole numbers up to here; what is larger is a hash or a key and no quantity.
LARGEST = 2.0**53 - 1
_WITHIN_64_BITS = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32)


def ids_of(values: pl.Series) -> pl.Series | None:
    """The ids with every digit, as Int64 or text; None where they are of a kind that names no row."""
    dtype = values.dtype
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return values.cast(pl.String)
    if dtype.is_float():
        is_whole = bool((values == values.floor()).all()) and bool((values.abs() <= LARGEST).all())
        return values.cast(pl.Int64) if is_whole else None
    if not (dtype.is_integer() or dtype.is_decimal()):
        return None
    if dtype in _WITHIN_64_BITS:
        return values.cast(pl.Int64)
    whole = values.cast(pl.Int64, strict=False)
    is_same = whole.null_count() == values.null_count() and bool((whole.cast(dtype) == values).all())
    return whole if is_same else values.cast(pl.String)


def identifies(values: pl.Series) -> bool:
    """Whether every row has an id of its own."""
    return ids_of(values) is not None and not values.null_count() and values.n_unique() == len(values)

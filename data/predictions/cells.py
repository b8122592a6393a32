"""What the cells of somebody else's column are: missing, classes, numbers, percentages."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from data.reading.gaps import GAPS


def are_missing(values: pl.Series) -> pl.Series:
    """Whether each cell says that nothing is known: null, NaN, or in text a word for a gap; never null."""
    if values.dtype == pl.String:
        return _are_gaps(values.str.strip_chars())
    missing = values.is_null()
    return missing | values.is_nan().fill_null(value=False) if values.dtype.is_float() else missing


def are_classes(numbers: pl.Series) -> pl.Series:
    """Whether each number is 0 or 1; null for missing numbers."""
    return (numbers == 0) | (numbers == 1)


def numbers_of(values: pl.Series) -> pl.Series:
    """The cells as Float64, null where they are not numbers; times and lists are not."""
    dtype = values.dtype
    if dtype.is_numeric() or dtype in (pl.Boolean, pl.String):
        return values.cast(pl.Float64, strict=False)
    if dtype in (pl.Categorical, pl.Enum):
        return values.cast(pl.String).cast(pl.Float64, strict=False)
    return pl.Series(values.name, [None], dtype=pl.Float64).new_from_index(0, len(values))


def hundredths_of(values: pl.Series) -> pl.Series:
    """Percentages as shares (Float64), each the decimal that is meant: 6.92 and "6.92 %" are 0.0692.

    Cells that are no number stay as they are, so that what is wrong with them can be said.
    """
    text = values.dtype in (pl.String, pl.Categorical, pl.Enum)
    if not (text or values.dtype.is_numeric()):
        return values
    bare = values.cast(pl.String).str.strip_chars().str.strip_suffix("%").str.strip_chars() if text else values
    # 6.92 / 100 is the number next to 0.0692; moving the point of the shortest decimal is exact.
    numbers = bare if bare.dtype == pl.Float32 else numbers_of(bare)
    distinct = numbers.unique().drop_nulls()
    shares = [float(Decimal(str(number)).scaleb(-2)) for number in distinct.to_numpy()]
    found = numbers.replace_strict(distinct, shares, default=None, return_dtype=pl.Float64)
    return values if (found.is_null() & ~are_missing(values)).any() else found


def narrowed(numbers: pl.Series) -> pl.Series:
    """`numbers` (Float64) as Float32 where that holds every one of them exactly, else as they are."""
    narrow = numbers.cast(pl.Float32)
    return narrow if narrow.cast(pl.Float64).equals(numbers, null_equal=True) else numbers


def _are_gaps(bare: pl.Series) -> pl.Series:
    return (bare.str.to_lowercase().is_in(["", *GAPS])).fill_null(value=True)

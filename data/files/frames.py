"""Frames of rows as every source gives them: of equal height, without what stands for nothing, out of Arrow."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import polars as pl
import pyarrow as pa

from data.definition.definition import Table


def of_equal_height(frames: Iterator[pl.DataFrame], height: int) -> Iterator[pl.DataFrame]:
    """The rows of `frames` in frames of `height` rows each but the last."""
    waiting: list[pl.DataFrame] = []
    for frame in frames:
        waiting.append(frame)
        if sum(part.height for part in waiting) >= height:
            whole = pl.concat(waiting)
            full = whole.height - whole.height % height
            for start in range(0, full, height):
                yield whole[start : start + height]
            waiting = [whole[full:]]
    if sum(part.height for part in waiting):
        yield pl.concat(waiting)


def without_gaps(frame: pl.DataFrame, table: Table, carried: Sequence[str]) -> pl.DataFrame:
    """`frame` without the texts that stand for nothing in this table, blanks around them or not."""
    if not table.missing:
        return frame
    judged = pl.selectors.string() - pl.selectors.by_name(*carried, require_all=False)
    gaps = [text.strip() for text in table.missing]
    # Numbers of a Parquet file are judged by what these texts are as numbers: NaN, infinite ones, -1 and the like.
    numbers = [number for number in pl.Series(gaps).cast(pl.Float64, strict=False) if number is not None]
    given = pl.selectors.float() - pl.selectors.by_name(*carried, require_all=False)
    is_gap = given.is_in(numbers) | (given.is_nan() & any(map(math.isnan, numbers)))
    frame = frame.with_columns(pl.when(~is_gap).then(given)) if numbers else frame
    return frame.with_columns(pl.when(~judged.str.strip_chars().is_in(gaps)).then(judged))


def to_polars(batch: pa.RecordBatch | pa.Table) -> pl.DataFrame:
    """An Arrow table as a Polars frame."""
    frame = pl.from_arrow(batch)
    assert isinstance(frame, pl.DataFrame)
    return frame


def named(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """`frame`, its columns called `names`."""
    # Polars calls a column without a name, such as the index that a notebook writes, by a name of its own.
    frame.columns = list(names)
    return frame

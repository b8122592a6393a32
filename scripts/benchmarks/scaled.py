"""A portfolio of any size out of the one at hand, to see what rows cost."""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from data.predictions.table import ID, PROBABILITY

# PDs of copies differ by up to this share, so that they fall into other bins than the original's.
JITTER = 0.02


def scaled(frame: pl.DataFrame, rows: int, *, seed: int) -> pl.LazyFrame:
    """`rows` rows: those of `frame` again and again, from the second time on with other ids and PDs a little off."""
    random = np.random.default_rng(seed)
    # Copies get ids of their own above those there are.
    step = int(frame.select(pl.col(ID).max()).item()) + 1
    copies = [
        frame.lazy() if turn == 0 else _copy(frame, turn * step, random)
        for turn in range(math.ceil(rows / frame.height))
    ]
    return pl.concat(copies).head(rows)


def _copy(frame: pl.DataFrame, offset: int, random: np.random.Generator) -> pl.LazyFrame:
    factor = pl.Series(random.uniform(1 - JITTER, 1 + JITTER, frame.height))
    return frame.lazy().with_columns(pl.col(ID) + offset, (pl.col(PROBABILITY) * factor).clip(0, 1))

"""Folds of rows: those that predictions bring, else by a seeded hash of the application's id."""

from __future__ import annotations

import zlib

import numpy as np
import polars as pl
from numpy.typing import NDArray

N_FOLDS = 5


def hashed_folds(ids: pl.Series, *, n_folds: int = N_FOLDS, seed: int = 0) -> NDArray[np.uint8]:
    """The fold of each application, told by its id alone: CRC-32 of "seed:id", modulo the number of folds.

    The same application falls into the same fold in any table, in any order, on any machine.
    """
    texts = ids.cast(pl.String).fill_null("").to_list()
    return np.fromiter((zlib.crc32(f"{seed}:{text}".encode()) % n_folds for text in texts), np.uint8, len(texts))

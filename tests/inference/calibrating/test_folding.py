"""Folds by id hash: of the id alone, about equally many."""

from __future__ import annotations

import zlib

import numpy as np
import polars as pl

from inference.calibrating.folding import hashed_folds


def test_a_fold_is_told_by_the_id_alone() -> None:
    ids = pl.Series([17, 4, 99, 23])
    folds = hashed_folds(ids, n_folds=5, seed=3)
    assert folds.tolist() == [zlib.crc32(f"3:{each}".encode()) % 5 for each in (17, 4, 99, 23)]
    assert hashed_folds(ids.reverse(), n_folds=5, seed=3).tolist() == folds.tolist()[::-1]
    assert hashed_folds(ids.cast(pl.String), n_folds=5, seed=3).tolist() == folds.tolist()


def test_folds_are_about_equally_large() -> None:
    sizes = np.bincount(hashed_folds(pl.Series(np.arange(100_001, 120_001)), n_folds=5))
    # 4,000 expected each; 5 standard deviations of a binomial are 283.
    assert sizes.size == 5
    assert np.all(np.abs(sizes - 4_000) < 283)

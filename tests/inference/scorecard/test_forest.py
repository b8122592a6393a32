from __future__ import annotations

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from inference.scorecard.forest import Leaf, forest_text, ranges, with_gaps

EDGES = (-2.5, 0.1, 7.0, 1e9)
LEAVES = tuple(Leaf(value, 10) for value in (1.0, 2.0, 3.0, 4.0, 5.0))


def raw(booster: lgb.Booster, matrix: NDArray[np.float32]) -> list[float]:
    """Log-odds less those of the tree of one leaf."""
    return [value - 0.25 for value in np.asarray(booster.predict(matrix, raw_score=True)).tolist()]


def test_lightgbm_reads_every_bin_at_its_edges() -> None:
    """A value at an edge is in the bin above it, the float32 before it in the bin below it."""
    tree = with_gaps(0, ranges(0, EDGES, LEAVES), Leaf(8.0, 0), [(1, Leaf(6.0, 3)), (2, Leaf(7.0, 3))])
    booster = lgb.Booster(model_str=forest_text([tree, Leaf(0.25, 53)], ["one", "two", "three"]))
    # The float32 next to 0.1 is above it.
    at = np.array([-2.5, 0.1, 7.0, 1e9], dtype=np.float32)
    before = np.nextafter(at, np.float32(-np.inf))
    values = np.concatenate([at, before, np.array([-3e38, 3.4e38], dtype=np.float32)])
    matrix = np.zeros((values.size, 3), dtype=np.float32)
    matrix[:, 0] = values
    assert raw(booster, matrix) == [2, 3, 4, 5, 1, 2, 3, 4, 1, 5]
    gaps = np.array([[np.nan, 1, 0], [np.nan, 0, 1], [np.nan, 1, 1], [np.nan, 0, 0], [np.nan] * 3], dtype=np.float32)
    assert raw(booster, gaps) == [6, 7, 6, 8, 8]
    assert booster.num_trees() == 2
    # The file's sizes of trees are what LightGBM cuts it by.
    assert raw(lgb.Booster(model_str=booster.model_to_string()), matrix) == raw(booster, matrix)

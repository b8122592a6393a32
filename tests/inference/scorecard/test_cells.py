from __future__ import annotations

import numpy as np

from inference.features.encoding import FeatureSet
from inference.scorecard.cells import Source, make_cells, sources

NAN = np.nan


def test_an_indicator_of_a_special_value_belongs_to_its_column(few_features: FeatureSet) -> None:
    found = {few_features.names[each.place]: each for each in sources(few_features)}
    assert set(found) == set(few_features.names) - {"is_not_employed"}
    assert found["DAYS_EMPLOYED"].specials == (few_features.names.index("is_not_employed"),)
    assert found["DAYS_EMPLOYED"].direction == 1
    assert found["EXT_SOURCE_2"].direction == -1
    assert found["ORGANIZATION_TYPE"].is_category
    assert not found["AMT_CREDIT"].is_category


def test_an_indicator_stands_alone_without_its_column(few_features: FeatureSet) -> None:
    alone = FeatureSet(few_features.definition, (f for f in few_features.features if f.name == "is_not_employed"))
    assert sources(alone) == (Source(0),)


def test_cells_hold_distinct_values_special_values_and_gaps() -> None:
    matrix = np.array([[2, 0], [NAN, 1], [1, 0], [NAN, 0], [2, 0], [NAN, NAN]], dtype=np.float32)
    target, folds = np.array([0, 1, 1, 0, 1, 0], dtype=np.uint8), np.array([0, 0, 0, 1, 1, 1], dtype=np.uint8)
    cells = make_cells(Source(0, (1,)), matrix, target, folds)
    assert cells.lows.tolist() == cells.highs.tolist() == [1, 2]
    assert cells.codes.tolist() == [1, 2, 0, 3, 1, 3]
    assert cells.counts[0].tolist() == [[0, 1], [1, 0], [0, 1], [0, 0]]
    assert cells.counts[1].tolist() == [[0, 0], [0, 1], [0, 0], [2, 0]]


def test_many_values_share_cells_of_about_equal_size() -> None:
    values = np.random.default_rng(3).normal(size=(10_000, 1)).astype(np.float32)
    values[:4_000] = 0.5
    none = np.zeros(10_000, dtype=np.uint8)
    cells = make_cells(Source(0), values, none, none, most=100)
    assert cells.lows.size <= 100
    sizes = np.bincount(cells.codes)
    own = values[:, 0]
    assert np.all((cells.lows[cells.codes] <= own) & (own <= cells.highs[cells.codes]))
    assert np.all(cells.highs[:-1] < cells.lows[1:])
    # The value that occurs often begins a cell; no other is larger than twice its share.
    assert 0.5 in cells.lows
    assert sorted(sizes[:-1])[-2] <= 200

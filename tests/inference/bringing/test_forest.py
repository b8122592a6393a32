from __future__ import annotations

from pathlib import Path

import lightgbm as lgb
import numpy as np
import pytest

from inference.bringing.errors import BringingError
from inference.bringing.forest import MOST_DEPTH, Forest, Tree
from inference.explain.shapley import ShapleyModel


def tree(**parts: list[float]) -> Tree:
    """`x0 <= 1` goes to leaf 0 (a missing one too), else `x1 <= 2` to leaf 1 or 2."""
    given: dict[str, list[float]] = {
        "feature": [0, 1],
        "threshold": [1.0, 2.0],
        "missing_left": [1, 0],
        "left": [-1, -2],
        "right": [1, -3],
        "value": [0.25, -0.5, 2.0],
        "weight": [10.0, 20.0, 30.0],
        **parts,
    }
    kinds = {"threshold": np.float64, "value": np.float64, "weight": np.float64, "missing_left": np.bool_}
    return Tree(**{name: np.array(values).astype(kinds.get(name, np.int64)) for name, values in given.items()})


ROWS = np.array([[1, 9], [np.nan, 9], [1.5, 2], [1.5, 2.5], [1.5, np.nan]], dtype=np.float32)
# Worked out by hand; the second tree adds 0.1.
SUMS = [0.35, 0.35, -0.4, 2.1, 2.1]


def test_text_is_a_lightgbm_model_that_decides_as_the_trees_say() -> None:
    booster = lgb.Booster(model_str=Forest((tree(), Tree.of_one_leaf(0.1)), is_single=False).text(["a", "b"]))
    np.testing.assert_allclose(booster.predict(ROWS, raw_score=True), SUMS, rtol=0, atol=1e-15)
    assert booster.feature_name() == ["a", "b"]


def test_shares_of_rows_are_the_weights() -> None:
    forest = Forest((tree(), Tree.of_one_leaf(0.1)), is_single=False)
    mean = (10 * 0.25 + 20 * -0.5 + 30 * 2.0) / 60 + 0.1
    assert ShapleyModel(forest.text(["a", "b"])).base == pytest.approx(mean, abs=1e-12)
    fractions = Forest((tree(weight=[0.1, 0.2, 0.3]), Tree.of_one_leaf(0.1)), is_single=False)
    assert ShapleyModel(fractions.text(["a", "b"])).base == pytest.approx(mean, abs=1e-8)


def test_names_that_lightgbm_does_not_take_are_numbered() -> None:
    text = Forest((tree(),), is_single=False).text(["a b", "c"])
    assert lgb.Booster(model_str=text).feature_name() == ["feature_0", "feature_1"]


def test_arrays_come_back_as_they_were_written(tmp_path: Path) -> None:
    forest = Forest((tree(), Tree.of_one_leaf(0.1), tree(value=[1, 2, 3])), is_single=True)
    forest.save(tmp_path / "forest.npz")
    found = Forest.load(tmp_path / "forest.npz")
    assert found.is_single
    assert found.text(["a", "b"]) == forest.text(["a", "b"])


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        ({"right": [0, -3]}, "a loop"),
        ({"left": [-1, 1], "right": [-2, -3]}, "a loop"),
        ({"left": [-1, -1]}, "a loop"),
        ({"left": [-1, -9]}, "a loop"),
        ({"feature": [0, 2]}, "not among its 2"),
        ({"feature": [-1, 1]}, "not among its 2"),
        ({"value": [0.1, float("nan"), 0.1]}, "no number"),
        ({"value": [0.1, float("inf"), 0.1]}, "no number"),
        ({"threshold": [float("nan"), 0.1]}, "no number"),
        ({"weight": [1, -1, 1]}, "number of rows"),
        ({"value": [0.1, 0.1]}, "one leaf more"),
        ({"left": [-1]}, "lacks a part"),
    ],
)
def test_what_is_no_tree_is_refused(parts: dict[str, list[float]], fault: str) -> None:
    with pytest.raises(BringingError, match=f"tree 0 .*{fault}"):
        Forest((tree(**parts),), is_single=False).check(2)


def test_a_path_that_nobody_trained_is_refused() -> None:
    n = MOST_DEPTH + 1
    numbers = np.arange(n)
    chain = Tree(
        feature=np.zeros(n, dtype=np.int64),
        threshold=numbers.astype(float),
        missing_left=np.zeros(n, dtype=bool),
        left=~numbers,
        right=np.where(numbers < n - 1, numbers + 1, ~n),
        value=np.zeros(n + 1),
        weight=np.ones(n + 1),
    )
    with pytest.raises(BringingError, match="128 splits deep"):
        Forest((chain,), is_single=False).check(1)


def test_rising_and_falling_are_told_by_the_leaves_on_both_sides() -> None:
    rising = Forest((tree(value=[0.1, 0.2, 0.3]),), is_single=False)
    assert rising.rises(0)
    assert rising.rises(1)
    assert not rising.falls(0)
    # The leaf below 1 is more than one of those above, although both of these rise with the other feature.
    mixed = Forest((tree(value=[0.25, -0.5, 2.0]),), is_single=False)
    assert not mixed.rises(0)
    assert not mixed.falls(0)
    assert mixed.rises(1)
    # A feature that nothing asks for does both.
    assert mixed.rises(7)
    assert mixed.falls(7)


def test_places_rename_the_features() -> None:
    moved = Forest((tree(),), is_single=False).placed([5, 3])
    assert moved.trees[0].feature.tolist() == [5, 3]

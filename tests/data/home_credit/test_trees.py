from __future__ import annotations

import numpy as np
import pytest

from data.home_credit.trees import Leaf, Split, TreeFitter, draw_codes, leaves_of, node_from_json, node_to_json, rake

TREE = Split("x", (1, 3), Leaf((12, 0, 0, 3)), Split("y", (0, 1), Leaf((0, 5)), Leaf((4,))))


def test_every_row_falls_into_one_leaf() -> None:
    columns = {"x": np.array([1, 2, 3, 0, 2], np.uint8), "y": np.array([9, 1, 9, 0, 2], np.uint8)}
    found = [(leaf.weights, rows.tolist()) for leaf, rows in leaves_of(TREE, columns, np.arange(5, dtype=np.int32))]
    assert found == [((12, 0, 0, 3), [0, 2]), ((0, 5), [1, 3]), ((4,), [4])]


def test_a_tree_is_stored_in_few_letters() -> None:
    stored = node_to_json(TREE, ["y", "x"])
    # Codes 1 and 3 as bits, codes up to 1 as their highest; two zeros are one "b".
    assert stored == [1, "a", "12b3", [0, 1, "a5", "4"]]
    assert node_from_json(stored, ["y", "x"]) == TREE
    long = Leaf((0,) * 60 + (7,) + (0,) * 27)
    assert node_from_json(node_to_json(long, []), []) == long


def test_raking_keeps_the_shares_of_codes_however_rows_are_spread() -> None:
    weights, sizes = [(30, 10), (10, 50)], [900, 100]
    table = rake(weights, sizes)
    np.testing.assert_allclose(table.sum(axis=1), 1)
    np.testing.assert_allclose(np.array(sizes) @ table, [400, 600], rtol=1e-6)
    # Proportional fitting keeps the odds ratio: (30 * 50) / (10 * 10).
    assert table[0, 0] * table[1, 1] / (table[0, 1] * table[1, 0]) == pytest.approx(15, rel=1e-6)
    assert rake([(1, 0), (1, 1)], [5, 5])[0, 1] == 0


def test_drawn_codes_have_the_leafs_shares_and_rise_with_the_scores() -> None:
    rng = np.random.default_rng(1)
    rows = np.arange(10_000, dtype=np.int32)
    scores = rng.standard_normal(rows.size)
    codes, within, share = draw_codes(Leaf((2, 0, 3, 5)), {}, rows, scores, rng)
    np.testing.assert_allclose(np.bincount(codes) / rows.size, [0.2, 0, 0.3, 0.5], atol=1e-3)
    assert np.all(np.diff(codes[np.argsort(scores)].astype(int)) >= 0)
    assert 0 <= within.min() <= within.max() <= 1
    np.testing.assert_allclose(np.sort(share), np.linspace(0, 1, rows.size), atol=2e-4)


def test_a_fitted_tree_finds_the_split_that_made_the_rows() -> None:
    rng = np.random.default_rng(2)
    cause, noise = rng.integers(0, 6, (2, 6_000)).astype(np.uint8)
    codes = np.where(np.isin(cause, [1, 4]), 2, 1).astype(np.uint8)
    goal = (codes - codes.mean())[:, None]
    tree = TreeFitter().fit(codes, goal, {"cause": cause, "noise": noise}, frozenset({"noise"}))
    assert isinstance(tree, Split)
    assert tree.column == "cause"
    left = set(tree.left_codes) & set(range(6))
    assert left in ({1, 4}, {0, 2, 3, 5})
    assert TreeFitter().fit(codes, goal, {"noise": noise}, frozenset({"noise"})) == Leaf(tuple(np.bincount(codes)))

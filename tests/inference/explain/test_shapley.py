"""Contributions against LightGBM's own, against all coalitions counted out, and where a model cannot be explained."""

from __future__ import annotations

import itertools
import math
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from numpy.typing import NDArray

from inference.errors import ContributionsError
from inference.explain.shapley import BLOCK_ROWS, ShapleyModel
from inference.model.build import PublishedModel

# feature 0 at the root, below it on the left feature 1; leaves of 1.0 (20 rows), 3.0 (30) and -2.0 (50).
SMALL = """tree
num_class=1
num_tree_per_iteration=1
max_feature_idx=2

Tree=0
num_leaves=3
num_cat=0
split_feature=0 1
threshold=0.5 2.5
decision_type=8 10
left_child=1 -1
right_child=-3 -2
leaf_value=1 3 -2
leaf_count=20 30 50
internal_count=100 50
shrinkage=1

Tree=1
num_leaves=1
leaf_value=0.25

end of trees
"""


def grown(n_leaves: int, *, seed: int, **settings: Any) -> tuple[lgb.Booster, NDArray[np.float32]]:
    """A model of 20 trees on 5,000 rows of six columns, one without missing values, one a flag."""
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(5_000, 6)).astype(np.float32)
    matrix[:, 5] = matrix[:, 5] > 0
    matrix[random.random(matrix.shape) < 0.1] = np.nan
    matrix[:, 1] = random.normal(size=5_000)
    signal = np.nansum(matrix[:, :3], axis=1) * np.nan_to_num(matrix[:, 3], nan=2.0)
    told = {"objective": "binary", "num_leaves": n_leaves, "min_data_in_leaf": 5, "verbosity": -1, "num_threads": 1}
    return lgb.train({**told, **settings}, lgb.Dataset(matrix, signal > 0.3), 20), matrix


@pytest.mark.parametrize("n_leaves", [2, 3, 15, 17, 40])
def test_values_are_those_of_lightgbm(n_leaves: int) -> None:
    booster, matrix = grown(n_leaves, seed=n_leaves)
    # Missing where training met none: read as zero.
    matrix[:50, 1] = np.nan
    wanted = np.asarray(booster.predict(matrix, pred_contrib=True))
    model = ShapleyModel(booster.model_to_string())
    np.testing.assert_allclose(model.values(matrix), wanted[:, :-1], rtol=0, atol=1e-12)
    assert model.base == pytest.approx(wanted[0, -1], abs=1e-12)


def test_values_of_the_published_model_add_up_to_its_log_odds(published: PublishedModel, applications: Any) -> None:
    from scripts._embedded import FEATURES

    matrix = FEATURES.matrix(applications)
    booster = lgb.Booster(model_file=str(published.directory / "model.txt"))
    model = ShapleyModel((published.directory / "model.txt").read_text(encoding="utf-8"))
    values = model.values(matrix)
    np.testing.assert_allclose(
        values, np.asarray(booster.predict(matrix, pred_contrib=True))[:, :-1], rtol=0, atol=1e-12
    )
    log_odds = np.asarray(booster.predict(matrix, raw_score=True))
    np.testing.assert_allclose(model.base + values.sum(axis=1), log_odds, rtol=0, atol=1e-12)


def test_blocks_do_not_change_the_values() -> None:
    booster, matrix = grown(15, seed=1)
    model = ShapleyModel(booster.model_to_string())
    many = np.tile(matrix, (BLOCK_ROWS // len(matrix) + 2, 1))
    assert len(many) > BLOCK_ROWS
    told: list[tuple[int, int]] = []
    result = np.empty((6, len(many)))

    def take(rows: slice, values: NDArray[np.float64]) -> None:
        result[:, rows] = values

    model.each_block(many, take, lambda done, total: told.append((done, total)))
    np.testing.assert_array_equal(result, np.tile(model.values(matrix).T, (1, len(many) // len(matrix))))
    assert told == [(BLOCK_ROWS, len(many)), (len(many), len(many))]


def test_values_are_shapleys_over_all_coalitions() -> None:
    row = np.array([[0.0, np.nan, 7.0]], dtype=np.float32)

    def worth(known: frozenset[int]) -> float:
        # A missing feature 1 goes left (decision type 10); unknown ones go both ways, 50:50 and 20:30.
        left = 1.0 if 1 in known else 20 / 50
        inner = left * 1.0 + (1 - left) * 3.0
        return inner if 0 in known else 0.5 * inner + 0.5 * -2.0

    wanted = []
    for feature in range(3):
        others = [other for other in range(3) if other != feature]
        total = 0.0
        for size in range(3):
            for chosen in itertools.combinations(others, size):
                weight = math.factorial(size) * math.factorial(2 - size) / math.factorial(3)
                total += weight * (worth(frozenset({*chosen, feature})) - worth(frozenset(chosen)))
        wanted.append(total)
    model = ShapleyModel(SMALL)
    np.testing.assert_allclose(model.values(row)[0], wanted, rtol=0, atol=1e-14)
    assert model.base == pytest.approx(0.25 + (20 * 1 + 30 * 3 - 50 * 2) / 100)


@pytest.mark.parametrize("n_leaves", [2, 3, 17, 40])
def test_one_row_alone_has_the_values_of_lightgbm(n_leaves: int) -> None:
    booster, matrix = grown(n_leaves, seed=n_leaves)
    matrix[:50, 1] = np.nan
    rows = np.concatenate([matrix[:100], np.full((1, 6), np.nan, dtype=np.float32)])
    wanted = np.asarray(booster.predict(rows, pred_contrib=True))[:, :-1]
    model = ShapleyModel(booster.model_to_string())
    found = np.array([model.explain(row) for row in rows])
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12)
    assert found.dtype == np.float64


def test_one_row_on_a_threshold_goes_left() -> None:
    on, above = np.float32(0.5), np.nextafter(np.float32(0.5), np.float32(1))
    model = ShapleyModel(SMALL)
    for value, log_odds in ((on, 0.25 + 1.0), (above, 0.25 - 2.0)):
        row = np.array([value, np.nan, 7.0], dtype=np.float32)
        assert model.base + model.explain(row).sum() == pytest.approx(log_odds, abs=1e-14)


def test_trees_of_different_depth_are_explained_together() -> None:
    # A second tree whose longest path asks one feature twice, beside the first with two features on a path.
    first = SMALL[SMALL.index("Tree=0") + len("Tree=0") : SMALL.index("Tree=1")]
    second = first.replace("split_feature=0 1", "split_feature=2 2")
    text = SMALL.replace("Tree=1", f"Tree=1{second}Tree=2")
    rows = np.array([[0, 1, 2], [1, 3, 0], [np.nan, np.nan, np.nan], [0, 9, 0.1]], dtype=np.float32)
    model = ShapleyModel(text)
    np.testing.assert_allclose([model.explain(row) for row in rows], model.values(rows), rtol=0, atol=1e-14)


def test_a_model_that_never_splits_adds_nothing() -> None:
    head, rest = SMALL.split("Tree=0")
    model = ShapleyModel(head + "Tree=1" + rest.split("Tree=1")[1])
    assert model.base == 0.25
    assert model.explain(np.zeros(3, dtype=np.float32)).tolist() == [0.0, 0.0, 0.0]


def test_no_rows_have_no_values() -> None:
    assert ShapleyModel(SMALL).values(np.empty((0, 3), dtype=np.float32)).shape == (0, 3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("decision_type=8 10", "decision_type=8 1"), "splits on categories"),
        (("decision_type=8 10", "decision_type=4 10"), "takes zero for missing"),
        (("num_tree_per_iteration=1", "num_tree_per_iteration=3"), "model with one output"),
        (("max_feature_idx=2", ""), "model with one output"),
    ],
)
def test_other_models_are_refused(change: tuple[str, str], said: str) -> None:
    with pytest.raises(ContributionsError, match=said):
        ShapleyModel(SMALL.replace(*change))

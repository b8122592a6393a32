from __future__ import annotations

from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import orjson
import pytest
import xgboost as xgb
from catboost import CatBoostClassifier, CatBoostRegressor
from numpy.typing import NDArray

from inference.bringing.errors import BringingError
from inference.bringing.forest import Forest
from inference.bringing.trees import from_catboost, from_lightgbm, from_xgboost

Matrix = NDArray[np.float32]
Target = NDArray[np.int64]
XGBOOST = {"objective": "binary:logistic", "max_depth": 4, "eta": 0.3, "base_score": 0.2, "nthread": 1}


def log_odds(forest: Forest, matrix: Matrix) -> NDArray[np.float64]:
    """The sum of the leaves, by LightGBM."""
    forest.check(matrix.shape[1])
    booster = lgb.Booster(model_str=forest.text([f"f{at}" for at in range(matrix.shape[1])]))
    return np.asarray(booster.predict(matrix, raw_score=True, num_threads=1))


def on_thresholds(forest: Forest, matrix: Matrix) -> Matrix:
    """Rows that hold thresholds, and the floats just below and above them."""
    values = np.concatenate([tree.threshold for tree in forest.trees])[:200].astype(np.float32)
    # CatBoost tells missing values from others by the largest float32, beyond which there is none.
    values = values[np.abs(values) < 1e30]
    values = np.concatenate([values, np.nextafter(values, np.float32(np.inf)), np.nextafter(values, np.float32(-9e9))])
    return np.repeat(values[:, None], matrix.shape[1], axis=1)


def xgboost_json(booster: xgb.Booster) -> dict[str, Any]:
    return orjson.loads(bytes(booster.save_raw("json")))  # type: ignore[no-any-return]


def test_xgboost_decides_alike_on_gaps_and_on_its_thresholds(matrix: Matrix, target: Target) -> None:
    booster = xgb.train(XGBOOST, xgb.DMatrix(matrix, target), 25)
    forest = from_xgboost(xgboost_json(booster))
    rows = np.vstack([matrix, on_thresholds(forest, matrix)])
    margins = booster.predict(xgb.DMatrix(rows), output_margin=True)
    assert np.isnan(rows).any()
    np.testing.assert_allclose(log_odds(forest, rows), margins, rtol=0, atol=2e-6)
    assert forest.is_single


def test_contributions_of_an_xgboost_model_are_its_own(matrix: Matrix, target: Target) -> None:
    from inference.explain.shapley import ShapleyModel

    booster = xgb.train(XGBOOST, xgb.DMatrix(matrix, target), 10)
    native = booster.predict(xgb.DMatrix(matrix), pred_contribs=True)
    model = ShapleyModel(from_xgboost(xgboost_json(booster)).text(list("abcd")))
    np.testing.assert_allclose(model.values(matrix), native[:, :-1], rtol=0, atol=1e-4)
    assert model.base == pytest.approx(native[0, -1], abs=1e-4)


def test_only_the_first_rounds_count_where_that_is_said(matrix: Matrix, target: Target) -> None:
    data = xgb.DMatrix(matrix, target)
    booster = xgb.train({**XGBOOST, "num_parallel_tree": 2, "subsample": 0.5}, data, 6)
    forest = from_xgboost(xgboost_json(booster), 4)
    assert len(forest.trees) == 1 + 8
    margins = booster.predict(data, output_margin=True, iteration_range=(0, 4))
    np.testing.assert_allclose(log_odds(forest, matrix), margins, rtol=0, atol=2e-6)


def test_deleted_nodes_of_a_pruned_tree_are_left_out(matrix: Matrix, target: Target) -> None:
    booster = xgb.train({**XGBOOST, "gamma": 3.0, "tree_method": "exact"}, xgb.DMatrix(matrix, target), 8)
    forest = from_xgboost(xgboost_json(booster))
    margins = booster.predict(xgb.DMatrix(matrix), output_margin=True)
    np.testing.assert_allclose(log_odds(forest, matrix), margins, rtol=0, atol=2e-6)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"objective": "reg:squarederror"}, "objective is reg:squarederror, whose output is no PD"),
        ({"objective": "binary:logitraw"}, "objective is binary:logitraw"),
        ({"booster": "dart"}, "kind dart; only gbtree is read"),
    ],
)
def test_an_xgboost_model_that_gives_no_pd_is_refused(
    parameters: dict[str, Any], reason: str, matrix: Matrix, target: Target
) -> None:
    booster = xgb.train({**XGBOOST, **parameters}, xgb.DMatrix(matrix, target), 2)
    with pytest.raises(BringingError, match=reason):
        from_xgboost(xgboost_json(booster))


def test_splits_on_categories_of_xgboost_are_refused(matrix: Matrix, target: Target) -> None:
    data = xgb.DMatrix(matrix, target, feature_types=["q", "q", "q", "c"], enable_categorical=True)
    with pytest.raises(BringingError, match="splits on categories"):
        from_xgboost(xgboost_json(xgb.train(XGBOOST, data, 20)))


def test_children_that_lead_back_are_refused(matrix: Matrix, target: Target) -> None:
    model = xgboost_json(xgb.train(XGBOOST, xgb.DMatrix(matrix, target), 2))
    model["learner"]["gradient_booster"]["model"]["trees"][1]["left_children"][1] = 0
    with pytest.raises(BringingError, match="a loop"):
        from_xgboost(model)


def catboost_json(model: Any, folder: Path) -> dict[str, Any]:
    model.save_model(str(folder / "model.json"), format="json")
    return orjson.loads((folder / "model.json").read_bytes())  # type: ignore[no-any-return]


@pytest.mark.parametrize("policy", ["SymmetricTree", "Depthwise", "Lossguide"])
@pytest.mark.parametrize("nan_mode", ["Min", "Max"])
def test_catboost_decides_alike_on_gaps_and_on_its_borders(
    policy: str, nan_mode: str, matrix: Matrix, target: Target, tmp_path: Path
) -> None:
    model = CatBoostClassifier(
        iterations=20, depth=4, grow_policy=policy, nan_mode=nan_mode, verbose=0, thread_count=1,
        allow_writing_files=False,
    ).fit(matrix, target)  # fmt: skip
    forest = from_catboost(catboost_json(model, tmp_path))
    rows = np.vstack([matrix, on_thresholds(forest, matrix)])
    margins = model.predict(rows, prediction_type="RawFormulaVal", thread_count=1)
    np.testing.assert_allclose(log_odds(forest, rows), margins, rtol=0, atol=1e-12)


def test_contributions_of_a_catboost_model_add_up_to_its_log_odds(
    matrix: Matrix, target: Target, tmp_path: Path
) -> None:
    from inference.explain.shapley import ShapleyModel

    model = CatBoostClassifier(iterations=10, depth=3, verbose=0, thread_count=1, allow_writing_files=False)
    model.fit(matrix, target)
    explained = ShapleyModel(from_catboost(catboost_json(model, tmp_path)).text(list("abcd")))
    found = explained.values(matrix).sum(axis=1) + explained.base
    native = model.predict(matrix, prediction_type="RawFormulaVal", thread_count=1)
    np.testing.assert_allclose(found, native, rtol=0, atol=1e-9)


def test_a_catboost_model_that_gives_no_pd_or_takes_categories_is_refused(
    matrix: Matrix, target: Target, tmp_path: Path
) -> None:
    usual = {"iterations": 2, "verbose": 0, "thread_count": 1, "allow_writing_files": False}
    with pytest.raises(BringingError, match="loss function is RMSE"):
        from_catboost(catboost_json(CatBoostRegressor(**usual).fit(matrix, target), tmp_path))
    words = np.where(np.isnan(matrix[:, 3]), "none", matrix[:, 3].astype(str)).astype(object)
    mixed = np.column_stack([matrix[:, :1].astype(object), words])
    with pytest.raises(BringingError, match="takes categorical columns"):
        from_catboost(catboost_json(CatBoostClassifier(**usual).fit(mixed, target, cat_features=[1]), tmp_path))


def grown(matrix: Matrix, target: Target, **parameters: Any) -> lgb.Booster:
    usual = {"objective": "binary", "num_leaves": 8, "verbose": -1, "num_threads": 1, "min_data_in_leaf": 5}
    categories = parameters.pop("categorical_feature", "auto")
    return lgb.train({**usual, **parameters}, lgb.Dataset(matrix, target, categorical_feature=categories), 20)


def test_lightgbm_decides_alike_with_and_without_gaps_in_training(matrix: Matrix, target: Target) -> None:
    for trained in (matrix, np.nan_to_num(matrix)):
        booster = grown(trained, target)
        forest = from_lightgbm(booster.model_to_string())
        rows = np.vstack([matrix, on_thresholds(forest, matrix)])
        raw = booster.predict(rows, raw_score=True, num_threads=1)
        np.testing.assert_allclose(log_odds(forest, rows), raw, rtol=0, atol=1e-14)


def test_a_slope_of_the_sigmoid_is_part_of_the_leaves(matrix: Matrix, target: Target) -> None:
    booster = grown(matrix, target, sigmoid=2.0)
    found = log_odds(from_lightgbm(booster.model_to_string()), matrix)
    np.testing.assert_allclose(1 / (1 + np.exp(-found)), booster.predict(matrix, num_threads=1), rtol=0, atol=1e-14)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "regression": ({"objective": "regression"}, "objective is regression"),
    "classes": ({"objective": "multiclass", "num_class": 2}, "several outputs"),
    "categories": ({"categorical_feature": [3], "cat_smooth": 1, "min_data_per_group": 1}, "splits on categories"),
    "zero": ({"zero_as_missing": True}, "takes zero for missing"),
    "linear": ({"linear_tree": True}, "linear model"),
    "random forest": (
        {"boosting": "rf", "bagging_fraction": 0.5, "bagging_freq": 1},
        "averages its trees",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_lightgbm_model_that_is_no_sum_of_numeric_splits_is_refused(
    case: str, matrix: Matrix, target: Target
) -> None:
    parameters, reason = REFUSED[case]
    given = np.nan_to_num(matrix) if case == "linear" else matrix
    booster = grown(given, target, **parameters)
    with pytest.raises(BringingError, match=reason):
        from_lightgbm(booster.model_to_string())

from __future__ import annotations

from fractions import Fraction

import lightgbm as lgb
import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from inference.errors import ExportError
from inference.model.export import export_onnx, floor_float32
from inference.model.session import OnnxBackend
from inference.model.training import round_leaves


def fit(
    matrix: NDArray[np.float32], target: NDArray[np.bool_], categories: tuple[int, ...] = (), **parameters: object
) -> lgb.Booster:
    settings = {"objective": "binary", "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 5, **parameters}
    table = lgb.Dataset(matrix, target.astype(np.uint8), params=settings, categorical_feature=list(categories))
    booster = lgb.train(settings, table, 30)
    round_leaves(booster)
    return booster


def exported(booster: lgb.Booster) -> OnnxBackend:
    return OnnxBackend(export_onnx(booster, booster.num_feature(), {}))


def assert_same(booster: lgb.Booster, matrix: NDArray[np.float32]) -> None:
    """Equal after the native PD is rounded to float32 once, as the graph does: no decision can differ then."""
    native = np.asarray(booster.predict(matrix), dtype=np.float32)
    np.testing.assert_array_equal(exported(booster).predict(matrix), native)


def thresholds(booster: lgb.Booster) -> list[tuple[int, float]]:
    frame = booster.dump_model()["tree_info"]
    found, stack = [], [tree["tree_structure"] for tree in frame]
    while stack:
        node = stack.pop()
        if "threshold" in node:
            found.append((int(node["split_feature"]), float(node["threshold"])))
            stack += [node["left_child"], node["right_child"]]
    return found


@given(st.floats(allow_nan=False, width=64))
def test_floor_float32_is_the_largest_float32_not_above(value: float) -> None:
    floor = floor_float32(np.array([value]))[0]
    assert float(floor) <= value
    with np.errstate(over="ignore"):
        above = np.nextafter(floor, np.float32(np.inf))
    assert floor == np.inf or float(above) > value


def test_floor_float32_by_hand() -> None:
    one, next_one = np.float32(1.0), np.nextafter(np.float32(1.0), np.float32(2.0))
    middle = float(Fraction(float(one)) + Fraction(float(next_one))) / 2
    found = floor_float32(np.array([1.0, np.nextafter(1.0, 0.0), middle, float(next_one), 1e300, -1e300]))
    largest = np.finfo(np.float32).max
    below = np.nextafter(one, np.float32(0.0))
    np.testing.assert_array_equal(found, np.array([one, below, one, next_one, largest, -np.inf], dtype=np.float32))


def test_neighbouring_float32_values_are_told_apart_as_in_lightgbm() -> None:
    # 2,000 consecutive float32 numbers: every threshold lies between two neighbours, where rounding to the nearest
    # float32 lands on the upper one for half of them.
    values = (np.float32(1.0).view(np.uint32) + np.arange(2_000, dtype=np.uint32)).view(np.float32)
    target = (np.arange(2_000) // 37) % 2 == 0
    booster = fit(values.reshape(-1, 1), target, num_leaves=63, max_bin=2_000, min_data_in_bin=1)
    cuts = np.array([cut for _, cut in thresholds(booster)])
    assert (cuts.astype(np.float32) > cuts).any(), "the test must hold thresholds that naive rounding raises"
    assert_same(booster, values.reshape(-1, 1))


def test_every_threshold_and_its_float32_neighbours_decide_alike() -> None:
    random = np.random.default_rng(1)
    matrix = random.normal(size=(3_000, 6)).astype(np.float32)
    matrix[random.random(matrix.shape) < 0.2] = np.nan
    target = np.nan_to_num(matrix[:, 0]) + random.normal(size=3_000) > 0.5
    booster = fit(matrix, target)
    rows = []
    for feature, cut in thresholds(booster):
        nearest = np.float32(cut)
        for value in (nearest, np.nextafter(nearest, np.float32(-np.inf)), np.nextafter(nearest, np.float32(np.inf))):
            row = matrix[random.integers(3_000)].copy()
            row[feature] = value
            rows.append(row)
    assert_same(booster, np.array(rows))


@pytest.mark.parametrize("shift", [-3.0, 0.0, 3.0])
def test_missing_values_of_features_that_had_none_in_training(shift: float) -> None:
    # LightGBM reads them as 0, which lies right of all, among, or left of all thresholds here.
    random = np.random.default_rng(2)
    matrix = (random.random((2_000, 3)) - 0.5 + shift).astype(np.float32)
    target = matrix[:, 0] + matrix[:, 1] + random.normal(size=2_000) * 0.2 > 2 * shift
    booster = fit(matrix, target)
    matrix[random.random(matrix.shape) < 0.5] = np.nan
    assert_same(booster, matrix)


def test_rows_full_of_missing_infinite_and_zero_values() -> None:
    random = np.random.default_rng(3)
    matrix = random.normal(size=(3_000, 8)).astype(np.float32)
    matrix[:, :4][random.random((3_000, 4)) < 0.4] = np.nan
    target = np.isnan(matrix[:, 0]) ^ (matrix[:, 5] > 0)
    booster = fit(matrix, target)
    special = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, 3e38], dtype=np.float32)
    assert_same(booster, random.choice(special, (2_000, 8)))
    assert_same(booster, np.full((1, 8), np.nan, dtype=np.float32))


def test_graph_has_one_input_one_output_and_the_metadata() -> None:
    random = np.random.default_rng(4)
    matrix = random.random((500, 3), dtype=np.float32)
    content = export_onnx(fit(matrix, matrix[:, 0] > 0.5), 3, {"product": "Scoreroom"})
    model = onnx.load_from_string(content)
    onnx.checker.check_model(model)
    assert [output.name for output in model.graph.output] == ["default_probability"]
    assert [node.op_type for node in model.graph.node] == ["TreeEnsembleRegressor", "Cast", "Sigmoid", "Cast"]
    assert {opset.domain: opset.version for opset in model.opset_import} == {"": 15, "ai.onnx.ml": 3}
    assert OnnxBackend(content).metadata == {"product": "Scoreroom"}


def test_splits_that_the_graph_cannot_say_are_refused() -> None:
    random = np.random.default_rng(5)
    matrix = random.integers(0, 9, (1_000, 2)).astype(np.float32)
    categorical = fit(matrix, matrix[:, 0] % 2 == 0, categories=(0,))
    with pytest.raises(ExportError, match="'=='"):
        export_onnx(categorical, 2, {})
    zero_is_missing = fit(matrix, matrix[:, 0] > 4, zero_as_missing=True)
    with pytest.raises(ExportError, match="'Zero'"):
        export_onnx(zero_is_missing, 2, {})

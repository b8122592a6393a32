from __future__ import annotations

import itertools
import re
from fractions import Fraction

import lightgbm as lgb
import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from inference.errors import ExportError
from inference.model.export import export_onnx, floor_float32, opposite
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


@given(st.floats(width=32, allow_nan=False), st.floats(width=32))
def test_opposite_asks_of_the_negated_value_what_is_above_the_threshold(threshold: float, value: float) -> None:
    asked = opposite(np.array([threshold], dtype=np.float32))[0]
    for x in {value, threshold, *_neighbours(np.array([threshold], dtype=np.float32)).tolist()}:
        assert bool(np.float32(-x) <= asked) == (x > threshold)


def test_opposite_by_hand() -> None:
    smallest, largest = np.float32(1e-45), np.finfo(np.float32).max
    found = opposite(np.array([0.0, -0.0, smallest, -largest, largest, np.inf, -np.inf], dtype=np.float32))
    expected = [-smallest, -smallest, -2 * smallest, np.nextafter(largest, np.float32(0)), -np.inf, np.nan, largest]
    np.testing.assert_array_equal(found, np.array(expected, dtype=np.float32))


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


def test_thresholds_at_the_edges_of_float32_decide_alike_wherever_missing_values_go() -> None:
    # Zeros, the smallest numbers, LightGBM's own zero, one that float32 has not, the largest, beyond it, infinity.
    edges = "0 -0 1e-45 -1e-45 5e-46 1.0000000180025095e-35 0.1 -0.1 1 3.4028234663852886e38 1e39 -1e39 inf"
    # LightGBM's bits: missing is NaN (8) and goes left (2), or nothing is missing (0).
    kinds = "10 8 10 8 0"
    random = np.random.default_rng(6)
    matrix = random.normal(size=(2_000, 4)).astype(np.float32)
    matrix[random.random(matrix.shape) < 0.2] = np.nan
    text = fit(matrix, matrix[:, 0] > random.normal(size=2_000)).model_to_string()
    redrawn = _redrawn(_redrawn(text, "threshold", edges), "decision_type", kinds)
    booster = lgb.Booster(model_str=re.sub(r"^tree_sizes=.*\n", "", redrawn, flags=re.MULTILINE))
    # LightGBM writes infinity as 1e300, and its JSON knows one zero.
    held = {cut for _, cut in thresholds(booster)}
    assert held == {1e300 if edge == "inf" else float(edge) for edge in edges.split()}
    # Closer to 0 than 1e-35 LightGBM reads 0, so that no threshold it chooses lies there.
    exact = np.array([0.0, 1e-35, 0.1, 1.0, 3.4028235e38, np.inf], dtype=np.float32)
    positive = np.concatenate([exact, _neighbours(exact[1:])])
    positive = positive[(positive == 0) | (positive > 1e-35)]
    special = np.concatenate([positive, -positive, np.array([np.nan], dtype=np.float32)])
    assert_same(booster, random.choice(special, (5_000, 4)))


def _neighbours(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The float32 values just below and just above each."""
    with np.errstate(over="ignore"):
        return np.concatenate([np.nextafter(values, np.float32(limit)) for limit in (-np.inf, np.inf)])


def _redrawn(text: str, name: str, values: str) -> str:
    """A model's text with `values`, again and again, wherever its trees have a list of this name."""
    drawn = itertools.cycle(values.split())

    def written(line: re.Match[str]) -> str:
        return f"{name}={' '.join(itertools.islice(drawn, len(line[1].split())))}"

    return re.sub(rf"^{name}=(.*)$", written, text, flags=re.MULTILINE)


def test_no_node_tracks_missing_values_so_that_the_runtime_takes_its_fast_path() -> None:
    random = np.random.default_rng(7)
    matrix = random.normal(size=(2_000, 3)).astype(np.float32)
    matrix[random.random(matrix.shape) < 0.3] = np.nan
    booster = fit(matrix, np.isnan(matrix[:, 0]) ^ (matrix[:, 1] > 0))
    (trees,) = [
        {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        for node in onnx.load_from_string(export_onnx(booster, 3, {})).graph.node
        if node.op_type == "TreeEnsembleRegressor"
    ]
    assert not any(trees["nodes_missing_value_tracks_true"])
    assert set(trees["nodes_modes"]) == {b"BRANCH_LEQ", b"LEAF"}
    # Both of the features and of their negatives are asked.
    splits = [
        feature
        for feature, mode in zip(trees["nodes_featureids"], trees["nodes_modes"], strict=True)
        if mode != b"LEAF"
    ]
    assert {feature // 3 for feature in splits} == {0, 1}


def test_graph_has_one_input_one_output_and_the_metadata() -> None:
    random = np.random.default_rng(4)
    matrix = random.random((500, 3), dtype=np.float32)
    content = export_onnx(fit(matrix, matrix[:, 0] > 0.5), 3, {"product": "Scoreroom"})
    model = onnx.load_from_string(content)
    onnx.checker.check_model(model)
    assert [output.name for output in model.graph.output] == ["default_probability"]
    steps = [node.op_type for node in model.graph.node]
    assert steps == ["Neg", "Concat", "TreeEnsembleRegressor", "Cast", "Sigmoid", "Cast"]
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

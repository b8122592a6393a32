"""Booster -> ONNX that takes every decision as LightGBM does.

onnxmltools translates the trees; two things it leaves inexact are then set right. A threshold is stored as float32,
and rounding it to the nearest can put it on the other side of an input: it becomes the largest float32 that does not
exceed it, which for float32 inputs decides exactly as the float64 did. And where a feature had no missing value in
training, LightGBM reads a missing one as 0, so that the branch is the one that 0 takes.

ONNX Runtime walks the trees faster when no node tracks missing values: it then asks of each value only whether it is
at most the threshold, which a missing one never is, so that it goes right. The graph therefore appends the negated
features to its input, and a split that sends missing values left asks the opposite question of `-x`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from inference.errors import ExportError

if TYPE_CHECKING:
    import lightgbm as lgb
    import onnx

OPSET = 15
OPSET_ML = 3
INPUT, OUTPUT = "features", "default_probability"
# LightGBM's JSON has no infinity: a split of "present" from "missing" is written with this threshold.
_WRITTEN_INFINITY = 1e300
_TREES = ("TreeEnsembleClassifier", "TreeEnsembleRegressor")


def export_onnx(booster: lgb.Booster, n_features: int, metadata: Mapping[str, str], *, is_single: bool = True) -> bytes:
    """The model as an ONNX graph: `features` float32 (rows, features) -> `default_probability` float32 (rows, 1).

    `metadata` is kept in the graph. Leaves are summed in float32, or in float64 where that would not be exact
    (unless `is_single`).

    Raises:
        ExportError: the model splits in a way that the graph cannot say exactly.
    """
    from onnx import helper

    attributes = _converted(booster, n_features)
    walked = dict(_walked(booster.dump_model()["tree_info"], attributes))
    _settle(attributes, {at: _split(node) for at, node in walked.items() if "split_index" in node}, n_features)
    if not is_single:
        _widen(attributes, {at: float(node["leaf_value"]) for at, node in walked.items() if "leaf_value" in node})
    model = _graph(attributes, n_features)
    helper.set_model_props(model, dict(metadata))
    return bytes(model.SerializeToString())


def floor_float32(thresholds: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The largest float32 that does not exceed each value, so that `x <= t` keeps its answer for every float32 x."""
    with np.errstate(over="ignore"):
        nearest = thresholds.astype(np.float32)
        below = np.nextafter(nearest, np.float32(-np.inf))
    return np.where(nearest > thresholds, below, nearest)


def opposite(thresholds: np.ndarray[Any, np.dtype[np.float32]]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """For each threshold t the value u with `-x <= u` for exactly the float32 x above t; NaN, as missing, is not above.

    Of t = infinity, which nothing is above, that is NaN.
    """
    with np.errstate(over="ignore"):
        below = np.nextafter(-thresholds, np.float32(-np.inf))
    return np.where(thresholds == np.inf, np.float32(np.nan), below)


@dataclass(frozen=True, slots=True)
class _Split:
    """One decision of LightGBM's: `value <= threshold`, and where a missing value goes."""

    threshold: float
    missing_goes_left: bool


def _converted(booster: lgb.Booster, n_features: int) -> dict[str, Any]:
    """Attributes of the one tree node that onnxmltools makes."""
    from onnx import helper
    from onnxmltools import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType

    model = convert_lightgbm(
        booster, initial_types=[(INPUT, FloatTensorType([None, n_features]))], target_opset=OPSET, zipmap=False
    )
    (trees,) = [node for node in model.graph.node if node.op_type in _TREES]
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in trees.attribute}


def _walked(trees: list[dict[str, Any]], attributes: Mapping[str, Any]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """LightGBM's node behind each position of the node arrays: both trees are walked in step."""
    keys = zip(attributes["nodes_treeids"], attributes["nodes_nodeids"], strict=True)
    position = {key: at for at, key in enumerate(keys)}
    stack = [(position[index, 0], tree["tree_structure"]) for index, tree in enumerate(trees)]
    while stack:
        at, node = stack.pop()
        yield at, node
        if "split_index" in node:
            tree = attributes["nodes_treeids"][at]
            stack.append((position[tree, attributes["nodes_truenodeids"][at]], node["left_child"]))
            stack.append((position[tree, attributes["nodes_falsenodeids"][at]], node["right_child"]))


def _split(node: Mapping[str, Any]) -> _Split:
    if node["decision_type"] != "<=":
        raise ExportError.from_node(f"it splits with {node['decision_type']!r}, only '<=' is exact")
    threshold, missing = float(node["threshold"]), node["missing_type"]
    if threshold >= _WRITTEN_INFINITY:
        threshold = math.inf
    if missing == "NaN":
        return _Split(threshold, bool(node["default_left"]))
    if missing == "None":
        return _Split(threshold, threshold >= 0.0)
    raise ExportError.from_node(f"it treats {missing!r} as missing, only NaN is exact")


def _settle(attributes: dict[str, Any], splits: Mapping[int, _Split], n_features: int) -> None:
    if len(splits) != sum(mode != b"LEAF" for mode in attributes["nodes_modes"]):
        raise ExportError.from_node("its trees and the converted ones differ in shape")
    values = np.asarray(attributes["nodes_values"], dtype=np.float64)
    for at, split in splits.items():
        values[at] = split.threshold
    floors = floor_float32(values)
    to_left = [at for at, split in splits.items() if split.missing_goes_left]
    floors[to_left] = opposite(floors[to_left])
    true, false = attributes["nodes_truenodeids"], attributes["nodes_falsenodeids"]
    for at in to_left:
        attributes["nodes_featureids"][at] += n_features
        true[at], false[at] = false[at], true[at]
    attributes["nodes_values"] = floors.tolist()
    attributes["nodes_missing_value_tracks_true"] = [0] * len(floors)


def _widen(attributes: dict[str, Any], leaves: Mapping[int, float]) -> None:
    """Say thresholds and leaves in float64, so that ONNX Runtime adds up in it."""
    from onnx import numpy_helper

    keys = list(zip(attributes["nodes_treeids"], attributes["nodes_nodeids"], strict=True))
    values = {keys[at]: value for at, value in leaves.items()}
    weights = [values[key] for key in zip(attributes["class_treeids"], attributes["class_nodeids"], strict=True)]
    thresholds = np.array(attributes.pop("nodes_values"), dtype=np.float64)
    attributes["nodes_values_as_tensor"] = numpy_helper.from_array(thresholds, "thresholds")
    attributes["class_weights"] = numpy_helper.from_array(np.array(weights, dtype=np.float64), "leaves")
    # These have no counterpart in float64, and nothing reads them.
    attributes.pop("nodes_hitrates", None)


def _graph(attributes: Mapping[str, Any], n_features: int) -> onnx.ModelProto:
    """Features and their negatives to log-odds, exact in float32 (`training.round_leaves`); a sigmoid in float64."""
    from onnx import TensorProto, helper

    trees = {name: value for name, value in attributes.items() if name.startswith("nodes_")}
    trees |= {f"target_{name[6:]}": attributes[name] for name in ("class_treeids", "class_nodeids")}
    is_wide = "nodes_values_as_tensor" in trees
    trees["target_weights_as_tensor" if is_wide else "target_weights"] = attributes["class_weights"]
    trees["target_ids"] = [0] * len(attributes["class_ids"])
    asked = "both_64" if is_wide else "both"
    steps = [
        helper.make_node("Neg", [INPUT], ["negated"]),
        helper.make_node("Concat", [INPUT, "negated"], ["both"], axis=1),
        *([helper.make_node("Cast", ["both"], [asked], to=TensorProto.DOUBLE)] if is_wide else []),
        helper.make_node("TreeEnsembleRegressor", [asked], ["log_odds"], domain="ai.onnx.ml", n_targets=1, **trees),
        helper.make_node("Cast", ["log_odds"], ["log_odds_64"], to=TensorProto.DOUBLE),
        helper.make_node("Sigmoid", ["log_odds_64"], ["probability_64"]),
        helper.make_node("Cast", ["probability_64"], [OUTPUT], to=TensorProto.FLOAT),
    ]
    given = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, n_features])
    wanted = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None, 1])
    graph = helper.make_graph(steps, "probability_of_default", [given], [wanted])
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", OPSET_ML)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="scoreroom")

"""The trees of XGBoost, CatBoost and LightGBM, out of what these libraries write of a model that they have read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from inference.bringing.errors import BringingError
from inference.bringing.forest import Forest, Tree
from inference.model.export import floor_float32

_LOGISTIC = "train it with binary logistic loss, or bring its score as a column and calibrate that"
_XGBOOST = ("binary:logistic", "reg:logistic")
_CATBOOST = ("Logloss", "CrossEntropy")
_LIGHTGBM = ("binary", "cross_entropy")
_LEAF = -1


def from_xgboost(model: Mapping[str, Any], n_rounds: int | None = None) -> Forest:
    """The forest of XGBoost's JSON, or of its first `n_rounds` rounds.

    A split there asks `x < t` in float32, which is `x <= t'` for the float32 below t. Leaves are summed in float32,
    after the log-odds of `base_score`.

    Raises:
        BringingError: it does not give the log-odds of one outcome, or splits on categories.
    """
    learner = model["learner"]
    objective, parameters = learner["objective"]["name"], learner["learner_model_param"]
    if objective not in _XGBOOST:
        raise BringingError(f"Its objective is {str(objective)[:40]}, whose output is no PD; {_LOGISTIC}.")
    booster = learner["gradient_booster"]
    if booster["name"] != "gbtree":
        raise BringingError(f"It is a booster of kind {str(booster['name'])[:40]}; only gbtree is read.")
    trees, groups = booster["model"]["trees"], booster["model"]["tree_info"]
    if any(groups) or int(parameters.get("num_target", 1)) > 1:
        raise BringingError("It has several outputs; a model of one outcome is needed.")
    if n_rounds is not None:
        trees = trees[: booster["model"]["iteration_indptr"][n_rounds]]
    base = np.float32(str(parameters["base_score"]).strip("[]"))
    if not 0 < base < 1:
        raise BringingError(f"Its base_score {base} is no probability.")
    first = -np.log(np.float32(1) / base - np.float32(1))
    return Forest((Tree.of_one_leaf(float(first)), *map(_xgboost_tree, trees)), is_single=True)


def _xgboost_tree(tree: Mapping[str, Any]) -> Tree:
    left, right, values = tree["left_children"], tree["right_children"], tree["split_conditions"]
    if any(tree["split_type"]):
        raise BringingError.from_trees("one splits on categories; encode them before training")
    if int(tree["tree_param"]["size_leaf_vector"]) > 1:
        raise BringingError.from_trees("a leaf holds several values")
    # Deleted nodes stay in the file: only those that the root leads to count.
    splits, leaves, stack = dict[int, int](), dict[int, int](), [0]
    while stack:
        at = stack.pop()
        if not 0 <= at < len(left) or at in splits or at in leaves:
            raise BringingError.from_trees("a node hangs on several (a loop)")
        if left[at] == _LEAF:
            leaves[at] = ~len(leaves)
        else:
            splits[at] = len(splits)
            stack += [right[at], left[at]]
    numbers, asked = {**splits, **leaves}, list(splits)
    with np.errstate(over="ignore"):
        thresholds = np.nextafter(np.array([values[at] for at in asked], dtype=np.float32), np.float32(-np.inf))
    return Tree(
        feature=_ints([tree["split_indices"][at] for at in asked]),
        threshold=thresholds.astype(np.float64),
        missing_left=np.array([tree["default_left"][at] for at in asked], dtype=bool),
        left=_ints([numbers[left[at]] for at in asked]),
        right=_ints([numbers[right[at]] for at in asked]),
        value=np.array([values[at] for at in leaves], dtype=np.float32).astype(np.float64),
        weight=np.array([tree["sum_hessian"][at] for at in leaves], dtype=np.float64),
    )


def from_catboost(model: Mapping[str, Any]) -> Forest:
    """The forest of CatBoost's JSON: trees that ask the same at each level, or trees of any shape.

    A split there asks `x > border`. Leaves are summed in float64.

    Raises:
        BringingError: it does not give the log-odds of one outcome, or uses categories, texts or embeddings.
    """
    info = model["features_info"]
    others = [kind for kind in ("categorical", "text", "embedding") if info.get(f"{kind}_features")]
    if others:
        raise BringingError(
            f"It takes {' and '.join(others)} columns, whose encoding stays inside CatBoost; encode them before."
        )
    loss = str(model["model_info"]["params"]["loss_function"]["type"])
    if loss not in _CATBOOST:
        raise BringingError(f"Its loss function is {loss[:40]}, whose output is no PD; {_LOGISTIC}.")
    scale, biases = model["scale_and_bias"]
    if len(biases) != 1:
        raise BringingError("It has several outputs; a model of one outcome is needed.")
    floats = info["float_features"]
    places = [each["flat_feature_index"] for each in floats]
    # A missing value counts as the largest, or as one that exceeds nothing.
    goes_left = [each["nan_value_treatment"] != "AsTrue" for each in floats]
    read = (
        [_level_tree(tree, scale) for tree in model["oblivious_trees"]]
        if "oblivious_trees" in model
        else [_free_tree(tree, scale) for tree in model["trees"]]
    )
    trees = (
        Tree(
            _ints([places[at] for at in tree.feature]),
            tree.threshold,
            np.array([goes_left[at] for at in tree.feature], dtype=bool),
            tree.left,
            tree.right,
            tree.value,
            tree.weight,
        )
        for tree in read
    )
    return Forest((Tree.of_one_leaf(float(biases[0])), *trees), is_single=False)


def _level_tree(tree: Mapping[str, Any], scale: float) -> Tree:
    """Split k of all asks level k; bit k of a leaf's number is whether it was exceeded."""
    features, borders = _asked(tree["splits"] or [])
    depth = len(features)
    levels = np.repeat(np.arange(depth), 2 ** np.arange(depth))
    prefix = np.concatenate([np.zeros(0, dtype=np.int64), *(np.arange(2**k) for k in range(depth))])

    def child(bit: int) -> Any:
        below = prefix | bit << levels
        return np.where(levels == depth - 1, ~below, 2 ** (levels + 1) - 1 + below)

    values = np.array(tree["leaf_values"], dtype=np.float64) * scale
    weights = np.array(tree.get("leaf_weights") or np.ones(values.size), dtype=np.float64)
    missing = np.zeros(levels.size, dtype=bool)
    return Tree(features[levels], borders[levels], missing, child(0), child(1), values, weights)


def _free_tree(root: Mapping[str, Any], scale: float) -> Tree:
    splits, leaves = list[Mapping[str, Any]](), list[Mapping[str, Any]]()
    children: list[list[int]] = []
    # The node, and which child of which split it is.
    stack: list[tuple[Mapping[str, Any], int, int]] = [(root, -1, 0)]
    while stack:
        node, parent, side = stack.pop()
        if "split" in node:
            number = len(splits)
            splits.append(node["split"])
            children.append([0, 0])
            stack += [(node["right"], number, 1), (node["left"], number, 0)]
        else:
            number = ~len(leaves)
            leaves.append(node)
        if parent >= 0:
            children[parent][side] = number
    features, borders = _asked(splits)
    return Tree(
        features,
        borders,
        np.zeros(features.size, dtype=bool),
        _ints([pair[0] for pair in children]),
        _ints([pair[1] for pair in children]),
        np.array([leaf["value"] for leaf in leaves], dtype=np.float64) * scale,
        np.array([leaf.get("weight", 1.0) for leaf in leaves], dtype=np.float64),
    )


def _asked(splits: Sequence[Mapping[str, Any]]) -> tuple[Any, Any]:
    if any(split["split_type"] != "FloatFeature" for split in splits):
        raise BringingError.from_trees("one splits on categories; encode them before training")
    borders = np.array([split["border"] for split in splits], dtype=np.float32)
    return _ints([split["float_feature_index"] for split in splits]), borders.astype(np.float64)


def from_lightgbm(text: str) -> Forest:
    """The forest of LightGBM's text; its leaves are summed in float64.

    Raises:
        BringingError: it does not give the log-odds of one outcome, splits on categories, takes zero for missing, or
            has linear leaves.
    """
    sections = text.split("\nend of trees", maxsplit=1)[0].split("\nTree=")
    head = _fields(sections[0])
    if head.get("num_tree_per_iteration", "1") != "1" or head.get("num_class", "1") != "1":
        raise BringingError("It has several outputs; a model of one outcome is needed.")
    objective, *options = head.get("objective", "none").split()
    if objective not in _LIGHTGBM:
        raise BringingError(f"Its objective is {objective[:40]}, whose output is no PD; {_LOGISTIC}.")
    if any(line.strip() == "average_output" for line in sections[0].splitlines()):
        raise BringingError("It averages its trees (a random forest), which gives no log-odds; bring it as ONNX.")
    slope = next((float(each.removeprefix("sigmoid:")) for each in options if each.startswith("sigmoid:")), 1.0)
    return Forest(tuple(_lightgbm_tree(_fields(section), slope) for section in sections[1:]), is_single=False)


def _lightgbm_tree(tree: Mapping[str, str], slope: float) -> Tree:
    if int(tree.get("num_cat", "0")):
        raise BringingError.from_trees("one splits on categories; encode them before training")
    if int(tree.get("is_linear", "0")):
        raise BringingError.from_trees("a leaf holds a linear model")
    values = np.array(tree["leaf_value"].split(), dtype=np.float64) * slope
    if values.size == 1:
        return Tree.of_one_leaf(float(values[0]))
    kind, threshold = (np.array(tree[name].split(), dtype=np.float64) for name in ("decision_type", "threshold"))
    missing = kind.astype(np.int64) >> 2 & 3
    if np.any(missing == 1):
        raise BringingError.from_trees("one takes zero for missing (zero_as_missing)")
    features, left, right = (_ints(tree[name].split()) for name in ("split_feature", "left_child", "right_child"))
    return Tree(
        features,
        floor_float32(threshold).astype(np.float64),
        # Where nothing was missing in training, a missing value is read as 0.
        np.where(missing == 2, kind.astype(np.int64) & 2 != 0, threshold >= 0),
        left,
        right,
        values,
        np.array(tree.get("leaf_count", "").split() or np.ones(values.size), dtype=np.float64),
    )


def _fields(section: str) -> dict[str, str]:
    return dict(_pairs(section))


def _pairs(section: str) -> Iterator[tuple[str, str]]:
    for line in section.splitlines():
        name, sign, value = line.partition("=")
        if sign:
            yield name, value


def _ints(values: Sequence[Any]) -> Any:
    return np.array([int(value) for value in values], dtype=np.int64)

"""A forest of decision trees as plain arrays: checked, and written as the text of a LightGBM model.

Whatever library grew the trees, here a split asks `value <= threshold` of a float32 and says where a missing value
goes; the leaves reached add up to log-odds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inference.bringing.errors import BringingError

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

# A path this long is no tree that anybody trained, and every reader of a tree walks it.
MOST_DEPTH = 128
MOST_LEAVES = 2_000_000
# Shares of the training rows are kept as whole rows out of so many.
_ROWS = 1_000_000_000
_INT32 = 2**31 - 1
# LightGBM writes infinity so.
_INFINITY = 1e300
# LightGBM takes no other name for a feature than one of these.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_NAN_MISSING, _MISSING_LEFT = 8, 2


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree; child `~n` is leaf n, and a tree of one leaf has no splits.

    The first five arrays have an element for each split: `value <= threshold` goes `left`. `value` (log-odds) and
    `weight` (of the training rows, in any unit) have one for each leaf.
    """

    feature: Ints
    threshold: Floats
    missing_left: Bools
    left: Ints
    right: Ints
    value: Floats
    weight: Floats

    @classmethod
    def of_one_leaf(cls, value: float) -> Tree:
        """A tree that adds `value` for every row."""
        none = np.zeros(0, dtype=np.int64)
        return cls(none, np.zeros(0), np.zeros(0, dtype=bool), none, none, np.array([value]), np.ones(1))


@dataclass(frozen=True, slots=True)
class Forest:
    """Trees whose leaves add up to log-odds, one after the other.

    `is_single` says that the library adds them up in float32, in this order, so that whoever does the same gets the
    same sum; otherwise they are summed in float64.
    """

    trees: tuple[Tree, ...]
    is_single: bool

    def placed(self, places: Sequence[int]) -> Forest:
        """The same forest where feature i is column `places[i]`."""
        columns = np.array(places, dtype=np.int64)
        moved = (
            Tree(columns[t.feature], t.threshold, t.missing_left, t.left, t.right, t.value, t.weight)
            for t in self.trees
        )
        return Forest(tuple(moved), self.is_single)

    def negated(self) -> Forest:
        """The log-odds of the other outcome."""
        return Forest(tuple(map(_negated, self.trees)), self.is_single)

    def check(self, n_features: int) -> None:
        """Raise BringingError unless every tree is one: finite, each node reached once, features among `n_features`."""
        if not self.trees:
            raise BringingError.from_trees("there are none")
        if sum(tree.value.size for tree in self.trees) > MOST_LEAVES:
            raise BringingError.from_trees(f"they have more than {MOST_LEAVES:,} leaves")
        for number, tree in enumerate(self.trees):
            if fault := _fault(tree, n_features):
                raise BringingError.from_trees(f"tree {number} {fault}")

    def rises(self, feature: int) -> bool:
        """Whether no split on `feature` leads to less where it is larger; sufficient for a PD that only rises."""
        return all(_rises(tree, feature) for tree in self.trees if np.any(tree.feature == feature))

    def falls(self, feature: int) -> bool:
        """Whether no split on `feature` leads to more where it is larger."""
        return all(_rises(_negated(tree), feature) for tree in self.trees if np.any(tree.feature == feature))

    def save(self, path: Path) -> None:
        """Write the arrays to `path` (.npz), of all trees one after the other."""
        parts = {each.name: np.concatenate([getattr(t, each.name) for t in self.trees]) for each in fields(Tree)}
        sizes = np.array([tree.value.size for tree in self.trees])
        named: dict[str, Any] = {"sizes": sizes, "is_single": np.array(self.is_single), **parts}
        np.savez(path, **named)

    @classmethod
    def load(cls, path: Path) -> Forest:
        """The forest in `path`, not yet checked.

        Raises:
            ValueError, KeyError: it holds something else.
        """
        with np.load(path, allow_pickle=False) as content:
            ends = np.cumsum(content["sizes"])
            leaves = {name: np.split(content[name], ends[:-1]) for name in ("value", "weight")}
            names = [each.name for each in fields(Tree) if each.name not in leaves]
            splits = {name: np.split(content[name], (ends - np.arange(1, ends.size + 1))[:-1]) for name in names}
            columns = {**splits, **leaves}
            trees = tuple(Tree(**{name: part[at] for name, part in columns.items()}) for at in range(ends.size))
            return cls(trees, bool(content["is_single"]))

    def text(self, names: Sequence[str]) -> str:
        """The forest as LightGBM writes it, for a matrix of columns called `names`, numbered where it takes no such."""
        if not all(map(_PLAIN_NAME.fullmatch, names)):
            names = [f"feature_{at}" for at in range(len(names))]
        trees = "\n".join(_tree_text(number, tree) for number, tree in enumerate(self.trees))
        head = {
            "version": "v4",
            "num_class": "1",
            "num_tree_per_iteration": "1",
            "label_index": "0",
            "max_feature_idx": str(len(names) - 1),
            "objective": "binary sigmoid:1",
            "feature_names": " ".join(names),
            "feature_infos": " ".join(["[-inf:inf]"] * len(names)),
        }
        lines = "\n".join(f"{name}={value}" for name, value in head.items())
        return f"tree\n{lines}\n\n{trees}\nend of trees\n\nfeature_importances:\n\nparameters:\nend of parameters\n"


def _fault(tree: Tree, n_features: int) -> str:
    """What is wrong with a tree, or an empty text."""
    n_splits = tree.feature.size
    if {part.size for part in (tree.threshold, tree.missing_left, tree.left, tree.right)} != {n_splits}:
        return "lacks a part of its splits"
    if {tree.value.size, tree.weight.size} != {n_splits + 1}:
        return "has not one leaf more than splits"
    if n_splits and not 0 <= tree.feature.min() <= tree.feature.max() < n_features:
        return f"asks for a column that is not among its {n_features:,}"
    if not np.isfinite(tree.value).all() or np.isnan(tree.threshold).any():
        return "holds a value or a threshold that is no number"
    if not (np.isfinite(tree.weight).all() and (tree.weight >= 0).all()):
        return "holds a number of rows that is none"
    if not n_splits:
        return ""
    # Every leaf and every split but the first hangs on exactly one split.
    children = np.sort(np.concatenate([tree.left, tree.right]))
    if not np.array_equal(children, np.concatenate([np.arange(-n_splits - 1, 0), np.arange(1, n_splits)])):
        return "has nodes that hang on none or on several (a loop)"
    depth, reached, level = 0, 0, np.zeros(1, dtype=np.int64)
    while level.size:
        depth, reached = depth + 1, reached + level.size
        if depth > MOST_DEPTH:
            return f"is more than {MOST_DEPTH} splits deep"
        below = np.concatenate([tree.left[level], tree.right[level]])
        level = below[below >= 0]
    return "" if reached == n_splits else "has nodes that cannot be reached from its root (a loop)"


def _order(tree: Tree) -> list[int]:
    """The splits, each before those below it."""
    found, level = list[int](), [0] if tree.feature.size else []
    while level:
        found += level
        level = [c for at in level for c in (int(tree.left[at]), int(tree.right[at])) if c >= 0]
    return found


def _rises(tree: Tree, feature: int) -> bool:
    ends: dict[int, tuple[float, float]] = {~leaf: (v, v) for leaf, v in enumerate(tree.value.tolist())}
    for at in reversed(_order(tree)):
        left, right = ends[int(tree.left[at])], ends[int(tree.right[at])]
        if tree.feature[at] == feature and left[1] > right[0]:
            return False
        ends[at] = (min(left[0], right[0]), max(left[1], right[1]))
    return True


def _negated(tree: Tree) -> Tree:
    return Tree(tree.feature, tree.threshold, tree.missing_left, tree.left, tree.right, -tree.value, tree.weight)


def _counts(tree: Tree) -> tuple[Ints, Ints]:
    """Rows that reached each split and each leaf: the given ones where they are whole, else shares of many rows.

    Never none: a leaf that no training row reached would leave shares of nothing.
    """
    weight = tree.weight
    is_whole = bool(np.all(weight == np.rint(weight)) and weight.min() >= 1 and weight.sum() <= _INT32)
    total = float(weight.sum())
    shares = weight if is_whole else weight * (_ROWS / total) if total > 0 else np.ones(weight.size)
    leaves = np.maximum(np.rint(shares), 1).astype(np.int64)
    splits = np.zeros(tree.feature.size, dtype=np.int64)
    for at in reversed(_order(tree)):
        splits[at] = sum(int(splits[c] if c >= 0 else leaves[~c]) for c in (tree.left[at], tree.right[at]))
    return splits, leaves


def _tree_text(number: int, tree: Tree) -> str:
    splits, leaves = _counts(tree)
    parts: dict[str, object] = {"Tree": number, "num_leaves": tree.value.size, "num_cat": 0}
    if tree.feature.size:
        kinds = np.where(tree.missing_left, _NAN_MISSING | _MISSING_LEFT, _NAN_MISSING)
        thresholds = [math.copysign(min(abs(t), _INFINITY), t) for t in tree.threshold.tolist()]
        parts |= {
            "split_feature": _joined(tree.feature),
            "split_gain": _joined(np.zeros(tree.feature.size, dtype=np.int64)),
            "threshold": " ".join(map(repr, thresholds)),
            "decision_type": _joined(kinds),
            "left_child": _joined(tree.left),
            "right_child": _joined(tree.right),
        }
    parts["leaf_value"] = " ".join(map(repr, tree.value.tolist()))
    if tree.feature.size:
        parts |= {"leaf_count": _joined(leaves), "internal_count": _joined(splits)}
    parts |= {"is_linear": 0, "shrinkage": 1}
    return "\n".join(f"{name}={value}" for name, value in parts.items()) + "\n\n"


def _joined(values: NDArray[np.int64]) -> str:
    return " ".join(map(str, values.tolist()))

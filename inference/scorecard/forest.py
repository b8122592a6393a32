"""A scorecard as the text of a LightGBM model: one tree for each characteristic, its bins the leaves.

What serves a LightGBM model then serves a scorecard: export to ONNX, parity, contributions, reasons, the service. A
number below a bin's edge goes left. LightGBM asks `value <= threshold`, and the threshold is the largest float32 below
the edge, which for float32 values decides exactly alike. Missing values always have a leaf of their own, behind the
first split, from which special values are told by their indicators.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from inference.model.export import floor_float32

_LARGEST = float(np.finfo(np.float32).max)
# LightGBM's bits of a split: 2 missing goes left; 8 what is missing is NaN.
_NAN, _LEFT = 8, 2


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a tree adds to the log-odds, and how many training rows came there."""

    value: float
    n: int


@dataclass(frozen=True, slots=True)
class Split:
    """`value <= threshold` of a feature goes left, a missing value where `missing_left` says."""

    feature: int
    threshold: float
    missing_left: bool
    left: Node
    right: Node


Node: TypeAlias = Leaf | Split


def ranges(feature: int, edges: Sequence[float], leaves: Sequence[Leaf]) -> Node:
    """A balanced tree over ranges: leaf i holds values from `edges[i - 1]` up to below `edges[i]`."""
    if len(leaves) == 1:
        return leaves[0]
    middle = len(leaves) // 2
    left = ranges(feature, edges[: middle - 1], leaves[:middle])
    return Split(feature, _below(edges[middle - 1]), False, left, ranges(feature, edges[middle:], leaves[middle:]))


def with_gaps(feature: int, present: Node, missing: Leaf, specials: Sequence[tuple[int, Leaf]]) -> Split:
    """`present` for a number; else the leaf of the indicator (a feature) that is 1, else `missing`."""
    gap: Node = missing
    for indicator, leaf in reversed(specials):
        gap = Split(indicator, 0.5, True, gap, leaf)
    return Split(feature, _LARGEST, False, present, gap)


def forest_text(trees: Sequence[Node], names: Sequence[str]) -> str:
    """The trees as LightGBM writes a binary classifier, `names` being those of all features of the matrix."""
    head = [
        "tree",
        "version=v4",
        "num_class=1",
        "num_tree_per_iteration=1",
        "label_index=0",
        f"max_feature_idx={len(names) - 1}",
        "objective=binary sigmoid:1",
        f"feature_names={' '.join(names)}",
        f"feature_infos={' '.join(['[-1e+308:1e+308]'] * len(names))}",
    ]
    sections = [_tree_text(number, tree) for number, tree in enumerate(trees)]
    head.append(f"tree_sizes={' '.join(str(len(section)) for section in sections)}")
    return "\n".join(head) + "\n\n" + "".join(sections) + "end of trees\n\nparameters:\nend of parameters\n\n"


def _below(edge: float) -> float:
    return float(floor_float32(np.array([np.nextafter(edge, -np.inf)]))[0])


def _tree_text(number: int, tree: Node) -> str:
    splits: list[Split] = []
    leaves: list[Leaf] = []
    children: list[tuple[int, int]] = []

    def place(node: Node) -> int:
        if isinstance(node, Leaf):
            leaves.append(node)
            return -len(leaves)
        at = len(splits)
        splits.append(node)
        children.append((0, 0))
        left = place(node.left)
        children[at] = (left, place(node.right))
        return at

    place(tree)
    counts = [_n_rows(split) for split in splits]
    fields: dict[str, Iterator[object]] = {
        "split_feature": (split.feature for split in splits),
        "split_gain": (0 for _ in splits),
        "threshold": (repr(split.threshold) for split in splits),
        "decision_type": (_NAN + _LEFT * split.missing_left for split in splits),
        "left_child": (left for left, _ in children),
        "right_child": (right for _, right in children),
        "leaf_value": (repr(leaf.value) for leaf in leaves),
        "leaf_weight": (_least(leaf) for leaf in leaves),
        "leaf_count": (_least(leaf) for leaf in leaves),
        "internal_value": (0 for _ in splits),
        "internal_weight": iter(counts),
        "internal_count": iter(counts),
    }
    lines = [f"Tree={number}", f"num_leaves={len(leaves)}", "num_cat=0"]
    lines += [f"{name}={' '.join(map(str, values))}" for name, values in fields.items()]
    return "\n".join([*lines, "is_linear=0", "shrinkage=1", "", "", ""])


def _n_rows(node: Node) -> int:
    return _least(node) if isinstance(node, Leaf) else _n_rows(node.left) + _n_rows(node.right)


def _least(leaf: Leaf) -> int:
    # Shapley values need some row everywhere: where none came, one.
    return max(leaf.n, 1)

"""Exact Shapley values of a LightGBM model, out of its text, for many rows at once and without LightGBM.

The game is that of TreeSHAP's path-dependent form (Lundberg et al. 2020, Nature Machine Intelligence 2): a feature that
is not in the coalition goes both ways at its splits, in the shares in which the training rows went. For a leaf of
value v, whose path asks D features, o of a feature is 1 where the row meets all its splits on the path, else 0, and r
is the product of the training shares along them. Shapley's weight k! (D - 1 - k)! / D! is the integral of
t^k (1 - t)^(D - 1 - k) over 0 to 1, so that feature i gets

    v (o_i - r_i) x integral of the product over j other than i of (o_j t + r_j (1 - t)).

The integrand is a polynomial of degree D - 1, which Gauss and Legendre's rule integrates exactly on D/2 points. Rows
that decide alike at every node of a tree get the same values: they are worked out once for each pattern of decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inference.errors import ContributionsError
from inference.model.export import floor_float32

Floats: TypeAlias = NDArray[np.float64]
Matrix: TypeAlias = NDArray[np.float32]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Take: TypeAlias = Callable[[slice, NDArray[np.float64]], None]

BLOCK_ROWS = 65_536
THREADS = 2
_TREE = "\nTree="
_END = "\nend of trees"
_CODE_BITS = 16


@dataclass(frozen=True, slots=True)
class _Nodes:
    """A tree's splits, one element each: `value <= threshold` goes left, a missing value where `missing_left` says."""

    feature: Ints
    threshold: Matrix
    missing_left: Bools


@dataclass(frozen=True, slots=True)
class _Paths:
    """What a tree asks of a row, one element for each pair of a leaf and a feature on its path.

    `nodes` and `directions`, of shape (pairs, longest), are the feature's splits on that path and whether it goes left
    there; shorter ones repeat their first. Pairs are ordered by leaf, `leaf_starts` says where each leaf's begin;
    `by_feature` puts them in the order of `features`, whose pairs begin at `feature_starts`.
    """

    nodes: Ints
    directions: Bools
    share: Floats
    value: Floats
    leaf: Ints
    leaf_starts: Ints
    by_feature: Ints
    feature_starts: Ints
    features: Ints


@dataclass(frozen=True, slots=True)
class _Tree:
    nodes: _Nodes
    paths: _Paths
    points: Floats
    weights: Floats


@dataclass(frozen=True, slots=True)
class _Step:
    """One split on the way to a leaf; `share` of the training rows that reached it went on along the path."""

    node: int
    feature: int
    goes_left: bool
    share: float


class ShapleyModel:
    """The trees of a model, ready to be explained; `base` is the mean log-odds of its training rows."""

    def __init__(self, text: str) -> None:
        """Read a model from LightGBM's text form.

        Raises:
            ContributionsError: the text is no such model, or its trees split in another way than on numbers.
        """
        sections = text.split(_END, maxsplit=1)[0].split(_TREE)
        head = _fields(sections[0])
        if "max_feature_idx" not in head or head.get("num_tree_per_iteration") != "1":
            raise ContributionsError.from_model("it is no text of a model with one output")
        self.n_features = int(head["max_feature_idx"]) + 1
        trees = [_fields(section) for section in sections[1:]]
        self.base = float(sum(_mean_value(tree) for tree in trees))
        self._trees = [_tree(tree) for tree in trees if int(tree["num_leaves"]) > 1]

    def values(self, matrix: Matrix) -> Floats:
        """Contributions to the log-odds: float32 (rows, features) -> float64 (rows, features).

        With `base` they add up to the model's log-odds.
        """
        result = np.empty((self.n_features, len(matrix)))

        def keep(rows: slice, values: Floats) -> None:
            result[:, rows] = values

        self.each_block(matrix, keep)
        return result.T

    def explain(self, row: Matrix) -> Floats:
        """`values` of one row, without going from tree to tree: float32 (features,) -> float64 (features,)."""
        result = np.zeros(self.n_features)
        if self._trees:
            forest = self._forest
            left = _row_decisions(forest.nodes, row)
            result[forest.paths.features] = _pattern_values(forest, left[:, None])[:, 0]
        return result

    @cached_property
    def _forest(self) -> _Tree:
        """The trees as one: a row that stands alone shares no pattern, and a loop over the trees is all overhead."""
        return _merged(self._trees)

    def each_block(self, matrix: Matrix, take: Take, advance: Callable[[int, int], None] | None = None) -> None:
        """Hand the contributions of some rows at a time to `take`: the rows' slice, float64 (features, rows).

        Two blocks are worked on at once; `take` is called from their threads, each time for other rows. `advance` is
        told (rows done, rows in all).
        """
        starts = range(0, len(matrix), BLOCK_ROWS)

        def one(start: int) -> int:
            rows = slice(start, min(start + BLOCK_ROWS, len(matrix)))
            take(rows, self._block(np.ascontiguousarray(matrix[rows].T)))
            return rows.stop - rows.start

        with ThreadPoolExecutor(THREADS) as pool:
            done = 0
            for n_rows in pool.map(one, starts):
                done += n_rows
                if advance:
                    advance(done, len(matrix))

    def _block(self, columns: Matrix) -> Floats:
        total = np.zeros(columns.shape)
        part = np.empty(columns.shape[1])
        for tree in self._trees:
            left = _decisions(tree.nodes, columns)
            pattern, example = _patterns(left)
            for feature, values in zip(tree.paths.features, _pattern_values(tree, left[:, example]), strict=True):
                np.take(values, pattern, out=part, mode="clip")
                total[feature] += part
        return total


def _fields(section: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in section.splitlines() if "=" in line)


def _numbers(tree: Mapping[str, str], name: str, dtype: type[Any] = np.int64) -> NDArray[Any]:
    return np.array(tree[name].split(), dtype=np.float64).astype(dtype)


def _mean_value(tree: Mapping[str, str]) -> float:
    values = _numbers(tree, "leaf_value", np.float64)
    # A tree of one leaf has no counts.
    return float(values[0]) if values.size == 1 else float(np.average(values, weights=_numbers(tree, "leaf_count")))


def _tree(tree: Mapping[str, str]) -> _Tree:
    paths = _paths(tree)
    longest = int(np.bincount(paths.leaf).max())
    points, weights = np.polynomial.legendre.leggauss((longest + 1) // 2)
    return _Tree(_nodes(tree), paths, (points + 1) / 2, weights / 2)


def _nodes(tree: Mapping[str, str]) -> _Nodes:
    """A tree's splits; `decision_type` packs: bit 0 a category, bit 1 missing goes left, bits 2-3 what is missing."""
    kind = _numbers(tree, "decision_type")
    threshold = _numbers(tree, "threshold", np.float64)
    missing = (kind >> 2) & 3
    if np.any(kind & 1) or np.any(missing == 1):
        raise ContributionsError.from_model("it splits on categories or takes zero for missing")
    # Where nothing was missing in training, a missing value is read as 0.
    missing_left = np.where(missing == 2, kind & 2 != 0, threshold >= 0)
    return _Nodes(_numbers(tree, "split_feature"), floor_float32(threshold), missing_left)


def _paths(tree: Mapping[str, str]) -> _Paths:
    pairs = [
        (leaf, feature, [step for step in steps if step.feature == feature])
        for leaf, steps in _leaves(tree)
        for feature in dict.fromkeys(step.feature for step in steps)
    ]
    leaf, asked = (np.array([pair[i] for pair in pairs], dtype=np.int64) for i in (0, 1))
    longest = max(len(own) for _, _, own in pairs)
    padded = [own + own[:1] * (longest - len(own)) for _, _, own in pairs]
    by_feature, feature_starts, features = _by_feature(asked)
    return _Paths(
        nodes=np.array([[step.node for step in own] for own in padded]),
        directions=np.array([[step.goes_left for step in own] for own in padded]),
        share=np.array([np.prod([step.share for step in own]) for _, _, own in pairs]),
        value=_numbers(tree, "leaf_value", np.float64)[leaf],
        leaf=leaf,
        leaf_starts=np.flatnonzero(np.diff(leaf, prepend=-1)),
        by_feature=by_feature,
        feature_starts=feature_starts,
        features=features,
    )


def _by_feature(asked: Ints) -> tuple[Ints, Ints, Ints]:
    """Order of the pairs by the feature that each asks, where each feature's begin in it, and the features."""
    order = np.argsort(asked, kind="stable")
    features, starts = np.unique(asked[order], return_index=True)
    return order, starts, features


def _merged(trees: Sequence[_Tree]) -> _Tree:
    """All paths of all trees as those of one, its nodes and leaves numbered through."""
    nodes = _Nodes(*(_joined([getattr(tree.nodes, each.name) for tree in trees]) for each in fields(_Nodes)))
    paths = [tree.paths for tree in trees]
    longest = max(part.nodes.shape[1] for part in paths)
    path_nodes = _joined([_widened(part.nodes, longest) for part in paths], [tree.nodes.feature.size for tree in trees])
    by_feature, feature_starts, features = _by_feature(nodes.feature[path_nodes[:, 0]])
    merged = _Paths(
        nodes=path_nodes,
        directions=_joined([_widened(part.directions, longest) for part in paths]),
        share=_joined([part.share for part in paths]),
        value=_joined([part.value for part in paths]),
        leaf=_joined([part.leaf for part in paths], [part.leaf_starts.size for part in paths]),
        leaf_starts=_joined([part.leaf_starts for part in paths], [part.leaf.size for part in paths]),
        by_feature=by_feature,
        feature_starts=feature_starts,
        features=features,
    )
    # A rule with more points than a tree asks for is exact for it, too.
    rule = max(trees, key=lambda tree: tree.points.size)
    return _Tree(nodes, merged, rule.points, rule.weights)


def _joined(parts: Sequence[NDArray[Any]], sizes: Sequence[int] = ()) -> NDArray[Any]:
    """The parts one after the other; where they number something, each on from the `sizes` of those before it."""
    firsts = np.cumsum([0, *sizes[:-1]])
    return np.concatenate([part + first for part, first in zip(parts, firsts, strict=True)] if sizes else parts)


def _widened(paths: NDArray[Any], width: int) -> NDArray[Any]:
    return np.pad(paths, ((0, 0), (0, width - paths.shape[1])), mode="edge")


def _leaves(tree: Mapping[str, str]) -> Iterator[tuple[int, list[_Step]]]:
    """Every leaf with the splits that lead to it, leaves in ascending order."""
    children = [_numbers(tree, name) for name in ("left_child", "right_child")]
    features, inner, outer = (_numbers(tree, name) for name in ("split_feature", "internal_count", "leaf_count"))
    found, stack = [], [(0, list[_Step]())]
    while stack:
        node, steps = stack.pop()
        for child, goes_left in ((int(children[0][node]), True), (int(children[1][node]), False)):
            # LightGBM writes leaf number n as the child -n - 1.
            rows = inner[child] if child >= 0 else outer[~child]
            path = [*steps, _Step(node, int(features[node]), goes_left, float(rows / inner[node]))]
            if child >= 0:
                stack.append((child, path))
            else:
                found.append((~child, path))
    return iter(sorted(found, key=lambda leaf: leaf[0]))


def _decisions(nodes: _Nodes, columns: Matrix) -> Bools:
    """Whether each row goes left at each node: bool (nodes, rows)."""
    left = np.empty((nodes.feature.size, columns.shape[1]), dtype=bool)
    steps: Iterable[tuple[int, np.float32, np.bool_]] = zip(
        nodes.feature, nodes.threshold, nodes.missing_left, strict=True
    )
    for goes, (feature, threshold, missing_left) in zip(left, steps, strict=True):
        # A comparison with a missing value is false.
        if missing_left:
            np.greater(columns[feature], threshold, out=goes)
            np.logical_not(goes, out=goes)
        else:
            np.less_equal(columns[feature], threshold, out=goes)
    return left


def _row_decisions(nodes: _Nodes, row: Matrix) -> Bools:
    """`_decisions` of one row, at all nodes at once: float32 (features,) -> bool (nodes,)."""
    values = row[nodes.feature]
    return np.where(nodes.missing_left, ~(values > nodes.threshold), values <= nodes.threshold)


def _patterns(left: Bools) -> tuple[Ints, Ints]:
    """Number of each row's pattern of decisions (rows,), and for each pattern one row that has it (patterns,)."""
    pattern: Ints = np.zeros(left.shape[1], dtype=np.int64)
    n_patterns = 1
    for start in range(0, len(left), _CODE_BITS):
        bits = np.packbits(left[start : start + _CODE_BITS], axis=0).astype(np.int64)
        code = bits[0] if len(bits) == 1 else bits[0] | (bits[1] << 8)
        pattern, n_patterns = _renumbered(pattern << _CODE_BITS | code, n_patterns << _CODE_BITS)
    example = np.empty(n_patterns, dtype=np.int64)
    example[pattern] = np.arange(pattern.size)
    return pattern, example


def _renumbered(codes: Ints, limit: int) -> tuple[Ints, int]:
    """The codes, all below `limit`, as consecutive numbers from 0, and how many there are."""
    if limit > 1 << _CODE_BITS:
        distinct, number = np.unique(codes, return_inverse=True)
        return number, distinct.size
    met = np.zeros(limit, dtype=bool)
    met[codes] = True
    numbers = np.cumsum(met) - 1
    return numbers[codes], int(met.sum())


def _pattern_values(tree: _Tree, left: Bools) -> Floats:
    """Shapley values of each pattern: bool (nodes, patterns) -> float64 (features of the tree, patterns)."""
    paths = tree.paths
    meets = (left[paths.nodes] == paths.directions[:, :, None]).all(axis=1)
    share = paths.share[:, None]
    mean = np.zeros(meets.shape)
    for point, weight in zip(tree.points, tree.weights, strict=True):
        # Never 0: a training row went every way, and no point lies on an end.
        factor = share * (1 - point) + meets * point
        whole = np.multiply.reduceat(factor, paths.leaf_starts, axis=0)
        mean += weight * whole[paths.leaf] / factor
    gained = paths.value[:, None] * (meets - share) * mean
    return np.add.reduceat(gained[paths.by_feature], paths.feature_starts, axis=0)

"""Small decision trees that say how a column is distributed given the columns before it.

A leaf holds weights over the column's codes (`data/home_credit/marginals.py`). Fitting uses scikit-learn; drawing is
NumPy alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.home_credit.marginals import Codes, Floats

Rows = NDArray[np.int32]

_RAKING_ROUNDS = 60
_SHRINKAGE = 10.0
_FOLDS = 5
_ALL_CODES = np.arange(256, dtype=float)


@dataclass(frozen=True)
class Leaf:
    """A distribution over codes: the number of applications that had code 0, 1, 2, ..."""

    weights: tuple[int, ...]


@dataclass(frozen=True)
class Split:
    """Rows whose code of `column` is in `left_codes` go left, the rest right."""

    column: str
    left_codes: tuple[int, ...]
    left: Split | Leaf
    right: Split | Leaf

    def goes_left(self, codes: Codes) -> NDArray[np.bool_]:
        table = np.zeros(256, dtype=bool)
        table[list(self.left_codes)] = True
        return np.asarray(table[codes])


Node = Split | Leaf


def leaves_of(node: Node, columns: Mapping[str, Codes], rows: Rows) -> Iterator[tuple[Leaf, Rows]]:
    """Each leaf of the tree with those of `rows` (row numbers) that fall into it, left to right."""
    if isinstance(node, Leaf):
        yield node, rows
        return
    left = node.goes_left(columns[node.column][rows])
    yield from leaves_of(node.left, columns, rows[left])
    yield from leaves_of(node.right, columns, rows[~left])


def draw_codes(
    node: Node, columns: Mapping[str, Codes], rows: Rows, scores: Floats | None, rng: np.random.Generator
) -> tuple[Codes, Floats, Floats]:
    """Draw a code for each of `rows`.

    The leaves are raked first, so that over all rows the codes have the shares that they had over all applications
    although the rows may be spread over the leaves a little differently.

    Args:
        node: the tree.
        columns: codes of the earlier columns, n_rows each.
        rows: row numbers to draw for.
        scores: a number for each of `rows`; within a leaf the higher ones get the higher codes (None: any do).
        rng: source of chance.

    Returns:
        The codes, where in its code's share of the leaf each row fell, and where in the leaf (both 0 to 1); all in the
        order of `rows`.
    """
    places = np.arange(rows.size, dtype=np.int32)
    taken = {name: columns[name][rows] for name in _columns_of(node)}
    leaves = list(leaves_of(node, taken, places))
    weights = rake([leaf.weights for leaf, _ in leaves], [part.size for _, part in leaves])
    codes, within, share = np.zeros(rows.size, np.uint8), np.zeros(rows.size), np.zeros(rows.size)
    for shares, (_, part) in zip(weights, leaves, strict=True):
        uniform = rng.random(part.size)
        if scores is not None:
            # Ranked anew in each leaf: which leaf a row is in has already told a part of its score.
            order = np.argsort(scores[part])
            uniform[order] = (np.arange(part.size) + uniform) / max(part.size, 1)
        codes[part], within[part] = _pick(shares, uniform)
        share[part] = uniform
    return codes, within, share


def rake(weights: Sequence[Sequence[int]], sizes: Sequence[int]) -> Floats:
    """Leaves by codes: the shares in each leaf, scaled code by code until the rows' total shares are the leaves'.

    Args:
        weights: applications by code in each leaf.
        sizes: rows to be drawn from each leaf.

    Returns:
        Shares that sum to 1 in each leaf; a code that a leaf never had stays at zero.
        Iterative proportional fitting (Deming and Stephan, 1940) with the leaves' row counts as the other margin.
    """
    table = np.zeros((len(weights), max(len(leaf) for leaf in weights)))
    for i, leaf in enumerate(weights):
        table[i, : len(leaf)] = leaf
    wanted = table.sum(axis=0) / table.sum() * sum(sizes)
    table /= table.sum(axis=1, keepdims=True)
    for _ in range(_RAKING_ROUNDS):
        drawn = np.asarray(sizes) @ table
        table *= np.where(drawn > 0, wanted / np.where(drawn > 0, drawn, 1.0), 1.0)
        table /= table.sum(axis=1, keepdims=True)
    return table


def _pick(shares: Floats, uniform: Floats) -> tuple[Codes, Floats]:
    ends = np.cumsum(shares)
    ends /= ends[-1]
    codes = np.minimum(np.searchsorted(ends, uniform, side="right"), int(np.flatnonzero(shares)[-1]))
    starts = np.concatenate([[0.0], ends[:-1]])
    within = (uniform - starts[codes]) / np.maximum(ends[codes] - starts[codes], 1e-12)
    return codes.astype(np.uint8), np.clip(within, 0.0, 1.0)


def _columns_of(node: Node) -> set[str]:
    if isinstance(node, Leaf):
        return set()
    return {node.column} | _columns_of(node.left) | _columns_of(node.right)


def node_to_json(node: Node, names: Sequence[str]) -> Any:
    """A leaf as text, a split as [column's place in `names`, highest left code or a bit mask, left, right]."""
    if isinstance(node, Leaf):
        return _weights_to_text(node.weights)
    bound = max(node.left_codes)
    mask = sum(1 << code for code in node.left_codes)
    codes: Any = bound if node.left_codes == tuple(range(bound + 1)) else f"{mask:x}"
    return [names.index(node.column), codes, node_to_json(node.left, names), node_to_json(node.right, names)]


def node_from_json(stored: Any, names: Sequence[str]) -> Node:
    """The inverse of `node_to_json`."""
    if isinstance(stored, str):
        return Leaf(tuple(_weights_from_text(stored)))
    place, codes, left, right = stored
    mask = (1 << (codes + 1)) - 1 if isinstance(codes, int) else int(codes, 16)
    left_codes = tuple(code for code in range(mask.bit_length()) if mask >> code & 1)
    return Split(names[place], left_codes, node_from_json(left, names), node_from_json(right, names))


def _weights_to_text(weights: Sequence[int]) -> str:
    """Counts as decimal numbers, runs of zeros as one letter each (a for one, b for two, ...): "b12 3a4"."""
    text = " ".join(str(weight) for weight in weights)
    text = re.sub(r"(?:(?<= )|^)0(?: 0)*(?= |$)", lambda run: _zeros((len(run[0]) + 1) // 2), text)
    return re.sub(r" ?([a-z]+) ?", r"\1", text)


def _zeros(count: int) -> str:
    return "z" * (count // 26) + (chr(96 + count % 26) if count % 26 else "")


def _weights_from_text(text: str) -> Iterator[int]:
    for token in re.findall(r"\d+|[a-z]", text):
        if token.isdigit():
            yield int(token)
        else:
            yield from [0] * (ord(token) - 96)


@dataclass(frozen=True)
class TreeFitter:
    """How trees are grown: at least `min_leaf` applications in a leaf, at most `max_leaves` leaves.

    A split must lower the mean squared error by `min_gain` times the error of one application; about what the best
    of a hundred columns reaches on pure noise, so that chance alone rarely splits.
    """

    min_leaf: int = 20
    max_leaves: int = 64
    min_gain: float = 6.0

    def closer(self) -> TreeFitter:
        """The same with more leaves and less proof asked for each."""
        return replace(self, max_leaves=3 * self.max_leaves, min_gain=self.min_gain / 2.5)

    def fit(self, codes: Codes, goal: Floats, columns: Mapping[str, Codes], ordered: frozenset[str]) -> Node:
        """Grow the tree of one column.

        Args:
            codes: the column's codes, one for each applicable row.
            goal: what splits must tell apart, rows by outputs, each centred; the first orders the categories' levels.
            columns: codes of the earlier columns at the same rows.
            ordered: names of the earlier columns whose codes have an order.
        """
        from sklearn.tree import DecisionTreeRegressor

        if not columns or codes.size < 2 * self.min_leaf:
            return _leaf(codes)
        names = list(columns)
        places = {name: _level_places(columns[name], goal[:, 0]) for name in names if name not in ordered}
        honest = {name: _honest_places(columns[name], goal[:, 0]) for name in places}
        table = np.column_stack([honest.get(name, columns[name].astype(np.float32)) for name in names])
        tree = DecisionTreeRegressor(
            min_samples_leaf=self.min_leaf,
            max_leaf_nodes=self.max_leaves,
            min_impurity_decrease=self.min_gain * float(np.mean(np.var(goal, axis=0))) / codes.size,
            random_state=0,
        ).fit(table, goal)
        return self._read(tree.tree_, names, places, columns, codes)

    def _read(
        self, grown: Any, names: Sequence[str], places: Mapping[str, Floats], columns: Mapping[str, Codes], codes: Codes
    ) -> Node:
        def build(node: int, rows: NDArray[np.intp]) -> Node:
            if grown.children_left[node] < 0:
                return _leaf(codes[rows])
            name = names[int(grown.feature[node])]
            left = np.flatnonzero(places.get(name, _ALL_CODES) <= grown.threshold[node])
            goes_left = np.isin(columns[name][rows], left)
            # The honest places that the split was chosen on are not quite those that the rows go by.
            if min(goes_left.sum(), (~goes_left).sum()) < self.min_leaf:
                return _leaf(codes[rows])
            below = build(int(grown.children_left[node]), rows[goes_left])
            return Split(name, tuple(left.tolist()), below, build(int(grown.children_right[node]), rows[~goes_left]))

        return build(0, np.arange(codes.size))


def _leaf(codes: Codes) -> Leaf:
    return Leaf(tuple(np.bincount(codes).tolist()))


def _level_places(codes: Codes, goal: Floats) -> Floats:
    """The number that stands for each of 256 codes of a category: its mean goal, drawn towards 0 where rare."""
    counts = np.bincount(codes, minlength=256)
    sums = np.bincount(codes, weights=goal, minlength=256)
    return np.asarray(sums / (counts + _SHRINKAGE), dtype=float)


def _honest_places(codes: Codes, goal: Floats) -> NDArray[np.float32]:
    """Each row's place by the means of the other folds, so that a level of few rows cannot explain itself."""
    places = np.empty(codes.size, dtype=np.float32)
    fold = np.arange(codes.size) % _FOLDS
    for k in range(_FOLDS):
        places[fold == k] = _level_places(codes[fold != k], goal[fold != k])[codes[fold == k]]
    return places

"""What the trees leave over: smooth dependence between variables inside their leaves, as normal scores.

Each variable has a score, the normal quantile of where in its leaf's distribution a row lies. Scores of later variables
are regressed on earlier ones; drawing runs the same regressions forward, so the scores are a Gaussian copula.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from data.home_credit.marginals import Codes, Floats
from data.home_credit.trees import Leaf, Rows

Links = dict[str, float]

_MAX_LINKS = 8
_MIN_ROWS = 200
_MIN_T = 3.5
_MOST_EXPLAINED = 0.9


def score_rows(
    leaves: Sequence[tuple[Leaf, Rows]], codes: Codes, within: Floats, n_rows: int, rng: np.random.Generator
) -> Floats:
    """Normal scores of real rows.

    Args:
        leaves: the leaves of the variable's tree with their row numbers (`data.home_credit.trees.leaves_of`).
        codes, within: the variable's codes, and where in its cell each value lies (0 to 1); n_rows each.
        n_rows: rows of the table; those in no leaf score a random normal, as when drawing.
        rng: source of those.
    """
    scores = rng.standard_normal(n_rows)
    for leaf, rows in leaves:
        ends = np.concatenate([[0.0], np.cumsum(leaf.weights)]) / sum(leaf.weights)
        code = codes[rows].astype(np.intp)
        share = ends[code] + within[rows] * (ends[code + 1] - ends[code])
        scores[rows] = normal_quantile(np.clip(share, 1e-3, 1 - 1e-3))
    return scores


def fit_links(scores: Floats, earlier: Mapping[str, Floats], leaves: Sequence[tuple[Leaf, Rows]]) -> Links:
    """Regress a variable's scores on the earlier ones that stand out from chance inside its leaves, at most eight."""
    n_rows = sum(rows.size for _, rows in leaves)
    if n_rows < _MIN_ROWS or not earlier:
        return {}
    names = list(earlier)
    table = np.column_stack([earlier[name] for name in names])
    inside = np.concatenate([table[rows] - table[rows].mean(axis=0) for _, rows in leaves])
    own = np.concatenate([scores[rows] - scores[rows].mean() for _, rows in leaves])
    own /= max(float(np.std(own)), 1e-9)
    slopes = inside.T @ own / n_rows
    strength = np.abs(slopes) / np.maximum(inside.std(axis=0), 1e-9)
    strong = [i for i in np.argsort(-strength)[:_MAX_LINKS] if strength[i] * n_rows**0.5 > _MIN_T]
    if not strong:
        return {}
    solution, *_ = np.linalg.lstsq(inside[:, strong], own, rcond=None)
    explained = float(np.var(inside[:, strong] @ solution))
    solution *= min(1.0, (_MOST_EXPLAINED / max(explained, 1e-9)) ** 0.5)
    return {names[i]: round(float(weight), 3) for i, weight in zip(strong, solution, strict=True)}


def draw_scores(
    links: Links, earlier: Mapping[str, NDArray[np.float32]], n_rows: int, rng: np.random.Generator
) -> Floats:
    """Numbers that order the rows inside each leaf: what the earlier scores explain, and chance for the rest."""
    explained = np.zeros(n_rows)
    for name, weight in links.items():
        explained += weight * earlier[name]
    # Weights are on scores of spread 1 and nearly uncorrelated, so their squares add up to what they explain.
    left = max(1.0 - sum(weight**2 for weight in links.values()), 1 - _MOST_EXPLAINED)
    return np.asarray(explained + left**0.5 * rng.standard_normal(n_rows))


def normal_share(scores: Floats) -> Floats:
    """The normal distribution function (Abramowitz and Stegun 7.1.26, off by less than 1e-6)."""
    x = np.abs(scores) / 2**0.5
    t = 1 / (1 + 0.3275911 * x)
    tail = 0.5 * t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    tail *= np.exp(-x * x)
    return np.asarray(np.where(scores < 0, tail, 1 - tail))


def normal_quantile(shares: Floats) -> Floats:
    """The inverse of the normal distribution function, by interpolation in a table of `normal_share`."""
    grid = np.linspace(-4, 4, 4001)
    return np.interp(shares, normal_share(grid), grid)

"""Fit the profile of a real application table (`data/home_credit/profile.py` says what one is)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.errors import TableError
from data.home_credit import embedded
from data.home_credit.building import fit_families
from data.home_credit.marginals import Codes, Floats, Lattice, Levels, Marginal, average_ranks, round_small
from data.home_credit.profile import FORMAT, Profile
from data.home_credit.residuals import fit_links, score_rows
from data.home_credit.risk import PUBLISHED_DEFAULT_RATE, fit_risk_model
from data.home_credit.synthetic import draw_table
from data.home_credit.trees import Rows, TreeFitter, leaves_of, node_to_json
from data.home_credit.variables import REVOLVING, VARIABLES, Values, Variable, is_inside, read_variables

# More rows than this would slow the fit and sharpen nothing that the stored precision can show.
_MAX_ROWS = 60_000
_MIN_ROWS = 1000
# Synthetic applications for each real one that the risk model is fitted on.
_RISK_TIMES = 6
_NAMES = tuple(variable.name for variable in VARIABLES)
_ORDERED = frozenset(variable.name for variable in VARIABLES if variable.ordered or variable.rising)
# Code 0 and two levels: two levels have an order of a kind, more do not.
_BINARY_CODES = 3


def fit_profile(frame: pl.DataFrame, *, fitter: TreeFitter | None = None, seed: int = 0) -> Profile:
    """Fit the profile of a real application table.

    Args:
        frame: all 122 columns, any compatible types; of more than 60,000 rows a random 60,000 are used.
        fitter: how the trees are grown.
        seed: of that choice.

    Returns:
        A JSON-able mapping of statistics.

    Raises:
        TableError: fewer than 1,000 rows, or a column is missing.
    """
    _check(frame)
    frame = frame.sample(min(frame.height, _MAX_ROWS), seed=seed)
    families = fit_families(frame)
    values = read_variables(frame, families)
    lattices = {f"{name}_AVG": family.lattice() for name, family in families.items()}
    state = _Fitting(fitter or TreeFitter(), np.random.default_rng(seed), lattices)
    steps = [state.fit(variable, values) for variable in VARIABLES]
    profile = {
        "format": FORMAT,
        "n_rows": frame.height,
        "families": {name: family.to_json() for name, family in families.items()},
        "goods_price_missing": _goods_price_missing(frame),
        "default_rate": PUBLISHED_DEFAULT_RATE,
        "variables": steps,
    }
    drawn = draw_table(json.loads(json.dumps(profile)), _RISK_TIMES * frame.height, np.random.default_rng(seed))
    return profile | {"risk": fit_risk_model(frame, drawn, PUBLISHED_DEFAULT_RATE).to_json()}


def _check(frame: pl.DataFrame) -> None:
    missing = [column.name for column in embedded.COLUMNS if column.name not in frame.columns]
    if missing:
        raise TableError.from_missing_columns(Path("table"), missing)
    if frame.height < _MIN_ROWS:
        raise TableError.from_too_few(frame.height, _MIN_ROWS, "a profile whose statistics show nobody")


@dataclass
class _Fitting:
    """Variables fitted so far: their codes and their normal scores at every row."""

    fitter: TreeFitter
    rng: np.random.Generator
    lattices: dict[str, Lattice | None]
    codes: dict[str, Codes] = field(default_factory=dict)
    scores: dict[str, Floats] = field(default_factory=dict)

    def fit(self, variable: Variable, values: dict[str, Values]) -> dict[str, Any]:
        """Fit one step of the drawing order and return what is stored of it."""
        found = values[variable.name]
        rows = np.flatnonzero(_applies(variable, values)).astype(np.int32)
        own, codes, goal, within = self._fit_own(variable, found, rows)
        if variable.computed:
            self.codes[variable.name] = _at(rows, codes, len(found))
            return {"name": variable.name, "own": own.to_json()}
        before = {name: column[rows] for name, column in self.codes.items()}
        fitter = self.fitter.closer() if variable.closely else self.fitter
        tree = fitter.fit(codes, goal, before, _ORDERED)
        step = {"name": variable.name, "own": own.to_json(), "tree": node_to_json(tree, _NAMES)}
        self.codes[variable.name] = _at(rows, codes, len(found))
        if variable.name in _ORDERED or own.n_codes <= _BINARY_CODES:
            leaves = list(leaves_of(tree, self.codes, rows))
            every = self.codes[variable.name], _at(rows, within, len(found))
            self.scores[variable.name] = score_rows(leaves, *every, len(found), self.rng)
            earlier = {name: scores for name, scores in self.scores.items() if name != variable.name}
            step["links"] = fit_links(self.scores[variable.name], earlier, leaves)
        return step

    def _fit_own(
        self, variable: Variable, found: Values, rows: Rows
    ) -> tuple[Levels | Marginal, Codes, Floats, Floats]:
        if isinstance(found, list):
            texts = [found[row] for row in rows]
            levels = Levels.fit(texts, rising=variable.rising)
            codes = levels.encode(texts)
            return levels, codes, _category_goal(codes), self.rng.random(rows.size)
        known = found[rows]
        lattice = variable.lattice or self.lattices.get(variable.name)
        marginal = Marginal.fit(known, n_cells=variable.n_cells, own_cell=variable.own_cell, lattice=lattice)
        codes = marginal.encode(known)
        return marginal, codes, _quantity_goal(codes, known), _within(codes, known, self.rng)


def _at(rows: Rows, values: NDArray[Any], n_rows: int) -> NDArray[Any]:
    every = np.zeros(n_rows, values.dtype)
    every[rows] = values
    return every


def _applies(variable: Variable, values: dict[str, Values]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    applies = np.ones(len(values[variable.name]), bool)
    if variable.applies is not None:
        name, levels = variable.applies
        applies &= np.isin(np.array(values[name], dtype=str), levels)
    if variable.base is not None:
        applies &= is_inside(np.array(values[variable.base], dtype=float))
    return applies


def _within(codes: Codes, found: Floats, rng: np.random.Generator) -> Floats:
    """Where each value lies among those of the same code, 0 to 1; ties lie anywhere in their stretch."""
    order = np.lexsort((rng.random(codes.size), found, codes))
    sizes = np.bincount(codes)
    starts = np.cumsum(sizes) - sizes
    place = np.empty(codes.size)
    place[order] = np.arange(codes.size)
    return np.asarray((place - starts[codes] + rng.random(codes.size)) / sizes[codes])


def _category_goal(codes: Codes) -> Floats:
    """Indicators of the levels, turned so that the first output is the direction in which they vary most."""
    shares = np.bincount(codes) / codes.size
    kept = np.flatnonzero(shares).tolist()
    indicators = np.column_stack([(codes == code).astype(float) for code in kept])
    indicators -= indicators.mean(axis=0)
    _, _, directions = np.linalg.svd(indicators, full_matrices=False)
    return np.asarray(indicators @ directions.T)


def _quantity_goal(codes: Codes, found: Floats) -> Floats:
    """The rank, and beside it with less weight whether the value is one of the common atoms or missing."""
    ranks = average_ranks(found)
    spread = ranks.std() or 1.0
    parts = [(ranks - ranks.mean()) / spread]
    shares = np.bincount(codes) / codes.size
    special = np.flatnonzero((shares > 0.06) & (shares < 0.94)).tolist()[:6]
    parts += [0.5 * ((codes == code) - shares[code]) / np.sqrt(shares[code] * (1 - shares[code])) for code in special]
    return np.column_stack(parts)


def _goods_price_missing(frame: pl.DataFrame) -> float:
    revolving = frame.filter(pl.col("NAME_CONTRACT_TYPE").cast(pl.String) == REVOLVING)
    return round_small(revolving["AMT_GOODS_PRICE"].null_count()) / max(revolving.height, 1)

"""The embedded default: a synthetic portfolio drawn from the statistics in `data/home_credit/profile.json`.

Nothing here reads a real row. Variables are drawn one after another, each from the leaf of its tree that the earlier
ones lead to; `data/home_credit/assembly.py` then builds the table, and the risk model draws the outcome.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.home_credit import embedded
from data.home_credit.assembly import assemble, compute_variable
from data.home_credit.building import Family
from data.home_credit.marginals import Codes, Floats, Levels, Marginal
from data.home_credit.profile import Profile, load_profile
from data.home_credit.residuals import Links, draw_scores, normal_quantile
from data.home_credit.risk import RiskModel, draw_outcomes
from data.home_credit.trees import Node, draw_codes, node_from_json
from data.home_credit.variables import VARIABLES, Variable, is_inside
from data.settings import PORTFOLIO_ROWS, PORTFOLIO_SEED

Progress = Callable[[int, int], None]


@dataclass
class Drawn:
    """Variables drawn so far: a code for each row, values of quantities, and (names, place in names) of categories."""

    n_rows: int
    codes: dict[str, Codes] = field(default_factory=dict)
    scores: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    numbers: dict[str, Floats] = field(default_factory=dict)
    categories: dict[str, tuple[tuple[str, ...], NDArray[np.intp]]] = field(default_factory=dict)

    def has(self, name: str, *levels: str) -> NDArray[np.bool_]:
        """Rows whose category `name` is one of `levels`."""
        names, places = self.categories[name]
        wanted = np.array([level in levels for level in (*names, None)])
        return np.asarray(wanted[places])

    def text(self, name: str, dtype: pl.DataType) -> pl.Series:
        """A category as a column, null where it does not apply or is missing."""
        names, places = self.categories[name]
        levels = pl.Series(name, [level or None for level in names] + [None], dtype=pl.String).cast(dtype)
        return levels.gather(places % (len(names) + 1))


def make_applications(
    n_rows: int = PORTFOLIO_ROWS,
    *,
    seed: int = PORTFOLIO_SEED,
    profile: Profile | None = None,
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Make a synthetic portfolio.

    Args:
        n_rows: applications to make.
        seed: the same seed gives the same portfolio.
        profile: statistics to draw from; the embedded ones when None.
        progress: called with (steps done, steps in all) after each step.

    Returns:
        n_rows by 122, in the order and the types of `embedded.DEFINITION.polars_schema()`, sorted by id.

    Raises:
        FileError: the embedded profile cannot be read.
    """
    stored = profile or load_profile()
    rng = np.random.default_rng(seed)
    frame = draw_table(stored, n_rows, rng, progress)
    outcome = draw_outcomes(RiskModel.from_json(stored["risk"]).log_odds(frame), stored["default_rate"], rng)
    ids = _make_ids(n_rows, rng)
    frame = frame.with_columns(pl.Series(embedded.ID, ids), pl.Series(embedded.TARGET, outcome))
    order = embedded.DEFINITION.polars_schema()
    frame = frame.select(pl.col(name).cast(dtype) for name, dtype in order.items())
    if progress is not None:
        progress(len(VARIABLES) + 1, len(VARIABLES) + 1)
    return frame


def draw_table(
    stored: Profile, n_rows: int, rng: np.random.Generator, progress: Progress | None = None
) -> pl.DataFrame:
    """Draw every column but the id and the outcome (of a profile that need not hold a risk model yet)."""
    steps = {step["name"]: step for step in stored["variables"]}
    names = [variable.name for variable in VARIABLES]
    families = {name: Family.from_json(family) for name, family in stored["families"].items()}
    drawn = Drawn(n_rows)
    for done, variable in enumerate(VARIABLES):
        _take_step(variable, steps[variable.name], names, drawn, families, rng)
        if progress is not None:
            progress(done + 1, len(VARIABLES) + 1)
    return assemble(drawn, families, stored["goods_price_missing"], rng)


def _take_step(
    variable: Variable,
    step: dict[str, Any],
    names: list[str],
    drawn: Drawn,
    families: dict[str, Family],
    rng: np.random.Generator,
) -> None:
    own = step["own"]
    distribution = Marginal.from_json(own) if variable.ordered else Levels.from_json(own)
    if variable.computed and isinstance(distribution, Marginal):
        rows = _applicable(variable, drawn)
        values = distribution.lattice.snap(compute_variable(variable.name, drawn, families), rng)
        drawn.numbers[variable.name] = values
        drawn.codes[variable.name] = np.zeros(drawn.n_rows, np.uint8)
        drawn.codes[variable.name][rows] = distribution.encode(values[rows])
    else:
        _draw(variable, distribution, node_from_json(step["tree"], names), step.get("links"), drawn, rng)


def _draw(
    variable: Variable,
    distribution: Levels | Marginal,
    tree: Node,
    links: Links | None,
    drawn: Drawn,
    rng: np.random.Generator,
) -> None:
    rows = _applicable(variable, drawn)
    codes = np.zeros(drawn.n_rows, np.uint8)
    scores = None if not links else draw_scores(links, drawn.scores, drawn.n_rows, rng)[rows]
    codes[rows], within, shares = draw_codes(tree, drawn.codes, rows, scores, rng)
    if links is not None:
        drawn.scores[variable.name] = rng.standard_normal(drawn.n_rows, dtype=np.float32)
        drawn.scores[variable.name][rows] = normal_quantile(shares)
    drawn.codes[variable.name] = codes
    if isinstance(distribution, Marginal):
        values = np.full(drawn.n_rows, np.nan)
        values[rows] = distribution.decode(codes[rows], within, rng)
        drawn.numbers[variable.name] = values
    else:
        places = np.full(drawn.n_rows, -1, dtype=np.intp)
        places[rows] = distribution.decode(codes[rows], rng)
        drawn.categories[variable.name] = (distribution.names, places)


def _applicable(variable: Variable, drawn: Drawn) -> NDArray[np.int32]:
    applies = np.ones(drawn.n_rows, bool)
    if variable.applies is not None:
        name, levels = variable.applies
        applies = drawn.has(name, *levels)
    if variable.base is not None:
        applies = applies & is_inside(drawn.numbers[variable.base])
    return np.flatnonzero(applies).astype(np.int32)


def _make_ids(n_rows: int, rng: np.random.Generator) -> NDArray[np.int64]:
    # The published ids start at 100,002 and leave about one number in seven unused.
    span = n_rows + n_rows // 6 + 1
    return np.sort(rng.choice(span, n_rows, replace=False)) + 100_002

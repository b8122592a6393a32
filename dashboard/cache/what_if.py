"""What an application's PD would be with other values, and which applications are most like it.

Entries are kept by the text of all values, so that an edit that is taken back costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dashboard.cache.kept import kept
from dashboard.cache.models import open_session
from dashboard.cache.portfolio import built_version, field_values, found_version, neighbours, portfolio
from dashboard.cache.sources import definition
from dashboard.cohort.lookup import Identifier
from dashboard.words.field_ranges import FieldRange, make_range
from inference.explain.counterfactuals import Counterfactual, closest_change, find_changes
from inference.explain.neighbours import Nearest
from inference.explain.sensitivity import GRID_POINTS, sensitivity, sensitivity_map
from inference.values import Value

# A map takes 2.5 kB, 200 neighbours 2.4 kB.
_ENTRIES = 64
N_MAP = 25

Values = Mapping[str, Value]


@kept(built_version, entries=_ENTRIES, is_copied=True)
def field_range(name: str, n: int = GRID_POINTS) -> FieldRange:
    """The values over which field `name` moves, and how the portfolio spreads over them."""
    return make_range(definition().column(name), field_values(name), n=n)


@kept(built_version, entries=_ENTRIES, is_copied=True)
def changes_to_approve(values: Values, cutoff: float) -> tuple[Counterfactual, ...]:
    """The smallest changes that bring the PD below the cutoff."""
    return find_changes(open_session(), values, cutoff)


@kept(built_version, entries=_ENTRIES, is_copied=True)
def closest_to_approval(values: Values, cutoff: float) -> Counterfactual | None:
    """The change with the lowest PD of all that are tried, where none brings it below the cutoff."""
    return closest_change(open_session(), values, cutoff)


@kept(built_version, entries=_ENTRIES, is_copied=True)
def curve_pds(values: Values, name: str) -> NDArray[np.float32]:
    """PD with each value of `field_range(name)`."""
    return sensitivity(open_session(), values, name, field_range(name).grid)


@kept(built_version, entries=_ENTRIES, is_copied=True)
def map_pds(values: Values, down: str, across: str) -> NDArray[np.float32]:
    """PD with each pair of values of `field_range(name, N_MAP)` of two fields: (down, across)."""
    grids = [(name, field_range(name, N_MAP).grid) for name in (down, across)]
    return sensitivity_map(open_session(), values, grids[0], grids[1])


@kept(found_version, entries=_ENTRIES, is_copied=True)
def nearest(values: Values, identifier: Identifier | None) -> Nearest | None:
    """The 200 applications most like these values, the one called `identifier` left out; None without a portfolio."""
    own, searched = portfolio(), neighbours()
    if own is None or searched is None:
        return None
    is_own = None if identifier is None else own.ids == identifier
    return searched.nearest(values, leave_out=is_own.arg_max() if is_own is not None and is_own.any() else None)

"""What an application's PD would be with other values, and which applications are most like it.

Entries are kept by the text of all values, so that an edit that is taken back costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard.cache.portfolio import field_values, neighbours, portfolio
from dashboard.cache.sources import KEYS, applications_version, model_version, open_session
from dashboard.words.field_ranges import FieldRange, make_range
from data import schema
from inference.explain.counterfactuals import Counterfactual, find_changes
from inference.explain.neighbours import Nearest
from inference.explain.sensitivity import GRID_POINTS, sensitivity, sensitivity_map
from inference.values import Value

# A map takes 2.5 kB, 200 neighbours 2.4 kB.
_ENTRIES = 64
N_MAP = 25

Values = Mapping[str, Value]


def _version() -> str:
    """Of the model, and of the table that fields move over."""
    return f"{model_version()} {applications_version()}"


def field_range(name: str, n: int = GRID_POINTS) -> FieldRange:
    """The values over which field `name` moves, and how the portfolio spreads over them."""
    return _field_range(name, n, applications_version())


@st.cache_data(max_entries=_ENTRIES, show_spinner=False, hash_funcs=KEYS)
def _field_range(name: str, n: int, version: str) -> FieldRange:  # noqa: ARG001 - the version is the cache's key
    return make_range(schema.column(name), field_values(name), n=n)


def changes_to_approve(values: Values, cutoff: float) -> tuple[Counterfactual, ...]:
    """The smallest changes that bring the PD below the cutoff."""
    return _changes(repr(values), cutoff, _version(), values)


# What begins with an underscore is no part of the key; its text and version are.
@st.cache_data(max_entries=_ENTRIES, show_spinner=False, hash_funcs=KEYS)
def _changes(text: str, cutoff: float, version: str, _values: Values) -> tuple[Counterfactual, ...]:  # noqa: ARG001
    return find_changes(open_session(), _values, cutoff)


def curve_pds(values: Values, name: str) -> NDArray[np.float32]:
    """PD with each value of `field_range(name)`."""
    return _curve_pds(repr(values), name, _version(), values)


@st.cache_data(max_entries=_ENTRIES, show_spinner=False, hash_funcs=KEYS)
def _curve_pds(text: str, name: str, version: str, _values: Values) -> NDArray[np.float32]:  # noqa: ARG001
    return sensitivity(open_session(), _values, name, field_range(name).grid)


def map_pds(values: Values, down: str, across: str) -> NDArray[np.float32]:
    """PD with each pair of values of `field_range(name, N_MAP)` of two fields: (down, across)."""
    return _map_pds(repr(values), down, across, _version(), values)


@st.cache_data(max_entries=_ENTRIES, show_spinner=False, hash_funcs=KEYS)
def _map_pds(text: str, down: str, across: str, version: str, _values: Values) -> NDArray[np.float32]:  # noqa: ARG001
    grids = [(name, field_range(name, N_MAP).grid) for name in (down, across)]
    return sensitivity_map(open_session(), _values, grids[0], grids[1])


def nearest(values: Values, identifier: int | None) -> Nearest | None:
    """The 200 applications most like these values, the one called `identifier` left out; None without a portfolio."""
    found = portfolio()
    return None if found is None else _nearest(repr(values), identifier, found.version, values)


@st.cache_data(max_entries=_ENTRIES, show_spinner=False, hash_funcs=KEYS)
def _nearest(text: str, identifier: int | None, version: str, _values: Values) -> Nearest | None:  # noqa: ARG001
    found, searched = portfolio(), neighbours()
    if found is None or searched is None:
        return None
    own = None if identifier is None else np.flatnonzero(found.ids == identifier)
    return searched.nearest(_values, leave_out=int(own[0]) if own is not None and own.size else None)

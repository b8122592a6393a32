"""People like this one: the most similar applicants, how many of them defaulted, and where this one stands."""

from __future__ import annotations

import numpy as np
import polars as pl
import streamlit as st
from numpy.typing import NDArray

from dashboard import cache
from dashboard.charts.neighbours import NeighbourGroup, plot_neighbours
from dashboard.components.applicant.view import ApplicantView
from dashboard.components.figure import render_figure
from dashboard.components.table import render_small_table
from dashboard.metrics.rates import share
from dashboard.words import labels
from dashboard.words.field_words import word_stated
from dashboard.words.reason_words import word_typical
from inference.explain.comparison import typical_of
from inference.explain.neighbours import Nearest

_FIELDS = 10
_ROWS = 8
_OUTCOMES = {True: "defaulted", False: "repaid", None: "none yet"}


def render_people(view: ApplicantView) -> None:
    """Write the tab."""
    own, found = cache.portfolio(), cache.nearest(view.values, view.identifier)
    if own is None or found is None:
        st.info(labels.plain(cache.why_no_portfolio()), icon=":material/info:")
        return
    pds, outcomes = cache.published_pds(tuple(found.rows.tolist())), own.defaulted[found.rows]
    # Those that have an outcome; of the others nobody knows how they fared.
    is_known = outcomes.is_not_null().to_numpy()
    defaulted = outcomes.drop_nulls().to_numpy()
    rate = share(int(defaulted.sum()), int(defaulted.size), "no application like this one has an outcome")
    group = NeighbourGroup(pds[is_known].astype(np.float64), defaulted, view.assessed.default_probability, rate)
    cutoff = view.cutoff
    render_figure(plot_neighbours(group, cutoff=cutoff))
    if n_open := int(np.count_nonzero(~is_known)):
        st.caption(f"{labels.plural(n_open, 'similar applicant')} without an outcome yet left out of the figure.")
    _render_fields(view, found)
    _render_nearest(own, found, pds)


def _render_fields(view: ApplicantView, found: Nearest) -> None:
    own = cache.portfolio()
    assert own is not None
    rows = []
    for name, weight in list(own.weights.items())[:_FIELDS]:
        column = view.definition.column(name)
        typical = typical_of(column, cache.field_values(name)[found.rows])
        rows.append(
            [
                labels.plain(column.label),
                labels.plain(word_stated(column, view.values.get(name), view.definition)),
                labels.plain(word_typical(column, typical, view.definition)),
                labels.percent(weight, 0),
            ]
        )
    render_small_table(["Field", "This applicant", "Similar applicants", "Weight"], rows, name="Similar applicants")
    st.caption(
        f"The {min(_FIELDS, len(own.weights))} weightiest of {labels.plural(len(own.weights), 'field')} in which "
        "applicants are compared; of the similar ones the middle half, or the commonest level."
    )


def _render_nearest(own: cache.Portfolio, found: Nearest, pds: NDArray[np.float32]) -> None:
    rows = found.rows[:_ROWS]
    table = pl.DataFrame(
        {
            "Application": own.ids[rows].cast(pl.String),
            "Distance": found.distances[:_ROWS].astype(np.float64).round(4),
            "PD (%)": (100 * pds[:_ROWS].astype(np.float64)).round(2),
            "Outcome": [_OUTCOMES[outcome] for outcome in own.defaulted[rows]],
        }
    )
    with st.expander(f"The {table.height} nearest", key="nearest"):
        cells = ([labels.plain(str(cell)) for cell in row] for row in table.iter_rows())
        render_small_table(table.columns, cells, name="The nearest applications")

"""How the PD moves as one field is changed and all else stays, or two."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, state
from dashboard.charts.field_map import plot_field_map
from dashboard.charts.field_sensitivity import plot_field_curve
from dashboard.components.applicant.view import ApplicantView
from dashboard.components.applicant.what_if import field_curve, field_map
from dashboard.components.figure import render_figure
from dashboard.visit import parameters
from dashboard.words import labels

FIELD = parameters.text("appl.field")
SECOND = parameters.text("appl.second")
_NO_SECOND = "nothing else"


def render_sensitivity(view: ApplicantView) -> None:
    """Write the tab."""
    for chosen in (FIELD, SECOND):
        state.check(chosen, view.fields, "field of the model")
    first, second = _render_choice(view)
    if second:
        _render_map(view, first, second)
    else:
        _render_curve(view, first)


def _render_choice(view: ApplicantView) -> tuple[str, str]:
    main = view.main_fields
    usual, *others = [*main, *(name for name in view.fields if name not in main)]
    if state.get(FIELD) == usual:
        # The usual field needs no word in the link.
        state.settle({FIELD: ""})
    first, second = state.get(FIELD) or usual, state.get(SECOND)
    titles = {name: view.definition.column(name).label for name in (usual, *others)}
    fields = labels.distinct({"": titles[usual]} | {name: titles[name] for name in others})
    added = labels.distinct({"": _NO_SECOND} | {name: titles[name] for name in titles if name != first})
    if second and second not in added:
        state.settle({SECOND: ""})
    with st.container(horizontal=True, gap="small"):
        for label, parameter, names in (("Field", FIELD, fields), ("And", SECOND, added)):
            st.selectbox(label, format_func=names.__getitem__, width=260, **state.select_widget(parameter, list(names)))
    return first, state.get(SECOND)


def _render_curve(view: ApplicantView, name: str) -> None:
    found = cache.field_range(name)
    pds = cache.curve_pds(view.values, name)
    curve = field_curve(found, pds, view.values.get(name), view.assessed.default_probability)
    cutoff = view.cutoff
    render_figure(plot_field_curve(curve, cutoff=cutoff))


def _render_map(view: ApplicantView, down: str, across: str) -> None:
    ranges = cache.field_range(across, cache.N_MAP), cache.field_range(down, cache.N_MAP)
    pds = cache.map_pds(view.values, down, across)
    current = view.values.get(across), view.values.get(down)
    result = field_map(*ranges, pds, current, view.assessed.default_probability)
    cutoff = view.cutoff
    render_figure(plot_field_map(result, cutoff=cutoff))

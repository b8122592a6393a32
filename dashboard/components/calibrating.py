"""Calibrate this score: how, on which cohort, before and after, and under which name it becomes a model."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from dashboard import cache, state
from dashboard.charts.reliability import Axes, plot_reliability
from dashboard.charts.template import Named
from dashboard.components.figure import render_figure
from dashboard.components.frame import View
from dashboard.components.method import render_method
from dashboard.components.model_work import order, ordered, render_work, why_refused
from dashboard.components.table import render_small_table
from dashboard.report.recalibration import FIGURES, Recalibration
from dashboard.visit import parameters
from dashboard.visit.links import FILTER_PREFIX, word_filters
from dashboard.words import labels
from data.errors import ScoreroomError
from inference.calibrating.fitting import Method
from inference.calibrating.out_of_fold import Request
from inference.inventory.entry import CHAMPION, check_name
from inference.model.decision import DEFAULT_CUTOFF

_METHODS = {
    "Platt": Method.PLATT,
    "Isotonic": Method.ISOTONIC,
    "Beta": Method.BETA,
    "Grades": Method.GRADES,
    "Target": Method.TARGET,
}
METHOD = parameters.choice("cal.method", tuple(_METHODS))
# 0 is none.
TARGET = parameters.number("cal.target", 0, low=0, high=0.99)
FLOOR = parameters.number("cal.floor", 0, low=0, high=0.2)
_NAME = "cal.name"
_LONGEST = 40


def render_calibrating(view: View, axes: Axes) -> None:
    """Write how the shown score is calibrated on the cohort, what that changes, and how to keep it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**Calibrate this score** on {labels.with_outcome(view.counts.n_resolved, view.counts.n_open)}")
        render_method("Calibrate this score", key="cal.calibrate")
    request = _ask()
    assumptions = replace(view.evaluation.assumptions, cutoff=DEFAULT_CUTOFF)
    try:
        done = cache.calibrated(view.dataset, view.cohort.filters, request, assumptions)
    except ScoreroomError as error:
        st.warning(labels.notice(str(error)), icon=":material/info:")
        return
    left, right = st.columns(2, gap="medium")
    with left:
        after, before = (each.calibration_error.groups for each in (done.after, done.before))
        render_figure(
            plot_reliability(after, against=Named("Before", before, own="After"), axes=axes), key="recalibrated"
        )
    with right:
        _render_figures(done)
    for notice in done.notices:
        st.caption(labels.plain(notice))
    _render_publishing(view, done)


def _ask() -> Request:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.segmented_control("Method", required=True, **state.buttons_widget(METHOD))
        st.number_input(
            "Target mean PD, %",
            0.0,
            99.0,
            step=0.5,
            format="%.4g",
            width=180,
            **state.percent_widget(TARGET),
            help="Log-odds are moved until the mean PD is this, such as a long-run default rate; 0 for no target.",
        )
        st.number_input(
            "Floor, %",
            0.0,
            20.0,
            step=0.01,
            format="%.4g",
            width=140,
            **state.percent_widget(FLOOR),
            help="No PD is lower; 0 for no floor.",
        )
    return Request(_METHODS[state.get(METHOD)], state.get(TARGET) or None, state.get(FLOOR))


def _render_figures(done: Recalibration) -> None:
    rows = []
    for metric in FIGURES:
        cells = []
        for estimate in (metric.of(done.before), metric.of(done.after)):
            if estimate.value is None:
                cells.append(labels.NOT_DEFINED)
            elif estimate.low is None or estimate.high is None:
                cells.append(metric.word(estimate.value))
            else:
                ends = labels.interval(metric.word(estimate.low), metric.word(estimate.high))
                cells.append(f"{metric.word(estimate.value)} :small[:gray[{ends}]]")
        rows.append((metric.label_under(done.after.assumptions), *cells))
    render_small_table(("Figure, 95 % interval", "Before", "After"), rows, name="Before and after calibration")


def _render_publishing(view: View, done: Recalibration) -> None:
    location = view.dataset.location
    if location.file or location.imported:
        st.caption(
            "A table that was brought is calibrated on the command line: "
            "`python -m scripts.calibrate --predictions FILE` writes another one with these PDs beside it."
        )
        return
    if reason := why_refused("calibrate"):
        st.caption(labels.notice(reason))
        return
    render_work()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.text_input("Publish as", key=_NAME, max_chars=_LONGEST, width=280)
        st.button(
            "Publish",
            key="cal.publish",
            icon=":material/publish:",
            on_click=_publish,
            args=(view, done.request),
            disabled=ordered() is not None,
        )
    st.caption(
        "It is calibrated again in the background and, where its parent scores new applications, checked over all of "
        "them; it is then a model of the portfolio, and shown."
    )


def _publish(view: View, request: Request) -> None:
    name = str(st.session_state[_NAME]).strip()
    try:
        check_name(name)
    except ScoreroomError as error:
        state.notify([str(error)], is_refusal=True)
        return
    arguments = ["--brief", f"--method={request.method}", f"--name={name}", f"--model={view.dataset.model or CHAMPION}"]
    arguments += [
        f"--where={column.removeprefix(FILTER_PREFIX)}={value}" for column, value in word_filters(view.cohort.filters)
    ]
    arguments += [f"--target-rate={request.target_rate!r}"] if request.target_rate else []
    arguments += [f"--floor={request.floor!r}"] if request.floor else []
    order(f"Calibrating {name}", "calibrate", arguments, shows=name)

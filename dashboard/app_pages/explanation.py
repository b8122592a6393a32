"""Explanation: which features move the predictions of a cohort, which way, and at which of their values."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import cache, state
from dashboard.charts.dependence import plot_dependence
from dashboard.charts.importance import AVERAGE, plot_difference, plot_importance
from dashboard.charts.strips import plot_strips
from dashboard.charts.template import Named
from dashboard.cohort.filters import Filters
from dashboard.components.figure import render_figure
from dashboard.components.frame import View
from dashboard.components.tabs import open_tab
from dashboard.metrics.explanation import Strip, dependence, difference, importance, strip
from dashboard.metrics.explanation_counts import ContributionSums
from dashboard.visit import parameters
from dashboard.visit.links import Cohort
from dashboard.words import labels

IMPORTANCE_TAB, SUMMARY_TAB, DEPENDENCE_TAB = "Importance", "Summary", "Dependence"
TAB = parameters.choice("expl.tab", (IMPORTANCE_TAB, SUMMARY_TAB, DEPENDENCE_TAB))
FEATURE = parameters.text("expl.feature")

MOST_STRIPS = 10


def render(view: View) -> None:
    """Write the page for `view`."""
    found = cache.explained(view.dataset)
    if found.contributions is None or found.whole is None:
        st.info(f"Nothing to explain these predictions with. {labels.notice(found.reason)}", icon=":material/info:")
        return
    sums = cache.contribution_sums(view.dataset, view.cohort.filters)
    if sums is None:
        return
    name, box = open_tab(TAB)
    with box:
        _render_reading(found.contributions.base)
        if view.beside is not None:
            st.caption("Contributions to two models are not set side by side: show the other model to see its own.")
        if name == IMPORTANCE_TAB:
            _render_importance(view, sums)
        elif name == SUMMARY_TAB:
            _render_summary(view, sums)
        else:
            _render_dependence(view, found.whole)


def _render_reading(base: float) -> None:
    st.caption(
        f"Contributions are exact Shapley values of {labels.plain(cache.model_in_words())}, for every application. "
        f"They are counted in log-odds from the average application's {labels.decimal(base, 2)} and add up to the "
        "application's own: +0.3 multiplies the odds of default by 1.35, −0.3 divides them by it. They say what moves "
        "the model, not what causes a default."
    )


def _against(view: View) -> Cohort | None:
    """The cohort that this one is set against; contributions to two models are of different features."""
    return None if view.beside else view.against


def _render_importance(view: View, sums: ContributionSums) -> None:
    other = _against_sums(view)
    shown = importance(sums)
    against = None if other is None else Named(other.name, importance(other.value))
    is_average = other is None and not view.cohort.filters
    left, right = (st.container(), None) if is_average else st.columns(2, gap="large")
    with left:
        render_figure(plot_importance(shown, against=against))
    if right is None:
        st.caption("Filter, or choose what to compare with, to see what sets a cohort's risk apart.")
        return
    with right:
        apart = difference(sums, None if other is None else other.value)
        reference = AVERAGE if other is None else other.name
        render_figure(plot_difference(apart, reference=reference))


def _against_sums(view: View) -> Named[ContributionSums] | None:
    """The sums of what the cohort is compared with; None where that is nothing, or empty."""
    against = _against(view)
    if against is None:
        return None
    sums = cache.contribution_sums(view.dataset, against.filters)
    return Named(against.name, sums) if sums is not None and sums.n_applications else None


def _render_summary(view: View, sums: ContributionSums) -> None:
    names = tuple(effect.name for effect in importance(sums).ordered[:MOST_STRIPS])
    shown = _strips(view, view.cohort.filters, names)
    other = _against(view)
    against = None if other is None else Named(other.name, _strips(view, other.filters, names))
    render_figure(plot_strips(shown, against=against))


def _strips(view: View, filters: Filters, names: tuple[str, ...]) -> Sequence[Strip]:
    found = (strip(counts) for counts in cache.feature_counts(view.dataset, filters, names))
    return [each for each in found if each is not None]


def _render_dependence(view: View, whole: ContributionSums) -> None:
    # In the portfolio's order, so that a feature keeps its place from cohort to cohort.
    order = [effect.name for effect in importance(whole).ordered]
    names = dict(zip(whole.names, whole.labels, strict=True))
    state.check(FEATURE, order, "feature")
    if state.get(FEATURE) == order[0]:
        state.settle({FEATURE: ""})
    st.selectbox(
        "Feature, the most important first",
        format_func=lambda name: names[name or order[0]],
        width=420,
        **state.select_widget(FEATURE, ["", *order[1:]]),
    )
    chosen = (state.get(FEATURE) or order[0],)
    (shown,) = cache.feature_counts(view.dataset, view.cohort.filters, chosen)
    against, cohort = None, _against(view)
    if cohort is not None:
        (other,) = cache.feature_counts(view.dataset, cohort.filters, chosen)
        against = Named(cohort.name, dependence(other))
    result = dependence(shown)
    render_figure(plot_dependence(result, view.definition, against=against))

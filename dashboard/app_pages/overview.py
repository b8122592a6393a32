"""The overview: how many, how risky, how well told apart, and what the cutoff does."""

from __future__ import annotations

import streamlit as st

from dashboard.charts.bands import plot_bands
from dashboard.charts.distribution import plot_pd_distribution
from dashboard.charts.template import Named
from dashboard.components.bar import PORTFOLIO
from dashboard.components.figure import is_dark, render_figure
from dashboard.components.frame import View
from dashboard.components.metric_card import card_grid, render_card, render_metric
from dashboard.components.unobserved import render_unobserved
from dashboard.components.verdict import render_verdict
from dashboard.metrics.distribution import pd_distribution
from dashboard.metrics.evaluation import Evaluation
from dashboard.report import catalogue
from dashboard.words import labels
from dashboard.words.money import money


def render(view: View) -> None:
    """Write the page for `view`."""
    if not view.predictions.source.has_outcomes:
        render_unobserved(view)
        return
    if view.is_doubtful:
        render_verdict(view.evaluation.calibration)
    _render_metrics(view)
    _render_charts(view)


def _render_metrics(view: View) -> None:
    counts = view.counts
    against = _beside(view)
    with card_grid("overview", 1 + len(catalogue.OVERVIEW), is_compared=against is not None):
        render_metric("Applications", labels.count(counts.n_applications), labels.plural(counts.n_bad, "default"))
        for metric in catalogue.OVERVIEW:
            is_loss = metric is catalogue.EXPECTED_LOSS
            render_card(
                catalogue.in_currency(metric, view.definition.currency) if is_loss else metric,
                view.evaluation,
                against,
                note=_observed(view) if is_loss else "",
                is_doubtful=is_loss and view.is_doubtful,
            )


def _observed(view: View) -> str:
    """What was lost beside what was expected, so that no expected loss stands alone."""
    lost = money(view.evaluation.observed_loss.value, view.definition.currency)
    return f"PDs off: lost {lost}" if view.is_doubtful else f"observed: {lost}"


def _beside(view: View) -> Named[Evaluation] | None:
    """What the cohort is compared with; where nothing was chosen, a cohort is set against the whole portfolio."""
    if view.beside is None and view.cohort.filters:
        return Named(PORTFOLIO, Evaluation(view.portfolio_counts, view.evaluation.assumptions))
    return view.beside


def _render_charts(view: View) -> None:
    left, right = st.columns(2, gap="medium")
    dark = is_dark()
    with left:
        spread = pd_distribution(view.counts)
        render_figure(plot_pd_distribution(spread, auc=view.evaluation.roc_auc, cutoff=view.cutoff, dark=dark))
    with right:
        bands, beside = view.evaluation.bands, _beside(view)
        against = None if beside is None else Named(beside.name, beside.value.bands)
        render_figure(plot_bands(bands, against=against, dark=dark))

"""The overview: how many, how risky, how well told apart, and what the cutoff does."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, labels, state
from dashboard.charts.distribution import describe_pd_distribution, plot_pd_distribution
from dashboard.charts.roc import describe_roc, plot_roc
from dashboard.components.figure import is_dark, render_figure
from dashboard.components.filter_bar import render_cohort_line, render_filter_bar
from dashboard.components.metric_card import render_estimate, render_metric
from dashboard.metrics.calibration import Verdict
from dashboard.metrics.counts import ScoreCounts
from dashboard.metrics.overview import Overview
from dashboard.metrics.rates import approval_rate, bad_rate, confusion


def render(dataset: cache.Dataset) -> None:
    """Write the page for `dataset`."""
    predictions = cache.predictions(dataset)
    st.title("Overview", anchor=False)
    _render_source(dataset)
    filters = render_filter_bar(predictions)
    counts = cache.cohort_counts(dataset, filters)
    overview = cache.overview(dataset, filters)
    volumes = overview.volumes
    render_cohort_line(predictions, volumes.applications, volumes.defaults, is_filtered=bool(filters))
    if volumes.applications == 0:
        st.info(
            "No application meets these filters. Widen one of them, or reset them.", icon=":material/filter_alt_off:"
        )
        return
    cutoff = state.cutoff()
    _render_metrics(overview, counts, cutoff)
    _render_charts(overview, counts, cutoff)


def _render_source(dataset: cache.Dataset) -> None:
    source = cache.predictions(dataset).source
    st.caption(f"{labels.plain(source.name)} · PDs are {'as imported' if source.is_imported else 'out of fold'}")
    for notice in source.notices:
        st.caption(labels.plain(notice))


def _render_metrics(overview: Overview, counts: ScoreCounts, cutoff: float) -> None:
    if overview.calibration.verdict is Verdict.UNCALIBRATED:
        st.warning(overview.calibration.message, icon=":material/straighten:")
    first, second = st.columns(4), st.columns(4)
    with first[0]:
        render_metric(
            "Applications",
            labels.count(overview.volumes.applications),
            labels.plural(overview.volumes.defaults, "default"),
        )
    with first[1]:
        render_estimate("Default rate", overview.default_rate, labels.percent, help_text=_HELP["default_rate"])
    with first[2]:
        render_estimate(
            "Mean PD", overview.mean_pd, labels.percent, help_text=_HELP["mean_pd"], note=_gap_note(overview)
        )
    with first[3]:
        render_estimate("ROC AUC", overview.roc_auc, labels.decimal, help_text=_HELP["roc_auc"])
    with second[0]:
        render_estimate("Gini", overview.gini, labels.decimal, help_text=_HELP["gini"])
    with second[1]:
        render_estimate("KS", overview.ks.statistic, labels.decimal, help_text=_HELP["ks"])
    with second[2]:
        render_estimate("Approval rate", approval_rate(counts, cutoff), labels.percent, help_text=_HELP["approval"])
    with second[3]:
        render_estimate("Bad rate", bad_rate(counts, cutoff), labels.percent, help_text=_HELP["bad_rate"])


def _gap_note(overview: Overview) -> str:
    mean, rate = overview.mean_pd.value, overview.default_rate.value
    if mean is None or rate is None:
        return ""
    return f"gap {labels.signed_points(mean - rate)}"


def _render_charts(overview: Overview, counts: ScoreCounts, cutoff: float) -> None:
    left, right = st.columns(2)
    dark = is_dark()
    with left:
        figure = plot_pd_distribution(overview.distribution, cutoff=cutoff, dark=dark)
        render_figure(figure, key="pd-distribution", alt=describe_pd_distribution(overview.distribution, cutoff=cutoff))
    with right:
        auc, decided = overview.roc_auc, confusion(counts, cutoff)
        figure = plot_roc(overview.roc, auc=auc, confusion=decided, dark=dark)
        render_figure(figure, key="roc", alt=describe_roc(overview.roc, auc=auc, confusion=decided))
    st.caption("Figures are computed from PD bins of 0.01 percentage points; docs/metrics.md bounds the error.")


_HELP = {
    "default_rate": "Share of the cohort's applications that defaulted; Wilson interval.",
    "mean_pd": "Average predicted probability of default. Close to the default rate when PDs are calibrated.",
    "roc_auc": "Chance that a random defaulter has a higher PD than a random non-defaulter; DeLong interval.",
    "gini": "2 AUC - 1: 0 for no discrimination, 1 for perfect.",
    "ks": "Largest gap between the shares of defaulters and of non-defaulters below a PD.",
    "approval": "Share of the cohort whose PD is below the cutoff; Wilson interval.",
    "bad_rate": "Share of the approved that defaulted; Wilson interval.",
}

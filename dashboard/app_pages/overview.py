"""Today: what to look at first, the portfolio's figures, and those of the saved cohorts."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboard import cache, state
from dashboard.app_pages import calibration, cutoff, segments
from dashboard.charts.bands import plot_bands
from dashboard.charts.distribution import plot_pd_distribution
from dashboard.charts.template import Named
from dashboard.cohort.filters import Filters
from dashboard.components.bar import PORTFOLIO
from dashboard.components.figure import is_dark, render_figure
from dashboard.components.findings import Goal, render_findings
from dashboard.components.frame import View
from dashboard.components.metric_card import card_grid, render_card, render_metric
from dashboard.components.table import render_frame
from dashboard.components.unobserved import render_unobserved
from dashboard.components.verdict import render_verdict
from dashboard.metrics.comparison import Comparison
from dashboard.metrics.distribution import pd_distribution
from dashboard.metrics.evaluation import Evaluation
from dashboard.metrics.findings import Fault, Finding
from dashboard.metrics.segments import Measure
from dashboard.report import catalogue
from dashboard.visit.links import Cohort
from dashboard.visit.visit import COHORTS
from dashboard.words import finding_words, labels
from dashboard.words.money import money

# Saved cohorts in the table, the ones saved last; their counts are kept for as many.
MOST_COHORTS = 12
_COHORT_FIGURES = (
    catalogue.DEFAULT_RATE,
    catalogue.MEAN_PD,
    catalogue.ROC_AUC,
    catalogue.APPROVAL_RATE,
    catalogue.BAD_RATE,
)


def render(view: View) -> None:
    """Write the page for `view`."""
    if not view.predictions.source.has_outcomes:
        render_unobserved(view)
        return
    if view.is_cut_by_outcome:
        # What a filter on the outcome does to a cohort is no finding; the frame says so.
        _render_metrics(view)
    else:
        _render_findings(view)
    _render_cohorts(view)
    _render_charts(view)


def _render_findings(view: View) -> None:
    """Write the verdict, the findings, and beside them the figures."""
    found = cache.findings(view.dataset, view.cohort.filters, view.evaluation.assumptions)
    st.markdown(f"#### {labels.plain(finding_words.verdict(found))}", anchors=False)
    if view.is_doubtful:
        render_verdict(view.evaluation.calibration)
    left, right = st.columns(2, gap="medium")
    with left:
        render_findings(found, {finding: _goal(finding) for finding in found.shown}, view.definition.currency)
    with right:
        _render_metrics(view)


def _goal(finding: Finding) -> Goal:
    """The page that shows `finding`, and what sets it up."""
    match finding.fault:
        case Fault.CUTOFF:
            return Goal("Cutoff", "cutoff", {cutoff.TAB: cutoff.PROFIT})
        case Fault.LEAK | Fault.REVERSED:
            return Goal("Discrimination", "discrimination", {})
        case Fault.LEVEL | Fault.BAND:
            return Goal("Calibration", "calibration", {calibration.TAB: _CALIBRATION_TABS[finding.fault]})
    column = "" if finding.group is None else finding.group.column
    measure = _MEASURES[finding.fault]
    by_profit = {segments.BREAK_EVEN: segments.BREAK_EVEN.options[-1]} if measure is Measure.BAD_RATE else {}
    return Goal(
        "Segments",
        "segments",
        {segments.TAB: segments.ONE_TAB, segments.COLUMN: column, segments.MEASURE: measure.value, **by_profit},
    )


_CALIBRATION_TABS = {Fault.LEVEL: calibration.TAB.options[0], Fault.BAND: calibration.TAB.options[1]}
_MEASURES: Mapping[Fault, Measure] = {
    Fault.LOSS: Measure.BAD_RATE,
    Fault.SEGMENT: Measure.CALIBRATION_GAP,
    Fault.RANKING: Measure.ROC_AUC,
}


def _render_cohorts(view: View) -> None:
    """Write the figures of saved cohorts below each other, under the assumptions in force."""
    saved = state.kept(COHORTS)[-MOST_COHORTS:]
    if not saved:
        return
    assumed = view.evaluation.assumptions
    evaluated = [
        Evaluation(cache.cohort_counts(view.dataset, cohort.filters.at(view.cutoff)), assumed) for cohort in saved
    ]
    st.markdown("**Saved cohorts**")
    render_frame(
        {
            "Cohort": [cohort.name for cohort in saved],
            "Applications": [each.counts.n_applications for each in evaluated],
            **{metric.label: [_worded(metric, each) for each in evaluated] for metric in _COHORT_FIGURES},
        },
        column_config={"Applications": st.column_config.NumberColumn(format="localized")},
        alt="Figures of the saved cohorts",
    )


def _worded(metric: catalogue.Metric, evaluation: Evaluation) -> str | None:
    value = metric.of(evaluation).value
    return None if value is None else metric.word(value)


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


def _beside(view: View) -> Comparison | None:
    """What the cohort is compared with; where nothing was chosen, a cohort is set against the whole portfolio."""
    if view.comparison is None and view.cohort.filters:
        return view.compared_with(Cohort(PORTFOLIO, Filters()))
    return view.comparison


def _render_charts(view: View) -> None:
    left, right = st.columns(2, gap="medium")
    dark = is_dark()
    with left:
        spread = pd_distribution(view.counts)
        render_figure(plot_pd_distribution(spread, auc=view.evaluation.roc_auc, cutoff=view.cutoff, dark=dark))
    with right:
        bands, beside = view.evaluation.bands, _beside(view)
        against = None if beside is None else Named(beside.name, beside.other.bands)
        render_figure(plot_bands(bands, against=against, dark=dark))

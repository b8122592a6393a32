"""Today: what to look at first, the portfolio's figures, and those of the saved cohorts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from dashboard import cache, journal, state
from dashboard.app_pages import calibration, cutoff, report, score_file, segments, stability
from dashboard.charts.bands import plot_bands
from dashboard.charts.distribution import follow_pd_distribution, plot_pd_distribution
from dashboard.charts.template import Named
from dashboard.cohort.filters import Filters
from dashboard.components.cohort_menu import whole_name
from dashboard.components.figure import render_figure
from dashboard.components.findings import Goal, open_page, render_findings
from dashboard.components.first_steps import render_first_steps
from dashboard.components.follow import keep_busy
from dashboard.components.frame import View
from dashboard.components.held_file import held_file
from dashboard.components.metric_card import card_grid, render_card, render_metric
from dashboard.components.table import render_frame
from dashboard.components.unobserved import render_ranking, render_unobserved
from dashboard.components.verdict import render_verdict
from dashboard.metrics.comparison import Comparison
from dashboard.metrics.distribution import pd_distribution
from dashboard.metrics.evaluation import Evaluation
from dashboard.metrics.findings import Fault, Finding, Findings
from dashboard.metrics.group_facts import Group
from dashboard.metrics.segments import Measure
from dashboard.metrics.shift_findings import file_findings
from dashboard.metrics.stability import population_stability
from dashboard.report import catalogue
from dashboard.visit.links import Cohort
from dashboard.visit.looks import Look
from dashboard.visit.store import SavedError
from dashboard.visit.visit import COHORTS, FILE
from dashboard.words import finding_words, labels, look_words
from dashboard.words.money import money
from data.predictions.table import PROBABILITY

_PAPER = "monthly"
_COHORTS, _OPENED = "today.cohorts", "today.opened"
# The last look of this visit by the table's digest, and what decisions were made at, among a look's figures.
_LOOK, _CUTOFF = "today.look", "cutoff"
# What decisions are in: the verdict, the findings, and the saved cohorts' figures.
_BUSY = ("today-head h4", "findings", "findings-foot", "since", "saved-figures")
# Saved cohorts in the table, the ones saved last; their counts are kept for as many.
MOST_COHORTS = 12
_FIGURES = (
    catalogue.DEFAULT_RATE,
    catalogue.MEAN_PD,
    catalogue.ROC_AUC,
    catalogue.APPROVAL_RATE,
    catalogue.BAD_RATE,
)


def render(view: View) -> None:
    """Write the page for `view`: figures first, then what to look at, beside the first chart."""
    if view.evaluation.why_no_pd:
        render_ranking(view)
        return
    if not view.counts.n_resolved:
        render_unobserved(view)
        return
    render_first_steps(view)
    _render_metrics(view)
    # What a filter on the outcome does to a cohort is no finding; the frame says so.
    # The checks' p-values are of applications that count once each.
    is_checked = not view.is_cut_by_outcome and view.counts.weighing is None
    found = _find(view) if is_checked else None
    for place in _BUSY:
        keep_busy(f".st-key-{place}")
    _render_heading(view, found)
    has_findings = found is not None and found.shown
    # On narrow screens what is at the right comes first (static/page.css).
    with st.container(key="today-sides" if has_findings else "today-charts"):
        left, right = st.columns(2, gap="medium")
    with left:
        _render_distribution(view)
    with right:
        if found is not None and found.shown:
            goals = {finding: _goal(finding) for finding in found.shown}
            render_findings(found, goals, view.definition.currency)
        _render_bands(view)
    with left:
        _render_cohorts(view)


def _find(view: View) -> Findings:
    more = () if view.cohort.filters else _of_file(view)
    return cache.findings(view.dataset, view.cohort.filters, view.evaluation.assumptions, more)


def _of_file(view: View) -> tuple[Finding, ...]:
    """The checks of the file that the visit holds beside the portfolio that is shown."""
    batch = held_file()
    if batch is None or state.get(FILE):
        return ()
    is_scored = batch.counts.n_applications > 0
    pds = population_stability(view.portfolio_counts, batch.counts).stability if is_scored else None
    table = batch.table
    return file_findings(table.name, table.n_rows, table.n_bad_rows, pds, Group(PROBABILITY, "PD", 0, ""))


def _render_heading(view: View, found: Findings | None) -> None:
    """Write the verdict, and beside it the way to the committee's paper."""
    with st.container(key="today-head", horizontal=True, vertical_alignment="center", gap="small"):
        if found is not None:
            st.markdown(f"#### {labels.plain(finding_words.verdict(found))}", anchors=False)
        if st.button("Make the committee paper", key="paper", icon=":material/description:", width="content"):
            report.start_from(_PAPER, view.definition)
            open_page(Goal("Report", "report", {}))
    if view.is_doubtful:
        render_verdict(view.evaluation.calibration)


def _goal(finding: Finding) -> Goal:
    """The page that shows `finding`, and what sets it up."""
    match finding.fault:
        case Fault.CUTOFF:
            return Goal("Cutoff", "cutoff", {cutoff.TAB: cutoff.PROFIT})
        case Fault.LEAK | Fault.REVERSED:
            return Goal("Discrimination", "discrimination", {})
        case Fault.REJECTS:
            return Goal("Score a file", "score-file", {score_file.TAB: score_file.FAULTS})
        case Fault.SHIFT if finding.subject:
            return Goal("Score a file", "score-file", {score_file.TAB: score_file.RESULTS})
        case Fault.SHIFT:
            column = "" if finding.group is None else finding.group.column
            return Goal("Stability", "stability", {stability.TAB: stability.COLUMNS_TAB, stability.COLUMN: column})
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
    """Write the figures of saved cohorts below each other, under the assumptions in force; a row opens its cohort."""
    saved = state.kept(COHORTS)[-MOST_COHORTS:]
    if not saved:
        return
    assumed = view.evaluation.assumptions
    chosen = [cache.resolved(view.dataset, cohort.filters, view.cutoff) for cohort in saved]
    evaluated = [cache.evaluate(view.dataset, filters, assumed) for filters in chosen]
    st.markdown("**Saved cohorts** :small[:gray[select a row to open its cohort]]")
    # Another key is another table: an opened cohort's row is not still selected when the reader comes back.
    key = f"{_COHORTS}.{st.session_state.setdefault(_OPENED, 0)}"
    with st.container(key="saved-figures"):
        _render_saved(saved, evaluated, key)


def _render_saved(saved: Sequence[Cohort], evaluated: Sequence[Evaluation], key: str) -> None:
    render_frame(
        {
            "Cohort": [cohort.name for cohort in saved],
            "Applications": [each.counts.n_applications for each in evaluated],
            **{metric.label: [_worded(metric, each) for each in evaluated] for metric in _FIGURES},
        },
        key=key,
        column_config={"Applications": st.column_config.NumberColumn(format="localized")},
        selection_mode="single-row",
        on_select=partial(_open_cohort, key, saved),
        alt="Figures of the saved cohorts",
    )


def _open_cohort(key: str, saved: Sequence[Cohort]) -> None:
    rows = st.session_state[key].selection.rows
    if rows:
        st.session_state[_OPENED] += 1
        state.set_filters(saved[rows[0]].filters)


def _worded(metric: catalogue.Metric, evaluation: Evaluation) -> str | None:
    value = metric.of(evaluation).value
    return None if value is None else metric.word(value)


def _render_metrics(view: View) -> None:
    counts = view.counts
    against = _beside(view)
    with card_grid("overview", 2 + len(_FIGURES), is_compared=against is not None):
        render_metric("Applications", labels.count(counts.n_applications), labels.outcomes(counts.n_bad, counts.n_open))
        for metric in _FIGURES:
            render_card(metric, view.evaluation, against)
        render_card(
            catalogue.in_currency(catalogue.EXPECTED_LOSS, view.definition.currency),
            view.evaluation,
            against,
            note=_observed(view),
            is_doubtful=view.is_doubtful,
        )
    # What a reader saw last was the champion's.
    if not view.cohort.filters and not view.dataset.model:
        _render_since(view)


def _render_since(view: View) -> None:
    """Write how the portfolio's figures differ from those of the reader's last look."""
    figures = {metric.name: metric.of(view.evaluation).value for metric in _FIGURES}
    at_hand = {name: value for name, value in figures.items() if value is not None} | {_CUTOFF: view.cutoff}
    look = _last_look(view.dataset.digest, at_hand)
    if look is None:
        return
    if look.digest == view.dataset.digest:
        told = look_words.unchanged(look.first_at)
    else:
        is_decided_alike = look.figures.get(_CUTOFF) == view.cutoff
        words = {
            metric.name: (metric.label, "" if metric is catalogue.ROC_AUC else "%")
            for metric in _FIGURES
            # Decisions at another cutoff are no news of the portfolio.
            if is_decided_alike or metric not in (catalogue.APPROVAL_RATE, catalogue.BAD_RATE)
        }
        told = look_words.changes(look.last_at, look.figures, at_hand, words)
    if told:
        with st.container(key="since"):
            st.caption(labels.plain(told))


def _last_look(digest: str, figures: Mapping[str, float]) -> Look | None:
    """What the reader saw before this visit, which is noted once a visit."""
    key = f"{_LOOK}.{digest}"
    if key not in st.session_state:
        look = None
        if state.reader():
            try:
                look = cache.looks().note(state.reader(), digest, figures)
            except SavedError as error:
                journal.warn("look_not_noted", state.who(), problem=type(error).__name__)
        st.session_state[key] = look
    found: Look | None = st.session_state[key]
    return found


def _observed(view: View) -> str:
    """What was lost beside what was expected, so that no expected loss stands alone."""
    lost = money(view.evaluation.observed_loss.value, view.definition.currency)
    return f"PDs off: lost {lost}" if view.is_doubtful else f"observed: {lost}"


def _beside(view: View) -> Comparison | None:
    """What the cohort is compared with; where nothing was chosen, a cohort is set against the whole portfolio."""
    if view.comparison is None and view.cohort.filters:
        return view.compared_with(Cohort(whole_name(), Filters()))
    return view.comparison


def _render_distribution(view: View) -> None:
    spread = pd_distribution(view.counts)
    chart = plot_pd_distribution(spread, auc=view.evaluation.roc_auc, cutoff=view.cutoff)
    render_figure(chart, slots=follow_pd_distribution(spread))


def _render_bands(view: View) -> None:
    bands, beside = view.evaluation.bands, _beside(view)
    against = None if beside is None else Named(beside.name, beside.other.bands, beside.own_name)
    render_figure(plot_bands(bands, against=against))

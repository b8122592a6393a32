"""Discrimination: how well the PD tells defaults from non-defaults, and what that is worth at the risky end."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import state
from dashboard.charts.lift import plot_gain, plot_lift
from dashboard.charts.ranking import follow_ks, follow_precision_recall, plot_cap, plot_ks, plot_precision_recall
from dashboard.charts.roc import follow_roc, plot_roc
from dashboard.charts.template import Named, Table, own_name
from dashboard.components.figure import render_figure
from dashboard.components.follow import follow, keep_busy
from dashboard.components.frame import View
from dashboard.components.method import render_method
from dashboard.components.metric_card import card_grid, render_card
from dashboard.components.table import render_frame
from dashboard.components.tabs import open_tab
from dashboard.follow.slots import Kind, Slot
from dashboard.metrics.comparison import Comparison, ModelComparison
from dashboard.metrics.discrimination import roc_curve
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.evaluation import Evaluation
from dashboard.metrics.ranking import (
    CapCurve,
    ks_curve,
    precision_recall_curve,
)
from dashboard.report import catalogue
from dashboard.report.catalogue import Metric
from dashboard.visit import parameters
from dashboard.visit.visit import CUTOFF
from dashboard.words import labels
from data.predictions.scores import round_cutoff

TAB = parameters.choice("disc.tab", ("ROC and CAP", "Precision-recall", "KS", "Lift and gain"))
# A curve, and what the cutoff does to it.
_SIDES = [1.3, 1]
_DECLINED = (catalogue.DEFAULTS_DECLINED, catalogue.NON_DEFAULTS_DECLINED)
_RIGHTLY_DECLINED = (catalogue.DEFAULTS_AMONG_DECLINED, catalogue.DEFAULTS_DECLINED)
# The ends of the intervals are left to the figures and their data.
_ENDS = (", low", ", high", ", low (%)", ", high (%)")


def render(view: View) -> None:
    """Write the page for `view`."""
    _render_cards(view)
    if view.comparison is not None:
        _render_difference(view.comparison)
    tabs = {
        "ROC and CAP": _render_squares,
        "Precision-recall": _render_precision_recall,
        "KS": _render_ks,
        "Lift and gain": _render_lift,
    }
    name, box = open_tab(TAB)
    with box:
        tabs[name](view)


def _render_cards(view: View) -> None:
    best = view.evaluation.ks.cutoff
    reached = "" if best is None else state.score_words(f" It is reached at a PD of {labels.percent(best)}.")
    with card_grid("discrimination", len(catalogue.DISCRIMINATION), is_compared=view.comparison is not None):
        for metric in catalogue.DISCRIMINATION:
            render_card(metric, view.evaluation, view.comparison, more_help=reached if metric is catalogue.KS else "")


def _render_difference(comparison: Comparison) -> None:
    found = comparison.roc_auc
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f"{_difference_words(found, labels.plain(comparison.name))} {_overlap_words(comparison)}", width="content"
        )
        of_models = isinstance(comparison, ModelComparison)
        render_method("Differences between models" if of_models else "AUC difference", key="disc.difference")


def _difference_words(found: Estimate, name: str) -> str:
    if found.value is None:
        return f"**AUC against {name}:** {labels.plain(found.explanation)}."
    if found.low is None or found.high is None:
        higher = "higher" if found.value >= 0 else "lower"
        return f"**AUC {labels.decimal(abs(found.value))} {higher} than for {name}**, without an interval."
    ends = f"95 %: {labels.interval(labels.decimal(found.low), labels.decimal(found.high))}"
    size = f"{labels.decimal(abs(found.value))} {'higher' if found.value >= 0 else 'lower'}"
    if found.low <= 0 <= found.high:
        return f"**AUC {size} than for {name}, which chance alone may explain** ({ends})."
    return f"**AUC {size} than for {name}** ({ends})."


def _overlap_words(comparison: Comparison) -> str:
    if isinstance(comparison, ModelComparison):
        return f"Both models judge the same {labels.plural(comparison.own.counts.n_rows, 'application')}."
    if comparison.shared is None:
        return "No application is in both."
    number = labels.plural(comparison.shared.n_applications, "application")
    return f"Allows for {number} in both."


def _render_squares(view: View) -> None:
    """Write the two curves that say the same of all applications and of the riskiest, and their figures below."""
    left, right = st.columns(2, gap="medium")
    with left:
        _render_roc(view)
    with right:
        _render_cap(view)


def _render_roc(view: View) -> None:
    auc, decided, curve = view.evaluation.roc_auc, view.evaluation.confusion, roc_curve(view.counts)
    against = view.compared(roc_curve)
    render_figure(plot_roc(curve, auc=auc, confusion=decided, against=against), slots=follow_roc())
    _render_shares(view, None, _DECLINED)


def _render_shares(view: View, best: float | None, metrics: tuple[Metric, ...]) -> None:
    """Write what declining from the cutoff on does, or from the PD `best`, a card each."""
    shown, comparison = view.evaluation, view.comparison
    if best is not None:
        shown, comparison = shown.at(best), None if comparison is None else comparison.at(best)
    # In a box of their own, cards are no higher than they need to be.
    with st.container(key="shares"):
        at_best = "" if best is None else state.score_words(f"At this PD of {labels.percent(best)}")
        st.markdown(f"**{at_best or _at(shown)}**")
        if best is None:
            follow([Slot(".st-key-shares strong", Kind.TEXT, _at, names_cutoff=True)])
        with card_grid("shares", len(metrics), is_compared=comparison is not None):
            for metric in metrics:
                render_card(metric, shown, comparison)


def _render_precision_recall(view: View) -> None:
    average, decided = view.evaluation.average_precision, view.evaluation.confusion
    curve, against = precision_recall_curve(view.counts), view.compared(precision_recall_curve)
    left, side = st.columns(_SIDES, gap="medium")
    with left:
        chart = plot_precision_recall(curve, average=average, confusion=decided, against=against)
        render_figure(chart, slots=follow_precision_recall())
    with side:
        _render_shares(view, None, _RIGHTLY_DECLINED)


def _at(evaluation: Evaluation) -> str:
    return f"At the cutoff of {labels.cutoff_percent(evaluation.confusion.cutoff, 2)}"


def _render_ks(view: View) -> None:
    found, curve = view.evaluation.ks, ks_curve(view.counts)
    against = view.compared(ks_curve)
    chart, side = st.columns(_SIDES, gap="medium")
    with chart:
        render_figure(plot_ks(curve, statistic=found.statistic, cutoff=view.cutoff, against=against), slots=follow_ks())
    with side:
        if found.cutoff is not None:
            _render_ks_cutoff(view, found.cutoff)


def _render_ks_cutoff(view: View, best: float) -> None:
    _render_shares(view, best, _DECLINED)
    in_force = view.cutoff == round_cutoff(best)
    keep_busy(".st-key-disc-use_ks")
    st.button(
        "This is the cutoff" if in_force else "Use this cutoff",
        key="disc.use_ks",
        disabled=in_force,
        icon=":material/check:",
        on_click=state.put,
        args=({CUTOFF: round(100 * round_cutoff(best), 4)},),
        width="stretch",
        help="The KS weighs both errors alike. Where a missed default costs more than a declined good applicant, "
        "the best cutoff lies elsewhere: see Cutoff.",
    )


def _render_cap(view: View) -> None:
    ratio, curve = view.evaluation.gini, view.evaluation.cap
    against = view.other(lambda evaluation: evaluation.cap)
    render_figure(plot_cap(curve, ratio=ratio, against=against))
    if curve is not None:
        _render_held(curve, against)


def _render_held(curve: CapCurve, against: Named[CapCurve | None] | None) -> None:
    curves = {"own": (own_name(against), curve)}
    if against is not None and against.value is not None:
        curves["other"] = (against.name, against.value)
    held = {key: [100 * each.captured_at(share) for share in catalogue.CAP_SHARES] for key, (_, each) in curves.items()}
    names = {key: st.column_config.NumberColumn(name, format="%.1f %%") for key, (name, _) in curves.items()}
    with st.container():
        st.markdown("**Share of all defaults that the riskiest hold**")
        render_frame(
            {"share": [f"{100 * share:g} %" for share in catalogue.CAP_SHARES], **held},
            alt="Share of all defaults among the riskiest applications",
            column_config={"share": st.column_config.TextColumn("Riskiest"), **names},
        )


def _render_lift(view: View) -> None:
    table = view.evaluation.lift
    against = view.other(lambda evaluation: evaluation.lift)
    chart = plot_lift(table, against=against)
    left, right = st.columns(2, gap="medium")
    with left:
        render_figure(chart)
    with right:
        render_figure(plot_gain(table, against=against))
    if table is not None:
        _render_groups(chart.table, is_compared=against is not None)


def _render_groups(table: Table, *, is_compared: bool) -> None:
    left_out = (*_ENDS, "Mean PD (%)", "Cumulative lift") if is_compared else _ENDS
    shown = {name: values for name, values in table.items() if not name.endswith(left_out)}
    render_frame(
        shown,
        height=38 + 35 * len(shown["Defaults"]),
        alt="Lift and gain by tenth of applications, riskiest first",
        column_config={column[0]: st.column_config.NumberColumn(format=_format(*column)) for column in shown.items()},
    )


def _format(name: str, values: Sequence[object]) -> str:
    whole = name in ("Group", "Applications", "Defaults")
    return "%,.0f" if whole else f"%.{labels.column_decimals(values) if name.endswith('(%)') else 2}f"

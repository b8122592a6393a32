"""Cutoff and economics: what the cutoff decides, what that costs and earns, and how sure the best one is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import streamlit as st

from dashboard import state
from dashboard.charts.chart import Chart
from dashboard.charts.confusion import follow_confusion, plot_confusion
from dashboard.charts.economics import follow_cost_curve, follow_profit_curve, plot_cost_curve, plot_profit_curve
from dashboard.charts.sensitivity import COST_RATIO, Assumption, plot_excess, plot_sensitivity
from dashboard.charts.sensitivity import LGD as LGD_WORDS
from dashboard.charts.sensitivity import MARGIN as MARGIN_WORDS
from dashboard.cohort.filters import DECISION
from dashboard.components.assumptions import render_beta, render_costs, render_terms
from dashboard.components.figure import place_of, render_figure
from dashboard.components.follow import keep_busy
from dashboard.components.frame import View
from dashboard.components.metric_card import card_grid, render_card
from dashboard.components.tabs import open_tab
from dashboard.follow.slots import Slot
from dashboard.metrics.counts import ScoreCounts
from dashboard.metrics.economics import (
    CutoffCurve,
    Sensitivity,
    cost_sensitivity,
    lgd_sensitivity,
    margin_sensitivity,
)
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.evaluation import Assumptions, Evaluation
from dashboard.metrics.rates import Confusion
from dashboard.metrics.sweep import Decisions
from dashboard.report import catalogue
from dashboard.report.catalogue import Economics
from dashboard.visit import parameters
from dashboard.visit.visit import CUTOFF
from dashboard.words import labels
from dashboard.words.money import money, money_in_units
from data.predictions.scores import round_cutoff

DECISIONS, COSTS, PROFIT, SENSITIVITY = "Decisions", "Costs", "Profit", "Sensitivity"
TAB = parameters.choice("cutoff.tab", (DECISIONS, COSTS, PROFIT, SENSITIVITY))
VARIED = parameters.choice("cutoff.vary", (COST_RATIO.name, LGD_WORDS.name, MARGIN_WORDS.name))

_SIDES = [1, 2.9]
_ONE_PERIOD = (
    "Assumed: one period; outcomes as observed, also of those that would have been declined; approving changes "
    "nobody's behaviour."
)
_LOANS = (
    "EAD is the whole exposure at default; LGD and margin are the same for all loans; no collateral or cost of funds."
)

Vary = Callable[[ScoreCounts], Sensitivity | None]


def render(view: View) -> None:
    """Write the page for `view`."""
    name, place = open_tab(TAB)
    with place:
        _TABS[name](view)


def _render_decisions(view: View) -> None:
    decided, against = view.evaluation.confusion, view.other(lambda evaluation: evaluation.confusion)
    left, right = st.columns([1, 1.2], gap="medium")
    with left:
        render_figure(plot_confusion(decided, against=against), slots=_confusion_slots(view))
    with right:
        _render_cards(view)


def _confusion_slots(view: View) -> Iterator[Slot]:
    if view.comparison is None or view.against is None:
        return follow_confusion()
    if view.against.filters.on(DECISION) is not None:
        # What it is compared with has other rows at another cutoff.
        return iter(())
    return follow_confusion(against=(view.comparison.name, Decisions(view.comparison.other.counts).at))


def _render_cards(view: View) -> None:
    with card_grid("decisions", len(catalogue.DECISIONS), is_compared=view.comparison is not None):
        for metric in catalogue.DECISIONS:
            render_card(metric, view.evaluation, view.comparison)
    render_beta()


def _render_costs(view: View) -> None:
    curve, against = view.evaluation.costs, view.other(catalogue.COSTS.of)
    _render_curve_cards(view, catalogue.COSTS)
    _render_change(view, curve, catalogue.COSTS)
    _render_both(view)
    inputs, result = st.columns(_SIDES, gap="medium")
    with inputs:
        render_costs()
        _render_use(curve)
        st.caption(f"{_ONE_PERIOD} Right decisions cost nothing.")
    with result:
        render_figure(plot_cost_curve(curve, against=against), slots=follow_cost_curve())


def _render_profit(view: View) -> None:
    curve, against = view.evaluation.profit, view.other(catalogue.PROFIT.of)
    _render_curve_cards(view, catalogue.PROFIT)
    _render_change(view, curve, catalogue.PROFIT)
    _render_both(view)
    inputs, result = st.columns(_SIDES, gap="medium")
    with inputs:
        render_terms(view.definition.currency, has_exposure=view.counts.exposure_sum > 0)
        _render_use(curve)
        st.caption(f"{_ONE_PERIOD} {_LOANS}")
    with result:
        currency = view.definition.currency
        chart = plot_profit_curve(curve, currency=currency, against=against)
        render_figure(chart, slots=follow_profit_curve(currency=currency))


def _render_curve_cards(view: View, economics: Economics) -> None:
    shown, curve = view.evaluation, economics.of(view.evaluation)
    if curve is None:
        return
    # Costs are counted in units of their own.
    currency = view.definition.currency if economics is catalogue.PROFIT else ""
    amounts = (economics.now, economics.best)
    per_application, best = (catalogue.in_currency(each, currency) if currency else each for each in amounts)
    has_losses = economics is catalogue.PROFIT and view.evaluation.approved_loss.is_defined
    with card_grid("economics", 4 + has_losses, is_compared=view.comparison is not None):
        render_card(per_application, shown, view.comparison, more_help=f" {_chosen(curve)}")
        render_card(best, shown, None, note=partial(_gap, economics, currency))
        render_card(economics.optimum, shown, view.comparison)
        doubtful = view.is_doubtful
        note = "PDs are off: not the best cutoff" if doubtful else economics.formula
        render_card(economics.theory, shown, None, note=note, is_doubtful=doubtful)
        if has_losses:
            _render_losses(view)


def _gap(economics: Economics, currency: str, evaluation: Evaluation) -> str:
    curve = economics.of(evaluation)
    gap = money(None if curve is None else curve.given_away, currency)
    of_what = "" if currency else " (cost units)" if economics is catalogue.COSTS else ""
    return "the same as now" if gap == money(0.0, currency) else f"{gap} {economics.better} than now{of_what}"


def _render_change(view: View, curve: CutoffCurve | None, economics: Economics) -> None:
    """Write what the best cutoff would change: approvals, the bad rate, and cost or profit over all applications."""
    best = None if curve is None else curve.optimum.value
    if curve is None or best is None:
        return
    keep_busy(".st-key-change")
    with st.container(key="change"):
        st.markdown(_change(view, curve, economics, best))


def _change(view: View, curve: CutoffCurve, economics: Economics, best: float) -> str:
    after = view.evaluation.at(round_cutoff(best))
    if after.assumptions.cutoff == curve.applied:
        return "You are at the best cutoff."
    if economics is catalogue.PROFIT:
        gain = f"profit +{money_in_units(curve.given_away, view.definition.currency)}"
    else:
        gain = f"cost −{money(curve.given_away, '')} units"
    changes = [
        f"{name} {_arrow(of(view.evaluation.confusion), of(after.confusion))}"
        for name, of in (("approval rate", _approval_rate), ("bad rate", _bad_rate))
    ]
    now, then = labels.told_apart(curve.applied, after.assumptions.cutoff)
    return f"**Cutoff {now} → {then}**: {', '.join([*changes, gain])}"


def _approval_rate(decided: Confusion) -> float | None:
    return decided.approval_rate.value


def _bad_rate(decided: Confusion) -> float | None:
    return decided.bad_rate.value


def _arrow(before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return f"{labels.percent(before)} → {labels.percent(after)}"
    return " → ".join(labels.told_apart(before, after))


def _render_both(view: View) -> None:
    """Write the best cutoff by costs and by profit, which are two assumptions about the same decisions."""
    given, shown = view.evaluation.assumptions, view.evaluation
    assumed = {
        "Costs": f"{given.costs.false_approval:g} to {given.costs.false_decline:g}",
        "Profit": f"margin {labels.typed_percent(given.terms.margin)}, LGD {labels.typed_percent(given.terms.lgd)}",
    }
    best = [
        f"{name} ({assumed[name]}): {_with_interval(metric, metric.of(shown))}"
        for name, metric in (("Costs", catalogue.COSTS.optimum), ("Profit", catalogue.PROFIT.optimum))
        if metric.of(shown).is_defined
    ]
    if best:
        st.caption(f"Best cutoff by either assumption. {'; '.join(best)}.")


def _with_interval(metric: catalogue.Metric, best: Estimate) -> str:
    value, low, high = (metric.word(end or 0.0) for end in (best.value, best.low, best.high))
    return value if best.low is None else f"{value} (95 %: {labels.interval(low, high)})"


def _render_losses(view: View) -> None:
    """Write the expected loss of what is approved beside that of all, where exposures are known."""
    currency = view.definition.currency
    everything = money(view.evaluation.expected_loss.value, currency)
    approved = catalogue.in_currency(catalogue.APPROVED_LOSS, currency)
    render_card(approved, view.evaluation, view.comparison, note=f"approved; all: {everything}")


def _chosen(curve: CutoffCurve) -> str:
    if curve.applied == curve.optimum.value:
        return "This cutoff is the best for these very applications: the figure flatters, and so does its interval."
    return "The interval is for a cutoff that was chosen without these outcomes."


def _render_use(curve: CutoffCurve | None) -> None:
    best = None if curve is None else curve.optimum.value
    if curve is None or best is None:
        return
    in_force = round_cutoff(best) == curve.applied
    st.button(
        f"Use this cutoff ({labels.brief_percent(best)})",
        on_click=state.put,
        args=({CUTOFF: round(100 * round_cutoff(best), 4)},),
        disabled=in_force,
        width="stretch",
        type="primary",
    )


def _render_sensitivity(view: View) -> None:
    varied = st.segmented_control("Assumption that varies", required=True, **state.buttons_widget(VARIED))
    words, measure = _varied(view, varied or VARIED.default)
    result = measure(view.counts)
    against = view.compared(measure)
    left, right = st.columns(2, gap="medium")
    with left:
        _render_of_before(plot_sensitivity(result, words, against=against))
    with right:
        _render_of_before(plot_excess(result, words, currency=view.definition.currency, against=against))
    st.caption(_held(view.evaluation.assumptions))


def _render_of_before(chart: Chart) -> None:
    render_figure(chart)
    keep_busy(place_of(chart))


def _varied(view: View, name: str) -> tuple[Assumption, Vary]:
    given = view.evaluation.assumptions
    costs, terms = given.costs, given.terms
    if name == LGD_WORDS.name:
        return LGD_WORDS, lambda counts: lgd_sensitivity(counts, terms, cutoff=view.cutoff)
    if name == MARGIN_WORDS.name:
        return MARGIN_WORDS, lambda counts: margin_sensitivity(counts, terms, cutoff=view.cutoff)
    return COST_RATIO, lambda counts: cost_sensitivity(counts, costs, cutoff=view.cutoff)


def _held(given: Assumptions) -> str:
    costs, terms = given.costs, given.terms
    margin, lgd = labels.typed_percent(terms.margin), labels.typed_percent(terms.lgd)
    return (
        f"In force: costs {costs.false_approval:g} to {costs.false_decline:g}, margin {margin}, LGD {lgd}; set them "
        f"under Costs and Profit. {_ONE_PERIOD}"
    )


_TABS: dict[str, Callable[[View], None]] = {
    DECISIONS: _render_decisions,
    COSTS: _render_costs,
    PROFIT: _render_profit,
    SENSITIVITY: _render_sensitivity,
}

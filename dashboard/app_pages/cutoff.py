"""Cutoff and economics: what the cutoff decides, what that costs and earns, and how sure the best one is."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st

from dashboard import labels, parameters, state
from dashboard.assumptions import COST_FN, COST_FP, EAD, LGD, MARGIN
from dashboard.charts.confusion import describe_confusion, plot_confusion, tabulate_confusion
from dashboard.charts.economics import (
    COST_UNIT,
    describe_cost_curve,
    describe_profit_curve,
    plot_cost_curve,
    plot_profit_curve,
    tabulate_cost_curve,
    tabulate_profit_curve,
)
from dashboard.charts.sensitivity import (
    COST_RATIO,
    Assumption,
    describe_excess,
    describe_sensitivity,
    plot_excess,
    plot_sensitivity,
    tabulate_excess,
    tabulate_sensitivity,
)
from dashboard.charts.sensitivity import LGD as LGD_WORDS
from dashboard.charts.sensitivity import MARGIN as MARGIN_WORDS
from dashboard.charts.template import Named
from dashboard.components.figure import is_dark, render_figure
from dashboard.components.frame import View
from dashboard.components.metric_card import render_estimate, render_metric
from dashboard.components.tabs import open_tab
from dashboard.metrics.counts import ScoreCounts
from dashboard.metrics.economics import (
    Costs,
    CutoffCurve,
    Sensitivity,
    Terms,
    cost_curve,
    cost_sensitivity,
    lgd_sensitivity,
    margin_sensitivity,
    profit_curve,
)
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.rates import Confusion, confusion
from dashboard.visit import CUTOFF

DECISIONS, COSTS, PROFIT, SENSITIVITY = "Decisions", "Costs", "Profit", "Sensitivity"
TAB = parameters.choice("cutoff.tab", (DECISIONS, COSTS, PROFIT, SENSITIVITY))
BETA = parameters.number("beta", 2, low=0.1, high=10)
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


class _CardWords(NamedTuple):
    """How the cards of costs and of profit differ."""

    noun: str
    best: str
    better: str
    per: str
    formula: str
    word: Callable[[float], str]


_COST_CARDS = _CardWords(
    "Cost", "Lowest", "less", "per 1,000", "FP / (FP + FN)", lambda cost: labels.amount(COST_UNIT * cost)
)
_PROFIT_CARDS = _CardWords("Profit", "Highest", "more", "per application", "margin / (margin + LGD)", labels.amount)


def render(view: View) -> None:
    """Write the page for `view`."""
    name, place = open_tab(TAB)
    with place:
        _TABS[name](view)


def _render_decisions(view: View) -> None:
    decided = confusion(view.counts, view.cutoff)
    against = view.compared(lambda counts: confusion(counts, view.cutoff))
    left, right = st.columns([1, 1.2], gap="medium")
    with left:
        figure = plot_confusion(decided, against=against, dark=is_dark())
        alt = describe_confusion(decided, against=against)
        table = tabulate_confusion(decided, against=against)
        render_figure(figure, key="confusion", alt=alt, table=table, method="Confusion matrix")
    with right:
        _render_cards(decided, against)


def _render_cards(decided: Confusion, against: Named[Confusion] | None) -> None:
    cells = iter([cell for _ in range(5) for cell in st.columns(2)])
    for label, measure, word, help_text in _cards(state.get(BETA)):
        with next(cells):
            other = Named(against.name, measure(against.value)) if against else None
            render_estimate(label, measure(decided), word, help_text=help_text, against=other)
    with next(cells):
        st.number_input(
            "β of F-beta", 0.1, 10.0, step=0.5, format="%.3g", **state.value_widget(BETA),
            help="How many times as much as precision recall counts.",
        )  # fmt: skip


def _cards(beta: float) -> list[tuple[str, Callable[[Confusion], Estimate], Callable[[float], str], str]]:
    return [
        ("Recall", lambda found: found.recall, labels.percent, "Share of the defaults that are declined."),
        ("Precision", lambda found: found.precision, labels.percent, "Share of defaults among the declined."),
        ("Specificity", lambda found: found.specificity, labels.percent,
         "Share of the non-defaults that are approved."),
        ("Approval rate", lambda found: found.approval_rate, labels.percent,
         "Share of the cohort whose PD is below the cutoff."),
        ("Bad rate", lambda found: found.bad_rate, labels.percent, "Share of the approved that defaulted."),
        ("Accuracy", lambda found: found.accuracy, labels.percent,
         "Share of decisions that match the outcome. Approving all has a high one where defaults are rare."),
        ("F1", lambda found: found.f1, labels.decimal, "Harmonic mean of precision and recall."),
        ("MCC", lambda found: found.mcc, labels.decimal,
         "Matthews correlation of decision and outcome: 0 for chance, 1 for perfect."),
        (f"F-beta (β = {beta:g})", lambda found: found.f_beta(beta), labels.decimal,
         "Mean of precision and recall in which recall counts β times as much."),
    ]  # fmt: skip


def _render_costs(view: View) -> None:
    costs = Costs(state.get(COST_FN), state.get(COST_FP))
    curve = cost_curve(view.counts, costs, cutoff=view.cutoff)
    against = view.compared(lambda other: cost_curve(other, costs, cutoff=view.cutoff))
    _render_curve_cards(curve, against, _COST_CARDS)
    inputs, result = st.columns(_SIDES, gap="medium")
    with inputs:
        _render_cost_inputs()
        _render_use(curve)
        st.caption(f"{_ONE_PERIOD} Right decisions cost nothing.")
    with result:
        render_figure(
            plot_cost_curve(curve, against=against, dark=is_dark()), key="cost-curve",
            alt=describe_cost_curve(curve, against=against), table=tabulate_cost_curve(curve, against=against),
            method="Cost curve",
        )  # fmt: skip


def _render_cost_inputs() -> None:
    st.number_input(
        "Cost of a false approval (FN)", 0.0, 1_000.0, step=1.0, format="%.4g", **state.value_widget(COST_FN),
        help="What approving an application that defaults costs, in any unit.",
    )  # fmt: skip
    st.number_input(
        "Cost of a false decline (FP)", 0.0, 1_000.0, step=1.0, format="%.4g", **state.value_widget(COST_FP),
        help="What declining an application that would have repaid costs, in the same unit.",
    )  # fmt: skip


def _render_profit(view: View) -> None:
    terms = _terms()
    counts = view.counts
    curve = profit_curve(counts, terms, cutoff=view.cutoff)
    against = view.compared(lambda other: profit_curve(other, terms, cutoff=view.cutoff))
    _render_curve_cards(curve, against, _PROFIT_CARDS)
    inputs, result = st.columns(_SIDES, gap="medium")
    with inputs:
        _render_terms(has_exposure=counts.exposure_sum > 0)
        _render_use(curve)
        st.caption(f"{_ONE_PERIOD} {_LOANS}")
    with result:
        render_figure(
            plot_profit_curve(curve, against=against, dark=is_dark()), key="profit-curve",
            alt=describe_profit_curve(curve, against=against), table=tabulate_profit_curve(curve, against=against),
            method="Profit curve",
        )  # fmt: skip


def _render_terms(*, has_exposure: bool) -> None:
    st.slider(
        "Margin (share of EAD)", 0.0, 0.5, step=0.005, format="percent", **state.value_widget(MARGIN),
        help="What a loan that repays earns, over its whole life and after all costs but defaults.",
    )  # fmt: skip
    st.slider(
        "LGD (share of EAD)", 0.0, 1.0, step=0.01, format="percent", **state.value_widget(LGD),
        help="Loss given default: what is lost of the exposure when a loan defaults, after recoveries.",
    )  # fmt: skip
    if has_exposure:
        st.caption("EAD: each application's own exposure, from the predictions.")
        return
    st.number_input(
        "EAD (currency units)", 1.0, 1e9, step=1_000.0, format="%.0f", **state.value_widget(EAD),
        help="Exposure at default, the same for every application, since the predictions carry none.",
    )  # fmt: skip


def _terms() -> Terms:
    return Terms(state.get(MARGIN), state.get(LGD), state.get(EAD))


def _render_curve_cards(
    curve: CutoffCurve | None, against: Named[CutoffCurve | None] | None, words: _CardWords
) -> None:
    if curve is None:
        return
    other = None if against is None or against.value is None else Named(against.name, against.value)
    now, at_best, optimum, theory = st.columns(4)
    with now:
        render_estimate(
            f"{words.noun} {words.per}", curve.now, words.word,
            help_text=f"{words.noun} at the cutoff in force. {_chosen(curve)}",
            against=Named(other.name, other.value.now) if other else None,
        )  # fmt: skip
    with at_best:
        found = Estimate.undefined(curve.optimum.reason) if curve.best is None else Estimate(curve.best)
        render_estimate(
            f"{words.best} {words.per}", found, words.word, note=_saving(curve, words),
            help_text=f"{words.best} of any cutoff, looking back on these very applications.",
        )  # fmt: skip
    with optimum:
        render_estimate(
            "Best cutoff", curve.optimum, labels.percent,
            against=Named(other.name, other.value.optimum) if other else None,
            help_text="The best one for these applications, and the range that holds their population's best one in "
            "95 % of samples.",
        )  # fmt: skip
    with theory:
        render_metric(
            "Break-even PD", labels.percent(curve.theory), words.formula,
            help_text="PD at which approving and declining are worth the same: the best cutoff where PDs are right.",
        )  # fmt: skip


def _chosen(curve: CutoffCurve) -> str:
    if curve.applied == curve.optimum.value:
        return "This cutoff is the best for these very applications: the figure flatters, and so does its interval."
    return "The interval is for a cutoff that was chosen without these outcomes."


def _saving(curve: CutoffCurve, words: _CardWords) -> str:
    gap = abs((curve.now.value or 0.0) - (curve.best or 0.0)) * curve.applications
    return f"{labels.money(gap)} {words.better} in all"


def _render_use(curve: CutoffCurve | None) -> None:
    best = None if curve is None else curve.optimum.value
    if curve is None or best is None:
        return
    in_force = best == curve.applied
    st.button(
        f"Use this cutoff ({labels.brief_percent(best)})", on_click=state.put,
        args=({CUTOFF: round(100 * best, 2)},), disabled=in_force, width="stretch", type="primary",
    )  # fmt: skip


def _render_sensitivity(view: View) -> None:
    varied = st.segmented_control("Assumption that varies", required=True, **state.buttons_widget(VARIED))
    words, measure = _varied(view, varied or VARIED.default)
    result = measure(view.counts)
    against = view.compared(measure)
    left, right = st.columns(2, gap="medium")
    with left:
        render_figure(
            plot_sensitivity(result, words, against=against, dark=is_dark()), key="sensitivity",
            alt=describe_sensitivity(result, words, against=against),
            table=tabulate_sensitivity(result, words, against=against), method="Sensitivity of the best cutoff",
        )  # fmt: skip
    with right:
        render_figure(
            plot_excess(result, words, against=against, dark=is_dark()), key="excess",
            alt=describe_excess(result, words, against=against),
            table=tabulate_excess(result, words, against=against), method="Sensitivity of the best cutoff",
        )  # fmt: skip
    st.caption(_held())


def _varied(view: View, name: str) -> tuple[Assumption, Vary]:
    costs, terms = Costs(state.get(COST_FN), state.get(COST_FP)), _terms()
    if name == LGD_WORDS.name:
        return LGD_WORDS, lambda counts: lgd_sensitivity(counts, terms, cutoff=view.cutoff)
    if name == MARGIN_WORDS.name:
        return MARGIN_WORDS, lambda counts: margin_sensitivity(counts, terms, cutoff=view.cutoff)
    return COST_RATIO, lambda counts: cost_sensitivity(counts, costs, cutoff=view.cutoff)


def _held() -> str:
    costs, terms = Costs(state.get(COST_FN), state.get(COST_FP)), _terms()
    return (
        f"In force: costs {costs.false_approval:g} to {costs.false_decline:g}, margin "
        f"{labels.percent(terms.margin, 1)}, LGD {labels.percent(terms.lgd, 0)}; set them under Costs and Profit. "
        f"{_ONE_PERIOD}"
    )


_TABS: dict[str, Callable[[View], None]] = {
    DECISIONS: _render_decisions,
    COSTS: _render_costs,
    PROFIT: _render_profit,
    SENSITIVITY: _render_sensitivity,
}

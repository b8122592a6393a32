"""Calibration: whether a PD of 10 % means that one application in ten defaults, and by how much it does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from dashboard import state
from dashboard.charts.band_calibration import Bands, plot_band_calibration, tabulate_bands
from dashboard.charts.reliability import Axes, plot_calibration_gap, plot_reliability
from dashboard.charts.template import Named, Table
from dashboard.components.assumptions import render_groups
from dashboard.components.calibrating import render_calibrating
from dashboard.components.figure import render_figure, render_tools
from dashboard.components.frame import View
from dashboard.components.method import render_method
from dashboard.components.metric_card import card_grid, render_card, render_metric, word_difference
from dashboard.components.table import render_frame, render_small_table
from dashboard.components.tabs import open_tab
from dashboard.components.verdict import render_verdict
from dashboard.metrics.calibration import Reliability
from dashboard.metrics.calibration_scores import BrierDecomposition, LogLoss
from dashboard.metrics.calibration_tests import LEVEL, MANY_APPLICATIONS, SignificanceTest
from dashboard.metrics.calibration_verdict import Standing
from dashboard.metrics.comparison import Comparison
from dashboard.metrics.differences import p_value
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.evaluation import Evaluation
from dashboard.report import catalogue
from dashboard.visit import parameters
from dashboard.visit.assumptions import GROUPS
from dashboard.words import labels

Test = Callable[[Evaluation], SignificanceTest]

AXES = parameters.choice("cal.axes", tuple(str(axes) for axes in Axes))
TAB = parameters.choice("cal.tab", ("Reliability", "Risk bands", "Brier score", "Significance tests", "Calibrate"))


def render(view: View) -> None:
    """Write the page for `view`."""
    _render_verdict(view)
    _render_effects(view)
    if view.comparison is not None:
        _render_difference(view.comparison)
    name, box = open_tab(TAB)
    with box:
        _TABS[name](view)


def _render_verdict(view: View) -> None:
    if view.is_cut_by_outcome:
        return
    is_ranking = view.evaluation.calibration.standing is Standing.UNCALIBRATED and not view.reversal
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        render_verdict(view.evaluation.calibration, consequence=_CONSEQUENCE if is_ranking else "")
        render_method("Calibration verdict", key="cal.verdict")


def _render_effects(view: View) -> None:
    shown = view.evaluation
    with card_grid("calibration", len(catalogue.CALIBRATION) + 1, is_compared=view.comparison is not None):
        for metric in catalogue.CALIBRATION:
            noise = f"by chance up to {100 * shown.calibration_error.noise_high:.2f}"
            render_card(metric, shown, view.comparison, note=noise if metric is catalogue.CALIBRATION_ERROR else "")
        _render_fitting(shown.calibration_error.groups)


def _render_fitting(groups: Reliability) -> None:
    n = groups.applications.size
    render_metric(
        "Groups that fit",
        f"{groups.n_fitting} of {n}",
        f"{groups.n_fitting_if_right:.0f} expected",
        help_text="Groups whose mean PD lies inside the 95 % interval of their default rate.",
    )


def _render_difference(comparison: Comparison) -> None:
    """Write whether PDs are off in the same way as for what the cohort is compared with."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(_difference_words(comparison), width="content")
        render_method("Calibration slope difference", key="cal.difference")


def _difference_words(comparison: Comparison) -> str:
    name, test = labels.plain(comparison.name), comparison.line.p_value
    if test.value is None:
        return f"**Calibration against {name}:** {labels.plain(test.explanation)}."
    p = f"one calibration line for both: p {_worded_p(test.value)}"
    if test.value < LEVEL:
        return f"**PDs are off in another way than for {name}** ({p})."
    return f"**Calibration does not differ clearly from that of {name}** ({p})."


def _render_differences(comparison: Comparison) -> None:
    """Write every effect size of both cohorts, by how much they differ, and the test of that."""
    st.markdown(f"**Differences from {labels.plain(comparison.name)}**")
    rows = []
    for metric in catalogue.CALIBRATION:
        apart = metric.between(comparison)
        values = (metric.of(side).value for side in (comparison.own, comparison.other))
        worded = [labels.NOT_DEFINED if value is None else metric.word(value) for value in values]
        p = p_value(apart)
        tested = "no interval" if p is None else f"p {_worded_p(p)}"
        # Five columns fit on a phone only where an interval may be broken.
        rows.append([metric.label, *worded, word_difference(metric, apart).replace("\u00a0", " "), tested])
    called = map(labels.plain, (comparison.own_name, comparison.name))
    header = ("Figure", *called, "Difference, 95 %", "No difference?")
    render_small_table(header, rows, name="Differences of calibration")
    st.caption(
        "Each test is by itself: of 20 without a true difference about one rejects. Brier score and log-loss also "
        "depend on how many default."
    )


def _render_reliability(view: View) -> None:
    axes = Axes(state.get(AXES))
    result = view.evaluation.calibration_error.groups
    against = view.other(lambda evaluation: evaluation.calibration_error.groups)
    left, right = st.columns(2, gap="medium")
    with left:
        render_figure(plot_reliability(result, against=against, axes=axes))
    with right:
        render_figure(plot_calibration_gap(result, against=against, axes=axes))
    with st.container(key="inline-calibration", horizontal=True, vertical_alignment="center"):
        render_groups()
        st.segmented_control("Axes", required=True, **state.buttons_widget(AXES))


def _render_bands(view: View) -> None:
    bands, against = view.evaluation.bands, view.other(lambda evaluation: evaluation.bands)
    chart = plot_band_calibration(bands, against=against)
    rows = _band_rows(bands, against)
    shares = {
        name: st.column_config.NumberColumn(format=f"%.{labels.column_decimals(rows[name])}f") for name in _PERCENTAGES
    }
    render_frame(rows, column_config={**_BAND_COLUMNS, **shares}, alt=chart.alt, name="Calibration by risk band")
    render_figure(chart)


def _band_rows(bands: Bands, against: Named[Bands] | None) -> dict[str, Sequence[object]]:
    table = tabulate_bands(bands, against=against)
    ends = [_worded_ends(band.default_rate) for band in (*bands, *(against.value if against else ()))]
    return {name: ends if name.startswith("Lower") else table[name] for name in table if not name.startswith("Upper")}


def _worded_ends(rate: Estimate) -> str | None:
    if rate.low is None or rate.high is None:
        return None
    return labels.interval(*(labels.percent(end).removesuffix(" %") for end in (rate.low, rate.high)))


def _render_brier(view: View) -> None:
    parts = view.evaluation.brier_parts
    if parts is None:
        return
    st.markdown(f"**{labels.plain(_brier_title(parts))}**  \n:small[:gray[{_BRIER_SUBTITLE}]]")
    other = view.other(lambda evaluation: evaluation.brier_parts)
    table = _brier_table(parts, other)
    beside = {} if other is None else {_of(other): st.column_config.NumberColumn(format="%.6f")}
    render_frame(
        table,
        alt="The Brier score and its parts",
        column_config={
            "Value": st.column_config.NumberColumn(format="%.6f", width="small"),
            "Of uncertainty (%)": st.column_config.NumberColumn(format="%.3f", width="medium"),
            "Meaning": st.column_config.TextColumn(width="large"),
            **beside,
        },
    )
    st.caption(_log_loss_note(view.evaluation.log_loss))
    render_tools(
        _brier_title(parts),
        table,
        key="brier-decomposition",
        method="Brier decomposition",
        file_name="brier-decomposition",
    )


def _brier_title(parts: BrierDecomposition) -> str:
    gained, lost = (parts.of_uncertainty(part) for part in (parts.generalised_resolution, parts.reliability))
    if gained is None or lost is None:
        return "With one outcome only, there is no uncertainty to remove"
    removed = labels.brief_percent(gained)
    return f"Discrimination removes {removed} of the uncertainty; miscalibration adds back {_tiny(lost)}"


def _tiny(share: float) -> str:
    return "less than 0.01 %" if share < 1e-4 else labels.percent(share)


def _of(other: Named[BrierDecomposition | None]) -> str:
    return f"{other.name}: value"


def _brier_table(parts: BrierDecomposition, other: Named[BrierDecomposition | None] | None) -> Table:
    terms = _brier_terms(parts)
    values = [value for _, value, _ in terms]
    shares = [parts.of_uncertainty(value) for value in values]
    return {
        "Part": [name for name, _, _ in terms],
        "Value": values,
        "Of uncertainty (%)": [None if share is None else 100 * share for share in shares],
        **({} if other is None or other.value is None else {_of(other): [v for _, v, _ in _brier_terms(other.value)]}),
        "Meaning": [meaning for _, _, meaning in terms],
    }


def _brier_terms(parts: BrierDecomposition) -> list[tuple[str, float, str]]:
    chance = f"{parts.reliability_noise:.6f}"
    uncertainty, resolution, reliability, variance, covariance = parts.terms
    return [
        ("Uncertainty", uncertainty, "The score if every PD were the cohort's default rate"),
        ("− Resolution", resolution, f"Removed by discrimination between {parts.n_groups} groups"),
        ("+ Reliability", reliability, f"Added back by PDs that are off in a group; chance alone adds {chance}"),
        ("+ Variance within groups", variance, "Added by PDs that differ inside a group"),
        ("− Covariance within groups", covariance, "Removed where these differences are right"),
        ("= Brier score", parts.brier, "The sum"),
    ]


def _log_loss_note(found: LogLoss) -> str:
    scores = [labels.decimal(value, 4) for value in (found.score.value, found.of_default_rate)]
    return f"Log-loss {scores[0]} compares with {scores[1]} if every PD were the default rate."


def _render_tests(view: View) -> None:
    n_groups = state.get(GROUPS)
    st.markdown(_why(view.evaluation))
    # One row of columns a line, so that cards, sentences and buttons stand side by side.
    cards, sentences, methods = (st.columns(2, gap="medium") for _ in range(3))
    for i, (label, symbol, test, question) in enumerate(_tests(n_groups)):
        with cards[i]:
            _render_test(view, label, symbol, test)
        with sentences[i]:
            st.markdown(_answer(question, test(view.evaluation)))
            st.caption(_degrees(view, test(view.evaluation)))
        with methods[i]:
            render_method(label, key=label)
    if view.comparison is not None:
        _render_differences(view.comparison)
    st.caption("The number of groups is set under Reliability; Jeffreys' test of each band is under Risk bands.")


def _why(evaluation: Evaluation) -> str:
    counts = evaluation.counts
    n, smallest = counts.n_resolved, labels.points(evaluation.smallest_significant_gap)
    text = (
        "A p-value says how surprising the cohort would be if every PD were right, not by how much PDs are off. "
        f"With {labels.with_outcome(n, counts.n_open)}, a gap of {smallest} between mean PD and default rate is about "
        "the smallest that counts as significant"
    )
    if n >= MANY_APPLICATIONS:
        return f"{text}: tests reject differences that nobody would act on. Judge by the effect sizes above."
    return f"{text}: a test that does not reject may only have seen too little."


def _tests(n_groups: int) -> tuple[tuple[str, str, Test, str], ...]:
    return (
        (
            "Spiegelhalter test",
            "z",
            lambda evaluation: evaluation.spiegelhalter,
            "Is the Brier score what right PDs would give?",
        ),
        (
            "Hosmer-Lemeshow test",
            "χ²",
            lambda evaluation: evaluation.hosmer_lemeshow,
            f"Do {n_groups} groups hold the defaults that right PDs expect?",
        ),
    )


def _render_test(view: View, label: str, symbol: str, test: Test) -> None:
    found = test(view.evaluation)
    if found.statistic.value is None:
        render_metric(label, labels.NOT_DEFINED, "not defined")
        return
    statistic = f"{found.statistic.value:,.2f}".replace("-", "−")
    render_metric(label, f"p {_p(found)}", f"{symbol} = {statistic}", more=_other_p(view, test))


def _answer(question: str, found: SignificanceTest) -> str:
    if found.rejects is None:
        return labels.plain(f"{question} The test is {found.p_value.explanation}.")
    word = "reject" if found.rejects else "do not reject"
    return f"{question} The data **{word}** this at the 5 % level."


def _other_p(view: View, test: Test) -> str:
    other = view.other(test)
    return "" if other is None else f"{labels.plain(other.name)}: p {_p(other.value)}"


def _p(found: SignificanceTest) -> str:
    return labels.NOT_DEFINED if found.p_value.value is None else _worded_p(found.p_value.value)


def _worded_p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {labels.decimal(value)}"


def _degrees(view: View, found: SignificanceTest) -> str:
    number = found.degrees_of_freedom
    if number is None:
        return "Needs no groups; sensitive to PDs that are too extreme or too much alike."
    source = view.predictions.source
    kind = "out of fold" if source.is_out_of_fold else "taken to be out of sample"
    text = (
        f"{number} degrees of freedom, one per group: PDs are {kind}, not fitted to these outcomes "
        "(for PDs judged on the rows they were fitted to, it would be two fewer)."
    )
    if not found.n_thin_groups:
        return text
    thin = labels.plural(found.n_thin_groups, "group")
    return f"{text} {thin} with fewer than 5 expected defaults: use fewer groups before relying on this p-value."


_BRIER_SUBTITLE = "The Brier score is the sum of these parts; the terms within groups count as discrimination"
_CONSEQUENCE = (
    "Read them as a ranking only: discrimination is not affected, but expected loss, and a cutoff that follows from "
    "costs, need probabilities."
)
_TABS: dict[str, Callable[[View], None]] = {
    "Reliability": _render_reliability,
    "Risk bands": _render_bands,
    "Brier score": _render_brier,
    "Significance tests": _render_tests,
    "Calibrate": lambda view: render_calibrating(view, Axes(state.get(AXES))),
}
_PERCENTAGES = ("Mean PD (%)", "Default rate (%)")
_BAND_COLUMNS = {
    "Applications": st.column_config.NumberColumn(format="localized"),
    "Defaults": st.column_config.NumberColumn(format="localized"),
    "Lower end, 95 % (%)": st.column_config.TextColumn("95 % interval", help="Wilson's, of the default rate."),
    "Observed / expected": st.column_config.NumberColumn(
        "O / E", format="%.2f", help="Defaults observed per default expected: 1 is right, above 1 the PD is too low."
    ),
    "PD is": st.column_config.TextColumn(
        help="In line: the PD lies inside the interval. Slightly: outside, by less than a quarter of the PD."
    ),
    "Jeffreys p": st.column_config.NumberColumn(
        format="%.3f", help="One-sided: small where more defaulted than the PD says, near 1 where fewer did."
    ),
}

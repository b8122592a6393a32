"""The overview: how many, how risky, how well told apart, and what the cutoff does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from dashboard import labels, state
from dashboard.assumptions import LGD
from dashboard.charts.band_calibration import tabulate_band_calibration
from dashboard.charts.bands import describe_bands, plot_bands
from dashboard.charts.distribution import describe_pd_distribution, plot_pd_distribution, tabulate_pd_distribution
from dashboard.charts.template import Named
from dashboard.components.figure import is_dark, render_figure
from dashboard.components.filter_bar import PORTFOLIO
from dashboard.components.frame import View
from dashboard.components.metric_card import render_estimate, render_metric
from dashboard.metrics.calibration_tests import calibration_by_band
from dashboard.metrics.calibration_verdict import calibration_verdict
from dashboard.metrics.counts import ScoreCounts
from dashboard.metrics.discrimination import gini, ks_statistic, roc_auc
from dashboard.metrics.distribution import pd_distribution
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.rates import approval_rate, bad_rate, default_rate, expected_loss, mean_pd

T = TypeVar("T")
Measure = Callable[[ScoreCounts], Estimate]
LOSS = "Expected loss"


def render(view: View) -> None:
    """Write the page for `view`."""
    if view.is_doubtful:
        st.warning(labels.plain(calibration_verdict(view.counts).message), icon=":material/straighten:")
    _render_metrics(view)
    _render_charts(view)


def _render_metrics(view: View) -> None:
    counts = view.counts
    first, second = st.columns(5), st.columns(5)
    with first[0]:
        render_metric("Applications", labels.count(counts.n_applications), labels.plural(counts.n_bad, "default"))
    cells = iter([*first[1:], *second])
    lgd = state.get(LGD)
    for label, measure, word, help_text in _cards(view.cutoff, lgd):
        is_loss = label == LOSS
        with next(cells):
            render_estimate(
                label, measure(counts), word, help_text=help_text, against=_against(view, measure),
                note=_observed(view, lgd) if is_loss else "", is_doubtful=is_loss and view.is_doubtful,
            )  # fmt: skip
    with next(cells):
        st.slider(
            "LGD", 0.0, 1.0, step=0.01, format="percent", **state.value_widget(LGD),
            help="Loss given default: what is lost of the exposure when a loan defaults, after recoveries.",
        )  # fmt: skip


def _observed(view: View, lgd: float) -> str:
    """What was lost beside what was expected, so that no expected loss stands alone."""
    lost = labels.money(expected_loss(view.counts, lgd=lgd).observed.value)
    return f"PDs off: lost {lost}" if view.is_doubtful else f"observed: {lost}"


def _against(view: View, measure: Callable[[ScoreCounts], T]) -> Named[T] | None:
    """What the cohort is compared with; where nothing was chosen, a cohort is set against the whole portfolio."""
    found = view.compared(measure)
    if found is None and view.cohort.filters:
        return Named(PORTFOLIO, measure(view.portfolio_counts))
    return found


def _cards(cutoff: float, lgd: float) -> list[tuple[str, Measure, Callable[[float], str], str]]:
    return [
        ("Default rate", default_rate, labels.percent,
         "Share of the cohort's applications that defaulted; Wilson interval."),
        ("Mean PD", mean_pd, labels.percent,
         "Average predicted probability of default. Close to the default rate when PDs are calibrated."),
        (LOSS, lambda counts: expected_loss(counts, lgd=lgd).amount, labels.money,
         f"Sum of PD x LGD x exposure in currency units, at the LGD of {labels.percent(lgd, 0)} chosen here. It "
         "takes PDs for probabilities; observed is LGD x exposure of what defaulted."),
        ("ROC AUC", roc_auc, labels.decimal,
         "Chance that a random defaulter has a higher PD than a random non-defaulter; DeLong interval."),
        ("Gini", gini, labels.decimal, "2 AUC - 1: 0 for no discrimination, 1 for perfect."),
        ("KS", lambda counts: ks_statistic(counts).statistic, labels.decimal,
         "Largest gap between the shares of defaulters and of non-defaulters below a PD."),
        ("Approval rate", lambda counts: approval_rate(counts, cutoff), labels.percent,
         "Share of the cohort whose PD is below the cutoff; Wilson interval."),
        ("Bad rate", lambda counts: bad_rate(counts, cutoff), labels.percent,
         "Share of the approved that defaulted; Wilson interval."),
    ]  # fmt: skip


def _render_charts(view: View) -> None:
    left, right = st.columns(2, gap="medium")
    dark = is_dark()
    with left:
        spread = pd_distribution(view.counts)
        render_figure(
            plot_pd_distribution(spread, cutoff=view.cutoff, dark=dark), key="pd-distribution",
            alt=describe_pd_distribution(spread, cutoff=view.cutoff), table=tabulate_pd_distribution(spread),
            method="PD distribution",
        )  # fmt: skip
    with right:
        bands = calibration_by_band(view.counts)
        against = _against(view, calibration_by_band)
        render_figure(
            plot_bands(bands, against=against, dark=dark), key="bands", alt=describe_bands(bands, against=against),
            table=tabulate_band_calibration(bands, against=against), method="Calibration by risk band",
        )  # fmt: skip

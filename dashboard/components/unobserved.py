"""What can be shown of a portfolio whose outcomes are not known, and of one that has no PDs either."""

from __future__ import annotations

import streamlit as st

from dashboard import state
from dashboard.charts.distribution import follow_pd_distribution, plot_pd_distribution
from dashboard.components.figure import render_figure
from dashboard.components.frame import View
from dashboard.components.metric_card import card_grid, render_card, render_metric
from dashboard.components.table import render_frame
from dashboard.metrics.distribution import pd_distribution
from dashboard.metrics.file_scores import band_sizes
from dashboard.report import catalogue
from dashboard.visit.assumptions import LGD
from dashboard.words import labels
from data.definition.definition import Definition
from inference.model.decision import BAND_EDGES, risk_band

_MOST_LEVELS = 8
_WHAT_TO_ADD = """\
[outcome]                # what happened, in the table's own values
column = "status"
bad = ["Charged Off"]
good = ["Fully Paid"]

[scores.mine]            # or a score of your own, shown as it is
column = "pd"
kind = "probability"     # or percent, log-odds
higher = "riskier"       # or safer
"""


def render_unobserved(view: View) -> None:
    """Write the overview of applications of which nobody knows yet what became of them."""
    loss = catalogue.in_currency(catalogue.EXPECTED_LOSS, view.definition.currency)
    with card_grid("unobserved", 4, is_compared=view.comparison is not None):
        render_metric("Applications", labels.count(view.counts.n_applications), "outcomes not known")
        for metric in (catalogue.MEAN_PD, catalogue.APPROVAL_RATE, loss):
            render_card(metric, view.evaluation, view.comparison)
    st.number_input("LGD, %", 0.0, 100.0, step=1.0, format="%.4g", width=160, **state.percent_widget(LGD))
    left, right = st.columns(2, gap="medium")
    with left:
        spread = pd_distribution(view.counts)
        render_figure(plot_pd_distribution(spread, cutoff=view.cutoff), slots=follow_pd_distribution(spread))
    with right:
        lows = (0.0, *BAND_EDGES)
        numbers, means = band_sizes(view.counts, BAND_EDGES)
        render_frame(
            {
                "Risk band": [risk_band(low, BAND_EDGES) for low in lows],
                "PD from": [labels.percent(low) for low in lows],
                "Applications": numbers,
                "Share": [labels.percent(number / view.counts.n_applications, 1) for number in numbers],
                "Mean PD": [labels.NOT_DEFINED if mean is None else labels.percent(mean) for mean in means],
            },
            alt="Risk bands",
            column_config={"Applications": st.column_config.NumberColumn(format="localized")},
        )


def render_ranking(view: View) -> None:
    """Write the overview of scores that rank and are no probabilities: what needs no PD."""
    with card_grid("ranking", 8, is_compared=view.comparison is not None):
        render_metric("Applications", labels.count(view.counts.n_applications), "scores rank, and are no probabilities")
        for metric in (
            catalogue.DEFAULT_RATE,
            catalogue.ROC_AUC,
            catalogue.GINI,
            catalogue.KS,
            catalogue.APPROVAL_RATE,
            catalogue.BAD_RATE,
        ):
            render_card(metric, view.evaluation, view.comparison)
        if (scale := view.predictions.scale) is not None:
            own = labels.decimal(scale.score(view.cutoff), 2)
            render_metric("Cutoff", own, f"place {labels.cutoff_percent(view.cutoff, 2)}")


def render_bare(definition: Definition, reason: str, n_rows: int) -> None:
    """Write what is there of a portfolio that has neither outcomes to train on nor PDs, and what to add."""
    st.title(labels.literal(definition.name), anchor=False)
    st.info(labels.notice(reason), icon=":material/info:")
    for cell, (name, number) in zip(
        st.columns(4), (("Applications", n_rows), ("Columns", len(definition.columns))), strict=False
    ):
        with cell:
            st.metric(name, labels.count(number))
    st.markdown("Add one of these to `portfolio.toml`, with your own column and values; then start again.")
    st.code(_WHAT_TO_ADD, language="toml")
    render_frame(
        {
            "Column": [column.name for column in definition.columns],
            "Label": [column.label for column in definition.columns],
            "Kind": [column.kind.value for column in definition.columns],
            "Levels": [", ".join(column.levels[:_MOST_LEVELS]) for column in definition.columns],
        },
        alt="Columns of the portfolio",
    )

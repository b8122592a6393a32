"""Compare: two models over one cohort: which ranks better, who would be swapped, where they differ, and all models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import cache, state
from dashboard.charts.paired import (
    plot_ranks,
    plot_segment_differences,
    plot_trade_off,
    tabulate_segments,
)
from dashboard.charts.template import Table
from dashboard.components.figure import render_figure, render_tools
from dashboard.components.frame import View
from dashboard.components.method import render_method
from dashboard.components.metric_card import card_grid, render_estimate, render_metric
from dashboard.components.model_menu import KINDS
from dashboard.components.reason_card import render_reasons
from dashboard.components.swap_card import render_swap
from dashboard.components.table import render_frame, render_small_table
from dashboard.components.tabs import open_tab
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.paired_agreement import agreement
from dashboard.metrics.paired_comparison import PairedComparison, PairedFigure
from dashboard.metrics.paired_reclassification import WARNING, Reclassification
from dashboard.metrics.paired_swap import SwapSet
from dashboard.report.comparing import model_row
from dashboard.visit import parameters
from dashboard.words import labels, paired_words
from inference.inventory.entry import CHAMPION, ModelEntry

DIFFERENCES, SWAPS, RANKS, REASONS, SEGMENTS, MODELS = (
    "Differences",
    "Swap set",
    "Ranks",
    "Reasons",
    "Segments",
    "All models",
)
TAB = parameters.choice("cmp.tab", (DIFFERENCES, SWAPS, RANKS, REASONS, SEGMENTS, MODELS))
ONE = parameters.text("cmp.a", longest=40)
TWO = parameters.text("cmp.b", longest=40)
SAME, EQUAL, OWN = "Same cutoff", "Equal approval rate", "A cutoff of its own"
BASIS = parameters.choice("cmp.at", (SAME, EQUAL, OWN))
OWN_CUTOFF = parameters.number("cmp.cutoff", 0.1, low=0, high=1)

_TALLEST_TABLE = 14


@dataclass(frozen=True, slots=True)
class Shown:
    """The pair on the screen with its key, and the cutoffs (PDs) of both models."""

    key: cache.Pair
    comparison: PairedComparison
    cutoffs: tuple[float, float]
    n_left_out: int

    @property
    def names(self) -> tuple[str, str]:
        """What the models are called."""
        return self.comparison.names


def render(view: View) -> None:
    """Write the page for `view`."""
    entries = cache.models_of(view.dataset)
    if len(entries) < 2:
        _render_alone(view)
        return
    names = [entry.name for entry in entries]
    for parameter in (ONE, TWO):
        state.check(parameter, names, "model")
    one, two = _chosen(view, names)
    shown = _render_choices(view, names, one, two)
    if shown is None:
        st.info("No application of this cohort is scored by both models. Reset the filters.", icon=":material/rule:")
        return
    _render_verdict(view, shown)
    opened, place = open_tab(TAB)
    with place:
        _TABS[opened](view, shown)


def _render_alone(view: View) -> None:
    if view.dataset.location.file:
        st.info("A dropped file has the PDs of one model; models are compared over the portfolio.", icon=_ICON)
        return
    if view.dataset.location.imported:
        st.info("This file holds one score. Open one with further scores to compare them here.", icon=_ICON)
        return
    st.info(
        "There is no other model than the champion yet. Train a scorecard on the page Models, or with "
        "`python -m scripts.train --kind scorecard --name scorecard`; it can then be compared here.",
        icon=_ICON,
    )


def _chosen(view: View, names: list[str]) -> tuple[str, str]:
    """The names of the two models: without a choice the champion, and the one that is looked at or the first other."""
    one = state.get(ONE) or CHAMPION
    looked_at = view.dataset.model
    others = [name for name in names if name != one]
    two = state.get(TWO)
    if two in ("", one):
        two = looked_at if looked_at in others else others[0]
    return one, two


def _render_choices(view: View, names: list[str], one: str, two: str) -> Shown | None:
    cells = st.container(key="controls-compare").columns(
        [1.2, 1.2, 1.3, 1.0], gap="medium", vertical_alignment="bottom"
    )
    words = labels.distinct({name: name for name in names})
    with cells[0]:
        _select_model("A, in force", ONE, names, one, words)
    with cells[1]:
        _select_model("B, in its place", TWO, [name for name in names if name != one], two, words)
    key = cache.Pair(one, two, view.dataset, view.cohort.filters)
    found = cache.compared(key)
    if found is None:
        return None
    cutoffs = _render_cutoffs(found.comparison, view.cutoff, cells[2], cells[3])
    return Shown(key, found.comparison, cutoffs, found.n_left_out)


def _render_cutoffs(
    comparison: PairedComparison, cutoff: float, left: DeltaGenerator, right: DeltaGenerator
) -> tuple[float, float]:
    """Write the choice of what B declines, and return both models' cutoffs."""
    if comparison.rows.why_no_pd:
        # One place on two scales says nothing of one risk.
        left.caption("B approves as many applications as A does: the two scores have no cutoff in common.")
        return comparison.equal_cutoffs(cutoff)
    with left:
        st.selectbox(
            "B declines at",
            **state.select_widget(BASIS),
            help="From which PD on B declines: the cutoff that A has, the one at which it approves as many as A does, "
            "or one of its own.",
        )
    basis = state.get(BASIS)
    if basis == OWN:
        with right:
            st.number_input("Cutoff of B (%)", 0.0, 100.0, step=0.5, format="%.2f", **state.percent_widget(OWN_CUTOFF))
        return cutoff, state.get(OWN_CUTOFF)
    cutoffs = comparison.equal_cutoffs(cutoff) if basis == EQUAL else (cutoff, cutoff)
    right.caption(f"Cutoffs: A {labels.cutoff_percent(cutoffs[0])}, B {labels.cutoff_percent(cutoffs[1])}")
    return cutoffs


def _select_model(
    label: str, parameter: parameters.Parameter[str], names: list[str], chosen: str, words: dict[str, str]
) -> None:
    # What is chosen without a word stands first, and the link need not say it.
    offered = ["" if name == chosen and not state.get(parameter) else name for name in names]
    if state.get(parameter) not in offered:
        state.settle({parameter: chosen})
        offered = names
    st.selectbox(label, format_func=lambda name: words[name or chosen], **state.select_widget(parameter, offered))


def _render_verdict(view: View, shown: Shown) -> None:
    swap = cache.swapped(shown.key, shown.cutoffs, view.evaluation.assumptions.terms)
    sentences = [
        paired_words.ranking_verdict(shown.comparison),
        paired_words.pd_verdict(shown.comparison),
        paired_words.swap_verdict(swap, shown.names, view.definition.currency),
    ]
    with st.container(key="compare-verdict"):
        st.markdown(labels.plain(" ".join(filter(None, sentences))))
    rows = shown.comparison.rows
    notes = [f"Over the same {labels.plural(rows.n_rows, 'application')}"]
    notes += [f"{labels.count(rows.n_open)} without an outcome count in the swap set alone"] if rows.n_open else []
    notes += (
        [f"{labels.count(shown.n_left_out)} left out that one of the two does not score"] if shown.n_left_out else []
    )
    notes += [f"what needs PDs is not defined because {rows.why_no_pd}"] if rows.why_no_pd else []
    st.caption(labels.plain(f"{'; '.join(notes)}."))


def _render_differences(_view: View, shown: Shown) -> None:
    figures = shown.comparison.figures
    with card_grid("paired-differences", len(figures)):
        for figure in figures:
            _render_figure(figure, shown)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            f"Each difference is {labels.plain(shown.names[1])} less {labels.plain(shown.names[0])}, with 95 % "
            "intervals from pairs of scores of the same applications.",
            width="content",
        )
        render_method("Differences between models", key="compare.differences")
    _render_reclassification(shown)


def _render_figure(figure: PairedFigure, shown: Shown) -> None:
    word = paired_words.word_figure(figure)
    ends = [labels.NOT_DEFINED if each.value is None else word(each.value) for each in (figure.one, figure.two)]
    found = figure.difference
    value = labels.NOT_DEFINED if found.value is None else paired_words.signed(found.value, word)
    note = "not defined"
    if found.value is not None:
        no_ends = found.low is None or found.high is None
        note = "" if no_ends else f"95 %: {word(found.low or 0.0)} to {word(found.high or 0.0)}"
    told = paired_words.is_for_second(figure)
    better = "" if told is None else f"{shown.names[1] if told else shown.names[0]} is better; "
    more = f"{better}{shown.names[0]} {ends[0]}, {shown.names[1]} {ends[1]}"
    if found.value is None:
        more = found.reason
    render_metric(
        figure.label,
        value,
        note,
        more=labels.plain(more),
        help_text=f"The figure of {shown.names[1]} less that of {shown.names[0]}; {figure.better}.",
    )


def _render_reclassification(shown: Shown) -> None:
    parts = {
        "NRI at the cutoffs": shown.comparison.nri_at(shown.cutoffs),
        "NRI by risk band": shown.comparison.by_band,
        "IDI": shown.comparison.idi,
    }
    if not any(each.total.is_defined for each in parts.values()):
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("**Reclassification**", width="content")
        render_method("Reclassification", key="compare.reclassification")
    render_small_table(
        ("Measure", "All", "Defaults moved up", "Others moved down"),
        [(name, *_parts(found)) for name, found in parts.items()],
        name="Reclassification",
    )
    st.caption(labels.plain(WARNING))


def _parts(found: Reclassification) -> list[str]:
    return [_ends(each) for each in (found.total, found.of_bad, found.of_good)]


def _ends(found: Estimate) -> str:
    if found.value is None:
        return labels.NOT_DEFINED
    value = labels.decimal(found.value, 4)
    if found.low is None or found.high is None:
        return value
    return f"{value} ({labels.decimal(found.low, 4)} to {labels.decimal(found.high, 4)})"


def _render_swap(view: View, shown: Shown) -> None:
    terms = view.evaluation.assumptions.terms
    render_swap(
        view,
        shown.key,
        cache.swapped(shown.key, shown.cutoffs, terms),
        cache.swapped_apart(shown.key, shown.cutoffs, terms),
    )


def _render_ranks(view: View, shown: Shown) -> None:
    comparison = shown.comparison
    swap: SwapSet = cache.swapped(shown.key, shown.cutoffs, view.evaluation.assumptions.terms)
    agreed = agreement(swap, comparison.rows)
    with card_grid("paired-agreement", 3):
        render_estimate(
            "Rank correlation",
            comparison.rank_correlation,
            labels.decimal,
            help_text="Spearman's correlation of the two models' ranks over all applications of the cohort.",
        )
        render_estimate(
            "Same decision",
            agreed.share,
            labels.brief_percent,
            help_text="The share of applications on which both models decide alike at their cutoffs.",
        )
        render_estimate(
            "Cohen's kappa",
            agreed.kappa,
            labels.decimal,
            help_text="How far decisions agree beyond chance: 0 as by chance, 1 always.",
        )
    render_figure(plot_ranks(comparison.rank_grid, shown.names, comparison.rank_correlation))


def _render_reasons(view: View, shown: Shown) -> None:
    render_reasons(view, shown.key, shown.cutoffs)


def _render_segments(view: View, shown: Shown) -> None:
    found = cache.compared_segments(shown.key)
    columns = {column.name: column for column in view.predictions.cohort_columns}

    def title_of(name: str) -> str:
        return labels.column_title(columns[name]) if name in columns else name

    sentence = paired_words.segments_verdict(found, shown.names, title_of)
    render_figure(plot_segment_differences(found, shown.names, title_of, sentence))
    table = tabulate_segments(found.segments, shown.names, title_of)
    with st.container(key="compare-segments"):
        render_frame(
            table,
            height=38 + 35 * min(len(found.segments), _TALLEST_TABLE),
            column_config=_segment_formats(table),
            alt="Both models' AUCs by segment",
        )
    st.caption(
        "All intervals hold at once: of 100 such tables at most 5 have one that is wrong. Segments with fewer than ten "
        "defaults or non-defaults are not compared."
    )


def _segment_formats(table: Table) -> dict[str, Any]:
    number = st.column_config.NumberColumn
    signed = ("Difference", "From, all at once", "To, all at once")
    formats: dict[str, Any] = {name: number(format="%+.4f") for name in signed}
    formats |= {name: number(format="%.4f") for name in table if name.startswith("AUC of ")}
    return formats | {name: number(format="localized") for name in ("With an outcome", "Defaults")}


def _render_models(view: View, _shown: Shown) -> None:
    rows = [_model_row(view, entry) for entry in cache.models_of(view.dataset)]
    table = _tabulate_models(rows)
    render_frame(table, alt="All models of the portfolio", column_config=_model_formats())
    render_tools("All models", table, key="compare.models", method="Table of models", file_name="models")
    render_figure(plot_trade_off(rows))


def _model_row(view: View, entry: ModelEntry) -> dict[str, Any]:
    evaluation = cache.evaluate_model(view.dataset, entry.name, view.cohort.filters)
    return model_row(entry.name, cache.model_facts(entry), evaluation)


def _tabulate_models(rows: list[dict[str, Any]]) -> Table:
    def column(key: str) -> list[Any]:
        return [row.get(key) for row in rows]

    return {
        "Model": column("name"),
        "Kind": [KINDS.get(kind, kind) for kind in column("kind")],
        "PDs": column("how"),
        "ROC AUC": column("auc"),
        "Gini": column("gini"),
        "KS": column("ks"),
        "Average precision": column("average_precision"),
        "Brier score": column("brier"),
        "Log-loss": column("log_loss"),
        "In the large (log-odds)": column("calibration_intercept"),
        "Slope": column("calibration_slope"),
        "µs an application": column("microseconds_a_row"),
        "Size (kB)": [None if size is None else size / 1_000 for size in column("size_bytes")],
        "Features": column("n_features"),
        "Monotone": [_yes(each) for each in column("is_monotone")],
        "Reasons": [_yes(each) for each in column("has_reasons")],
        "How it was made": column("said"),
    }


def _yes(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def _model_formats() -> dict[str, Any]:
    number = st.column_config.NumberColumn
    digits = {
        **dict.fromkeys(("ROC AUC", "Gini", "KS", "Average precision"), 4),
        **dict.fromkeys(("Brier score", "Log-loss"), 5),
        **dict.fromkeys(("In the large (log-odds)", "Slope"), 3),
        "µs an application": 0,
        "Size (kB)": 0,
    }
    formats: dict[str, Any] = {name: number(format=f"%.{places}f") for name, places in digits.items()}
    return formats | {"Model": st.column_config.TextColumn(pinned=True)}


_ICON = ":material/compare_arrows:"
_TABS: dict[str, Callable[[View, Shown], None]] = {
    DIFFERENCES: _render_differences,
    SWAPS: _render_swap,
    RANKS: _render_ranks,
    REASONS: _render_reasons,
    SEGMENTS: _render_segments,
    MODELS: _render_models,
}

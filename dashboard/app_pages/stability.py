"""Stability: how far the PD and every column have shifted between two cohorts, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
import streamlit as st

from dashboard import cache, state
from dashboard.charts.stability import ShiftWords, pd_bin_labels, plot_shift, worded_index
from dashboard.cohort.bins import Bins
from dashboard.cohort.filters import DECISION, MODELS, Filters, LevelFilter
from dashboard.components.cohort_menu import rest_of
from dashboard.components.figure import render_figure
from dashboard.components.frame import View
from dashboard.components.metric_card import card_grid, render_metric
from dashboard.components.table import render_frame
from dashboard.components.tabs import open_tab
from dashboard.metrics.column_counts import ColumnCounts
from dashboard.metrics.counts import ScoreCounts
from dashboard.metrics.stability import (
    LARGE,
    MODERATE,
    ScoreStability,
    Shift,
    Stability,
    characteristic_stability,
    population_stability,
)
from dashboard.metrics.weighing import Overlap
from dashboard.visit import parameters
from dashboard.visit.links import Cohort
from dashboard.visit.visit import parts_of
from dashboard.words import labels
from data.predictions.table import FOLD_NAME, OBSERVED, PD_BAND, PROBABILITY

PD_TAB, COLUMNS_TAB = "Score", "Columns"
TAB = parameters.choice("stab.tab", (PD_TAB, COLUMNS_TAB))
COLUMN = parameters.text("stab.column", longest=200)

_TABLE = "stab.table"
_UNCHOSEN = "No comparison is in force; choose one in the bar."
_OF_MODELS = "The comparison in the bar is of two models, whose applications are the same: see Compare."
_NOTHING = (
    "There is nothing to compare the whole portfolio with yet. Filter a cohort, or choose a comparison in the bar."
)
_MARKED = "part of the filter"


@dataclass(frozen=True, slots=True)
class Sides:
    """The two cohorts whose distributions are compared, and the applications that are in both.

    The reference is the portfolio where it `is_beside` the file that the current cohort is of.
    """

    reference: Cohort
    current: Cohort
    overlap: Overlap
    is_beside: bool = False


def render(view: View) -> None:
    """Write the page for `view`."""
    sides = _sides(view)
    if sides is None:
        st.info(_NOTHING, icon=":material/compare_arrows:")
        return
    counts = _counts(view, sides)
    problem = _why_nothing(sides, [side.n_rows for side in counts])
    if problem:
        st.info(labels.plain(problem), icon=":material/compare_arrows:")
        return
    st.markdown(_worded_sides(view, sides, counts[1].n_applications, counts[0].n_applications))
    of_pd = population_stability(*counts, overlap=sides.overlap)
    of_columns = characteristic_stability(*_column_counts(view, sides), overlap=sides.overlap)
    _render_cards(sides, of_pd.stability, of_columns)
    opened, place = open_tab(TAB)
    with place:
        if opened == PD_TAB:
            _render_pd(sides, of_pd)
        else:
            _render_columns(view, sides, of_columns)


def _sides(view: View) -> Sides | None:
    """The cohort on the screen and what the page compares with; None where nothing is chosen and nothing follows.

    Without a choice, a dropped file is held against the portfolio beside it, a cohort against the rest, and the whole
    portfolio's first fold against the others.
    """
    # Another model changes which PDs applications have, and not which they are.
    current, reference = view.cohort, None if view.beside else view.against
    if reference is None and view.dataset.location.file:
        return Sides(Cohort("Portfolio", Filters()), current, Overlap(), is_beside=True)
    if reference is None and current.filters:
        reference = rest_of(current.filters)
    if reference is None:
        folds = [part for part in parts_of(state.columns()).values() if part[0] == FOLD_NAME]
        if not folds:
            return None
        name, level = folds[0]
        current = Cohort(f"Fold {level}", Filters.of([LevelFilter(name, (level,))]))
        reference = Cohort("Other folds", current.filters.rest())
    return Sides(reference, current, cache.overlap(view.dataset, reference.filters, current.filters))


def _counts(view: View, sides: Sides) -> list[ScoreCounts]:
    """The counts of reference and current."""
    whole = cache.portfolio_beside(view.dataset) if sides.is_beside else view.dataset
    return [
        cache.cohort_counts(whole, sides.reference.filters),
        cache.cohort_counts(view.dataset, sides.current.filters),
    ]


def _column_counts(view: View, sides: Sides) -> list[ColumnCounts]:
    if sides.is_beside:
        current = cache.shared_column_counts(view.dataset, sides.current.filters)
        return [cache.shared_groups(view.dataset).portfolio, current]
    return [cache.column_counts(view.dataset, side.filters) for side in (sides.reference, sides.current)]


def _bins(view: View, sides: Sides) -> Mapping[str, Bins]:
    """The groups of the columns that both sides have."""
    return (cache.shared_groups if sides.is_beside else cache.column_groups)(view.dataset).bins


def _why_nothing(sides: Sides, sizes: list[int]) -> str:
    """Why the sides cannot be compared; empty where they can."""
    if not all(sizes):
        name = (sides.current if sizes[0] else sides.reference).name
        return f"{name} holds no applications. Choose another comparison in the bar."
    if sizes == [sides.overlap.n_rows] * 2:
        return (
            "The cohort and what it is compared with are the same applications. Choose another comparison in the bar."
        )
    return ""


def _worded_sides(view: View, sides: Sides, n_current: int, n_reference: int) -> str:
    """Which cohort is held against which, how large they are, and why it is these two."""
    names, shared = [labels.plain(side.name) for side in (sides.current, sides.reference)], sides.overlap.total
    both = f", {labels.count(shared)} {'is' if shared == 1 else 'are'} in both" if shared else ""
    sizes = f"{labels.plural(n_current, 'application')} against {labels.count(n_reference)}{both}"
    text = f"**{names[0]} against {names[1]}** as the reference: {sizes}."
    if view.beside is not None:
        return f"{text} {_OF_MODELS}"
    return text if view.against is not None else f"{text} {_UNCHOSEN}"


def _render_cards(sides: Sides, of_pd: Stability, of_columns: Mapping[str, Stability]) -> None:
    marked = _defining(sides)
    free = [found for name, found in of_columns.items() if name not in marked]
    shifted = sum(found.has_shifted for found in free)
    with card_grid("stability", 4):
        render_metric("PSI", worded_index(of_pd.index.value), str(of_pd.shift or ""), help_text=_HELP["psi"])
        note = f"at 99 %: {worded_index(of_pd.critical_99)}"
        render_metric("Critical value", worded_index(of_pd.critical_95), note, help_text=_HELP["critical"])
        note = f"chance: {worded_index(of_pd.noise)}"
        render_metric("PSI beyond chance", worded_index(of_pd.corrected), note, help_text=_HELP["corrected"])
        note = f"CSI of {MODERATE:.2f} or more"
        render_metric("Columns shifted", f"{shifted} of {len(free)}", note, help_text=_HELP["shifted"])


def _defining(sides: Sides) -> set[str]:
    """The columns that shift because a side is cut out by them, or by what they are made of."""
    named = {condition.column for side in (sides.reference, sides.current) for condition in side.filters.conditions}
    if named & {PROBABILITY, PD_BAND, DECISION, MODELS}:
        named |= {PROBABILITY, PD_BAND}
    return named | ({OBSERVED} if DECISION in named else set())


def _render_pd(sides: Sides, found: ScoreStability) -> None:
    words = ShiftWords("PD", "PSI", pd_bin_labels(found.edges), sides.reference.name, sides.current.name)
    render_figure(plot_shift(found.stability, words))
    if PROBABILITY in _defining(sides):
        st.caption(state.score_words("A cohort is defined by its PDs, so its PD shifts by definition."))


def _render_columns(view: View, sides: Sides, found: Mapping[str, Stability]) -> None:
    marked = _defining(sides)
    # The filter's own columns come last: that they shift is no news.
    order = sorted(found, key=lambda name: (name in marked, -(found[name].index.value or 0.0)))
    titles = {column.name: column.label for column in view.predictions.cohort_columns}
    state.check(COLUMN, order, "column")
    name = state.get(COLUMN) or order[0]
    left, right = st.columns([1.4, 1], gap="medium")
    with left:
        _render_table(_tabulate(view, sides, found, order, titles), order, order.index(name))
    with right:
        _render_column_choice(order, titles)
        bins = _bins(view, sides)[name]
        words = ShiftWords(bins.title, "CSI", bins.labels, sides.reference.name, sides.current.name)
        render_figure(plot_shift(found[name], words))
        if name in marked:
            st.caption("A cohort is defined by this column, so the column shifts by definition.")


def _render_column_choice(order: list[str], titles: Mapping[str, str]) -> None:
    by_title = sorted(order, key=lambda name: titles[name])
    titled = {name: titles[name] for name in by_title}
    names = labels.distinct({"": f"Most shifted: {titles[order[0]]}", **titled})
    st.selectbox("Column", format_func=names.__getitem__, **state.select_widget(COLUMN, list(names)))


def _tabulate(
    view: View, sides: Sides, found: Mapping[str, Stability], order: list[str], titles: Mapping[str, str]
) -> pl.DataFrame:
    marked, bins = _defining(sides), _bins(view, sides)
    largest = [found[name].largest for name in order]
    return pl.DataFrame(
        {
            "Column": [titles[name] for name in order],
            "CSI": [found[name].index.value for name in order],
            "Critical": [found[name].critical_95 for name in order],
            "Shift": [_MARKED if name in marked else _brief(found[name].shift) for name in order],
            "Largest bin": ["" if i is None else bins[name].labels[i] for name, i in zip(order, largest, strict=True)],
        }
    )


def _render_table(table: pl.DataFrame, order: list[str], drawn: int) -> None:
    # The row of the column that is drawn, however it was chosen.
    st.session_state[_TABLE] = {"selection": {"rows": [drawn]}}
    render_frame(
        table,
        key=_TABLE,
        height=38 + 35 * 14,
        column_config=_FORMATS,
        selection_mode="single-row-required",
        on_select=lambda: _take_row(order),
        alt="CSI of every column, the most shifted first",
    )
    st.caption(
        "Select a row to draw its shift. By chance alone about one column in twenty exceeds its 95 % critical value."
    )


def _brief(shift: Shift | None) -> str:
    return "" if shift is None else _BRIEF[shift]


def _take_row(order: list[str]) -> None:
    row = st.session_state[_TABLE].selection.rows[0]
    state.put({COLUMN: order[row] if row else ""})


_BRIEF = {
    Shift.NONE: "none",
    Shift.SMALL: "small",
    Shift.MODERATE: "moderate",
    Shift.LARGE: "large",
    Shift.TOO_FEW: "too few",
}
_FORMATS = {
    "Column": st.column_config.TextColumn(width=132),
    "CSI": st.column_config.NumberColumn(format="%.5f", width=76, help="Stability index over the column's groups."),
    "Critical": st.column_config.NumberColumn(
        format="%.5f", width=76, help="What chance alone stays below in 95 of 100 cases."
    ),
    "Shift": st.column_config.TextColumn(
        width=108, help="None: not beyond chance. Small: below 0.10. Large: 0.25 and more. Too few: to conclude."
    ),
    "Largest bin": st.column_config.TextColumn(width=99, help="The group that adds most to the index."),
}
_HELP = {
    "psi": "Population stability index of the PD over tenths of the reference. By the usual marks, "
    f"{MODERATE:.2f} is a moderate and {LARGE:.2f} a large shift.",
    "critical": "Without a true shift, the PSI of cohorts of these sizes stays below this in 95 of 100 cases.",
    "corrected": "PSI less what chance alone adds on average to cohorts of these sizes.",
    "shifted": f"Columns whose CSI is {MODERATE:.2f} or more and above its critical value. Columns that the cohorts "
    "are defined by are not counted.",
}

"""Stability: how far the PD and every column have shifted between two cohorts, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
import streamlit as st

from dashboard import cache, state
from dashboard.charts.stability import ShiftWords, pd_bin_labels, plot_shift, worded_index
from dashboard.cohort.bins import Bins
from dashboard.cohort.filters import DECISION, Filters, LevelFilter
from dashboard.components.cohort_menu import rest_name, whole_name
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
from dashboard.visit import parameters
from dashboard.visit.links import LONGEST_NAME, Cohort
from dashboard.visit.parameters import Parameter
from dashboard.visit.visit import COHORTS, WHOLE
from dashboard.words import labels
from data.predictions.table import FOLD_NAME, OBSERVED, PD_BAND, PROBABILITY, Predictions

PD_TAB, COLUMNS_TAB = "PD", "Columns"
REFERENCE = parameters.text("stab.reference", longest=LONGEST_NAME)
CURRENT = parameters.text("stab.current", longest=LONGEST_NAME)
TAB = parameters.choice("stab.tab", (PD_TAB, COLUMNS_TAB))
COLUMN = parameters.text("stab.column", longest=200)

# Names of kept cohorts never begin with a tilde. A dropped file can be set against the portfolio beside it.
_SHOWN, _FOLD, _BESIDE = "~cohort", "~fold.", "~portfolio"
_TABLE = "stab.table"
_MARKED = "part of the filter"


@dataclass(frozen=True, slots=True)
class Sides:
    """The two cohorts whose distributions are compared, and how many applications are in both.

    The reference is the portfolio where it `is_beside` the file that the current cohort is of.
    """

    reference: Cohort
    current: Cohort
    overlap: int
    is_beside: bool = False


def render(view: View) -> None:
    """Write the page for `view`."""
    sides = _render_sides(view)
    counts = _counts(view, sides)
    problem = _why_nothing(sides, [side.n_applications for side in counts])
    if problem:
        st.info(labels.plain(problem), icon=":material/compare_arrows:")
        return
    of_pd = population_stability(*counts, overlap=sides.overlap)
    of_columns = characteristic_stability(*_column_counts(view, sides), overlap=sides.overlap)
    _render_cards(sides, of_pd.stability, of_columns)
    opened, place = open_tab(TAB)
    with place:
        if opened == PD_TAB:
            _render_pd(sides, of_pd)
        else:
            _render_columns(view, sides, of_columns)


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
    if not sides.current.filters and not sizes[0]:
        return "There is nothing to compare the whole portfolio with yet. Filter a cohort above, or choose one here."
    if not all(sizes):
        name = (sides.current if sizes[0] else sides.reference).name
        return f"{name} holds no applications. Choose another cohort."
    if sizes == [sides.overlap] * 2:
        return "Reference and current cohort are the same applications. Choose another one."
    return ""


def _render_sides(view: View) -> Sides:
    offered = _offered(view)
    for parameter in (CURRENT, REFERENCE):
        state.check(parameter, {*offered, _SHOWN, _BESIDE}, "cohort")
    controls = st.container(key="controls-stability")
    left, right, said = controls.columns([1, 1, 2], gap="medium", vertical_alignment="bottom")
    with left:
        current = _render_choice("Current", CURRENT, offered, usual=_first(view))
    with right:
        others = {name: cohort for name, cohort in offered.items() if cohort.filters != current.filters}
        beside = Cohort("Portfolio", Filters()) if view.dataset.location.file else None
        is_usual = beside is not None and not current.filters and view.against is None
        usual = beside if beside is not None and is_usual else _usual_reference(view, current)
        reference = _render_choice("Reference", REFERENCE, others, usual=usual, beside=beside)
    is_beside = reference is beside
    overlap = 0 if is_beside else cache.n_in_both(view.dataset, reference.filters, current.filters)
    sides = Sides(reference, current, overlap, is_beside)
    with said:
        st.caption(_worded_sizes(view, sides))
    return sides


def _offered(view: View) -> dict[str, Cohort]:
    """What can be chosen for either side besides the usual one, by its name in the link."""
    on_screen = {_SHOWN: view.cohort} if view.cohort.filters else {}
    folds = {_FOLD + name: _fold(name) for name in _fold_names(view.predictions)}
    kept = {c.name: Cohort(c.name, c.filters.at(view.cutoff)) for c in state.kept(COHORTS)}
    return {**on_screen, WHOLE: Cohort(whole_name(), Filters()), **folds, **kept}


def _fold_names(predictions: Predictions) -> tuple[str, ...]:
    return next((column.levels for column in predictions.cohort_columns if column.name == FOLD_NAME), ())


def _fold(name: str) -> Cohort:
    return Cohort(f"Fold {name}", Filters.of([LevelFilter(FOLD_NAME, (name,))]))


def _first(view: View) -> Cohort:
    """The current cohort where none is chosen: the one on the screen, or of a whole portfolio its first fold."""
    folds = _fold_names(view.predictions)
    whole = not view.cohort.filters and view.against is None
    return _fold(folds[0]) if whole and len(folds) > 1 else view.cohort


def _usual_reference(view: View, current: Cohort) -> Cohort:
    """The reference where none is chosen: what the page compares with, or all other applications."""
    if view.against is not None and view.against.filters != current.filters:
        return view.against
    folds = [_fold(name) for name in _fold_names(view.predictions)]
    if not current.filters and len(folds) > 1:
        return folds[0]
    is_fold = any(fold.filters == current.filters for fold in folds)
    return Cohort("Other folds" if is_fold else rest_name(), current.filters.rest())


def _render_choice(
    label: str,
    parameter: Parameter[str],
    offered: Mapping[str, Cohort],
    *,
    usual: Cohort,
    beside: Cohort | None = None,
) -> Cohort:
    """Write the choice of a side and return it; `usual` stands first and for what is not offered."""
    others = {key: cohort for key, cohort in offered.items() if cohort.filters != usual.filters or usual is beside}
    choices = {"": usual, **others}
    if beside is not None and usual is not beside:
        choices[_BESIDE] = beside
    if state.get(parameter) not in choices:
        # The other side has it now.
        state.settle({parameter: ""})
    # A select box reports the words of what it shows: the default cohort's of the last run may be another choice's now.
    words = {key: cohort.name if key else f"Default: {cohort.name}" for key, cohort in choices.items()}
    names = labels.distinct(words, "cohort")
    st.selectbox(label, format_func=names.__getitem__, **state.select_widget(parameter, list(choices)))
    return choices[state.get(parameter)]


def _worded_sizes(view: View, sides: Sides) -> str:
    """How many applications each side holds; empty where one holds none."""
    reference, current = (counts.n_applications for counts in _counts(view, sides))
    both = f", {labels.count(sides.overlap)} {'is' if sides.overlap == 1 else 'are'} in both" if sides.overlap else ""
    if not current or not reference:
        # What is shown instead says why.
        return ""
    against = f"{labels.plural(current, 'application')} against {labels.count(reference)}"
    return f"{against}{both}. Shares are compared, so sizes may differ."


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
    if named & {PROBABILITY, PD_BAND, DECISION}:
        named |= {PROBABILITY, PD_BAND}
    return named | ({OBSERVED} if DECISION in named else set())


def _render_pd(sides: Sides, found: ScoreStability) -> None:
    words = ShiftWords("PD", "PSI", pd_bin_labels(found.edges), sides.reference.name, sides.current.name)
    render_figure(plot_shift(found.stability, words))
    if PROBABILITY in _defining(sides):
        st.caption("A cohort is defined by its PDs, so its PD shifts by definition.")


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

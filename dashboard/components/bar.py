"""The bar that stays in sight on every page: portfolio, cohort, filters, comparison, cutoff, applicant search."""

from __future__ import annotations

import datetime as dt
from dataclasses import astuple
from functools import partial

import streamlit as st

from dashboard import cache, choice, state
from dashboard.cohort.wording import word_filters
from dashboard.components.chips import render_chips
from dashboard.components.cohort_menu import render_comparison
from dashboard.components.filter_bar import render_filter_menu
from dashboard.components.held_file import held_file
from dashboard.components.library_menu import render_library_menu
from dashboard.components.model_menu import KINDS, compared_models, has_models, render_model_menu, shown_entry
from dashboard.components.saved_cohorts import render_saved_cohorts
from dashboard.follow.tables import Scale
from dashboard.metrics.counts import ScoreCounts
from dashboard.report.markup import escaped
from dashboard.visit.links import Cohort
from dashboard.visit.visit import CUTOFF
from dashboard.words import labels
from data.errors import ScoreroomError
from data.predictions.table import PROBABILITY, Predictions
from inference.inventory.entry import ModelKind
from inference.model.decision import COST_OF_DECLINED_GOOD, COST_OF_MISSED_DEFAULT, DEFAULT_CUTOFF

# Buttons without a run of the page: dashboard/static/visit.js answers them.
_SHEET = '<button type="button" class="bar-button bar-sheet">{}</button>'
_SEARCH = (
    '<button type="button" class="bar-button bar-search" title="Find an applicant ( / )" '
    'aria-label="Find an applicant"><span class="bar-icon" aria-hidden="true">person_search</span></button>'
)


def render_bar(
    dataset: cache.Dataset,
    predictions: Predictions,
    cohort: Cohort | None,
    counts: ScoreCounts,
    *,
    has_cutoff: bool,
    is_compared: bool = True,
) -> None:
    """Write the bar of a page that shows `cohort`, counted as `counts`, or something else where that is None."""
    with st.container(key="bar", horizontal=True, wrap=False, vertical_alignment="center", gap="xsmall"):
        if dataset.location.file:
            _render_file(predictions)
        else:
            with st.container(key="bar-portfolio", width="content"):
                st.html(_two_lines(choice.shown_name(predictions.source.name), _model(dataset, predictions)))
        if cohort is not None:
            with st.container(key="bar-cohort", width="content"):
                st.html(_two_lines(cohort.name, *_size(counts, predictions)))
        # On a phone this button alone leads to the menus.
        if cohort is not None or has_cutoff or has_models(dataset):
            n_filters = 0 if cohort is None else len(cohort.filters.conditions)
            word = "Filters" if cohort is not None else "Cutoff" if has_cutoff else "Models"
            with st.container(key="bar-sheet", width="content"):
                st.html(_SHEET.format(f"{word} ({n_filters})" if n_filters else word))
        with st.container(key="bar-controls", horizontal=True, wrap=False, vertical_alignment="center", gap="xsmall"):
            render_library_menu()
            render_model_menu(dataset)
            if cohort is not None:
                _render_cohort(dataset, predictions, cohort, is_compared=is_compared)
            if has_cutoff:
                _render_cutoff(predictions)
        with st.container(key="bar-search", width="content"):
            st.html(_SEARCH)


def _render_file(predictions: Predictions) -> None:
    """Write that a dropped file is shown, and the way back."""
    file = held_file()
    n_scored = predictions.frame.height if file is None else file.counts.n_applications
    rows = f"{labels.plural(n_scored, 'application')} scored {_word_day(file)}"
    with st.container(key="bar-file", horizontal=True, wrap=False, vertical_alignment="center", width="content"):
        st.html(_two_lines(predictions.source.name, rows))
        st.button(
            "Back to the portfolio",
            key="bar.portfolio",
            icon=":material/undo:",
            on_click=state.show_table,
            args=("",),
            help="A dropped file is shown; show the portfolio again",
        )


def _word_day(file: cache.ScoredFile | None) -> str:
    day = "" if file is None else file.scored_at.date().isoformat()
    return "today" if day in ("", dt.datetime.now(dt.UTC).date().isoformat()) else f"on {day}"


def _two_lines(first: str, second: str, more: str = "") -> str:
    texts = [escaped(text) for text in (first, second, more)]
    rest = f'<span class="bar-more">{texts[2]}</span>' if more else ""
    return f'<div class="bar-lines"><b title="{texts[0]}">{texts[0]}</b><span>{texts[1]}{rest}</span></div>'


def _model(dataset: cache.Dataset, predictions: Predictions) -> str:
    entry = shown_entry(dataset) if dataset.model else None
    if entry is not None:
        kind = KINDS[entry.kind]
        return entry.name if entry.name.lower() == kind.lower() else f"{entry.name}, {kind}"
    champion = None if dataset.location.imported else shown_entry(dataset)
    if champion is not None and champion.can_score and champion.kind is not ModelKind.LIGHTGBM:
        kind = KINDS[champion.kind]
        return f"{kind[0].upper()}{kind[1:]}"
    if predictions.source.is_imported:
        return state.score_words("imported PDs")
    try:
        return f"LightGBM, {labels.plural(int(cache.open_session().manifest.metrics.get('trees', 0)), 'tree')}"
    except ScoreroomError:
        return "no published model"


def _size(counts: ScoreCounts, predictions: Predictions) -> tuple[str, str]:
    """How much of the portfolio a cohort is, and how many of it defaulted."""
    n_portfolio = predictions.frame.height
    share = counts.n_rows / n_portfolio
    worded = "less than 0.1 %" if 0 < share < 0.001 else labels.percent(share, 1)
    size = f"{labels.count(counts.n_rows)} of {labels.count(n_portfolio)} ({worded})"
    is_known = predictions.source.has_outcomes
    return size, f", {labels.outcomes(counts.n_bad, counts.n_open) if is_known else 'outcomes not known'}"


def _render_cohort(dataset: cache.Dataset, predictions: Predictions, cohort: Cohort, *, is_compared: bool) -> None:
    render_saved_cohorts(predictions, partial(word_filters, columns=predictions.filter_columns))
    render_chips(predictions, cohort.filters)
    render_filter_menu(dataset, predictions)
    with st.container(key="bar-comparison", width=160):
        render_comparison(compared_models(dataset), is_offered=is_compared)


def cutoff_scale(predictions: Predictions) -> Scale:
    """The scale of the cutoff's slider."""
    highest = next(column.maximum or 0.0 for column in predictions.cohort_columns if column.name == PROBABILITY)
    return Scale.up_to(highest, state.get(CUTOFF))


def _render_cutoff(predictions: Predictions) -> None:
    top, step = astuple(cutoff_scale(predictions))
    words = "%.4f" if step < 0.01 else "%.2f"
    with st.container(key="bar-cutoff", horizontal=True, wrap=False, vertical_alignment="center", width="content"):
        st.number_input(
            state.score_words("Cutoff (PD), %"),
            0.0,
            100.0,
            step=step,
            format=words,
            **state.value_widget(CUTOFF, place=".typed"),
        )
        st.slider(
            state.score_words("Cutoff (PD)"),
            0.0,
            top,
            step=step,
            format=f"{words} %%",
            **state.value_widget(CUTOFF),
            label_visibility="collapsed",
            help=_cutoff_help(predictions),
        )


def _cutoff_help(predictions: Predictions) -> str:
    if (scale := predictions.scale) is not None:
        side = "above" if scale.higher == "riskier" else "below"
        score = labels.decimal(scale.score(state.get(CUTOFF) / 100), 2)
        return f"Applications with a score of {score} or {side} are declined: that is where this place lies."
    return (
        "Applications whose PD is at or above the cutoff are declined. "
        f"{labels.percent(DEFAULT_CUTOFF)} is best on calibrated PDs when a missed default costs "
        f"{COST_OF_MISSED_DEFAULT / COST_OF_DECLINED_GOOD:g} times as much as a declined good applicant."
    )

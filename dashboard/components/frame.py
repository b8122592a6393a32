"""The frame that every page stands in: title, filters, cohort, notices, and what is shown when nothing is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from dashboard import cache, labels, state
from dashboard.components.cohort_menu import compared, render_comparison
from dashboard.components.filter_bar import render_cohort_line, render_cutoff, render_filter_bar
from dashboard.filters import Filters
from dashboard.links import Cohort
from dashboard.metrics.counts import ScoreCounts
from data.predictions import Predictions

PORTFOLIO, COHORT = "Portfolio", "Cohort"


@dataclass(frozen=True, slots=True)
class View:
    """What a page shows: a cohort of a dataset, what it is compared with, and the cutoff (a PD) in force."""

    dataset: cache.Dataset
    predictions: Predictions
    cohort: Cohort
    against: Cohort | None
    cutoff: float

    @property
    def counts(self) -> ScoreCounts:
        """The cohort's counts."""
        return cache.cohort_counts(self.dataset, self.cohort.filters)

    @property
    def against_counts(self) -> ScoreCounts | None:
        """The counts of what the cohort is compared with; they may be empty."""
        return None if self.against is None else cache.cohort_counts(self.dataset, self.against.filters)

    @property
    def portfolio_counts(self) -> ScoreCounts:
        """The counts of all applications."""
        return cache.cohort_counts(self.dataset, Filters())


@dataclass(frozen=True, slots=True)
class PageSpec:
    """One page: `render` writes what is its own; `of_cohort` says whether it shows a cohort or something else."""

    title: str
    path: str
    render: Callable[[View], None]
    of_cohort: bool = True


def current_view(dataset: cache.Dataset) -> View:
    """The view that the visit asks for."""
    cutoff = state.cutoff()
    shown, against = state.filters(), compared()
    cohort = Cohort(_name(shown), shown.at(cutoff))
    other = None if against is None else Cohort(against.name, against.filters.at(cutoff))
    return View(dataset, cache.predictions(dataset), cohort, other, cutoff)


def _name(filters: Filters) -> str:
    kept = next((cohort.name for cohort in state.cohorts() if cohort.filters == filters), "")
    return kept or (COHORT if filters else PORTFOLIO)


def render_page(page: PageSpec, dataset: cache.Dataset) -> None:
    """Write `page`: what all pages have, then its own part unless the cohort is empty."""
    predictions = cache.predictions(dataset)
    title, comparison, cutoff = st.columns([2.4, 1, 1.2], gap="medium", vertical_alignment="bottom")
    with title:
        st.title(page.title, anchor=False)
        _render_source(predictions)
    _render_left_out()
    if not page.of_cohort:
        page.render(current_view(dataset))
        return
    with comparison:
        render_comparison()
    with cutoff:
        render_cutoff(predictions)
    render_filter_bar(dataset, predictions)
    view = current_view(dataset)
    counts = view.counts
    render_cohort_line(predictions, view.cohort, counts.n_applications, counts.n_bad)
    if counts.n_applications:
        page.render(view)
    else:
        _render_empty()


def _render_source(predictions: Predictions) -> None:
    source = predictions.source
    st.caption(f"{labels.plain(source.name)} · PDs are {'as imported' if source.is_imported else 'out of fold'}")
    for notice in source.notices:
        st.caption(labels.plain(notice))


def _render_left_out() -> None:
    left_out = state.notices()
    if left_out:
        st.info(labels.plain(f"Left out: {' '.join(left_out)}"), icon=":material/link_off:")


def _render_empty() -> None:
    st.info(
        "No application meets these filters together. Take one of them back above, or reset them all.",
        icon=":material/filter_alt_off:",
    )

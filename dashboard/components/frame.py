"""The frame that every page stands in: bar, title, notices, and what is shown when nothing is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import streamlit as st

from dashboard import cache, state
from dashboard.charts.template import Named
from dashboard.cohort.cautions import caution, resolution, reversal
from dashboard.cohort.filters import DECISION, Filters
from dashboard.components.awaited import look_for_awaited
from dashboard.components.bar import cutoff_scale, render_bar
from dashboard.components.cohort_menu import compared, compared_model, whole_name
from dashboard.components.downloads import begin_page, render_downloads
from dashboard.components.follow import WHOLE_PAGE, announce, begin_following
from dashboard.components.method import render_method
from dashboard.metrics.comparison import COHORT, Comparison, ModelComparison
from dashboard.metrics.counts import ScoreCounts
from dashboard.metrics.evaluation import Evaluation
from dashboard.visit.assumptions import assume
from dashboard.visit.links import Cohort
from dashboard.visit.visit import AGAINST, APPLICANT, COHORTS, FILE
from dashboard.words import labels
from data.definition.definition import Definition
from data.errors import ScoreroomError
from data.predictions.scored import PUBLISHED
from data.predictions.table import WEIGHT, Predictions
from inference.inventory.entry import CHAMPION

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class View:
    """What a page shows: a cohort of a dataset, what it is compared with, both evaluated, and the cutoff (a PD).

    The cohort is never empty when a page is rendered, what it is compared with may be. `against` and `comparison` are
    None where that is nothing. Where the same applications are compared under another model, `beside` is its dataset,
    and `against` the cohort under the name of the model.
    """

    dataset: cache.Dataset
    definition: Definition
    predictions: Predictions
    cohort: Cohort
    against: Cohort | None
    cutoff: float
    evaluation: Evaluation
    comparison: Comparison | None
    beside: cache.Dataset | None = None

    @property
    def against_dataset(self) -> cache.Dataset:
        """The dataset of what the cohort is compared with."""
        return self.beside or self.dataset

    @property
    def own_name(self) -> str:
        """What the cohort is called beside what it is compared with."""
        return COHORT if self.comparison is None else self.comparison.own_name

    @property
    def counts(self) -> ScoreCounts:
        """The cohort's counts."""
        return self.evaluation.counts

    @property
    def against_counts(self) -> ScoreCounts | None:
        """The counts of what the cohort is compared with."""
        return None if self.comparison is None else self.comparison.other.counts

    @property
    def usual_segments(self) -> tuple[str, ...]:
        """The columns that segments are made of first."""
        return self.predictions.usual_segments(self.definition)

    @property
    def is_cut_by_outcome(self) -> bool:
        """Whether the cohort is what it is because of what happened to it."""
        return self.cohort.filters.is_cut_by_outcome

    @property
    def is_doubtful(self) -> bool:
        """Whether the cohort's PDs are off, so that figures which take them for probabilities need a warning."""
        is_judged = self.predictions.source.has_outcomes and not self.is_cut_by_outcome
        return is_judged and self.evaluation.calibration.is_doubtful

    @property
    def reversal(self) -> str:
        """The sentence that doubts scores which rank the wrong way round; empty for the others."""
        return "" if self.is_cut_by_outcome else reversal(self.evaluation.roc_auc)

    @property
    def portfolio_counts(self) -> ScoreCounts:
        """The counts of all applications."""
        return cache.cohort_counts(self.dataset, Filters())

    def other(self, of: Callable[[Evaluation], T]) -> Named[T] | None:
        """What `of` gives for what the cohort is compared with; None where that is nothing."""
        comparison = self.comparison
        return None if comparison is None else Named(comparison.name, of(comparison.other), comparison.own_name)

    def compared_with(self, other: Cohort) -> Comparison:
        """The cohort beside `other`, whatever the page compares with."""
        shared = cache.shared_counts(self.dataset, self.cohort.filters, other.filters)
        return Comparison(
            other.name,
            self.evaluation,
            cache.evaluate(self.dataset, other.filters, self.evaluation.assumptions),
            shared if shared.n_applications else None,
        )

    def compared(self, measure: Callable[[ScoreCounts], T]) -> Named[T] | None:
        """The same of its counts."""
        return self.other(lambda evaluation: measure(evaluation.counts))


@dataclass(frozen=True, slots=True)
class PageSpec:
    """One page: `render` writes what is its own; `of_cohort` says whether it shows a cohort or something else.

    A page of something else has neither filters nor comparison, and the cutoff where it `has_cutoff`. One of a cohort
    that is not `is_compared` shows nothing of what the cohort is compared with. `of_model` says that it shows what the
    published model gives, and not the portfolio's own PDs alone; `of_outcome` that it compares PDs with what happened
    and is not offered where no outcome is known; `of_pd` that it takes scores for probabilities, and is not offered
    where they are none. One that `moves_with_cutoff` shows decisions throughout, which none of
    its figures can follow before the server has answered.
    """

    title: str
    path: str
    render: Callable[[View], None]
    of_cohort: bool = True
    is_compared: bool = True
    has_cutoff: bool = True
    of_model: bool = False
    of_outcome: bool = False
    of_pd: bool = False
    moves_with_cutoff: bool = False


def current_view(dataset: cache.Dataset) -> View:
    """The view that the visit asks for."""
    cutoff = state.cutoff()
    # Where a dropped file is shown, the cohort is one of its rows, and no cohort of the portfolio.
    is_shown = state.get(FILE) == dataset.location.file
    shown, against = (state.filters(), compared()) if is_shown else (Filters(), None)
    cohort = Cohort(_name(shown), cache.resolved(dataset, shown, cutoff))
    other = None if against is None else Cohort(against.name, cache.resolved(dataset, against.filters, cutoff))
    evaluation = cache.evaluate(dataset, cohort.filters, assume(cutoff, state.get))
    view = View(dataset, cache.definition(), cache.predictions(dataset), cohort, other, cutoff, evaluation, None)
    model = compared_model() if is_shown else ""
    if model:
        return _beside_model(view, model)
    return view if other is None else replace(view, comparison=view.compared_with(other))


def _beside_model(view: View, name: str) -> View:
    """The view with the same applications under another model beside it."""
    other = replace(cache.dataset_of_model(view.dataset, name), chosen_by=view.dataset)
    if cache.predictions(other).frame.height != view.predictions.frame.height:
        # One of the two has left rows out; said beside the title of the one that does.
        return view
    filters, assumptions = view.cohort.filters, view.evaluation.assumptions
    key = cache.Pair(name, view.dataset.model or CHAMPION, view.dataset, filters)
    comparison = ModelComparison(
        name,
        view.evaluation,
        cache.evaluate(other, filters, assumptions),
        own_name=key.two,
        pairs=partial(cache.paired_difference, key),
    )
    return replace(view, against=Cohort(name, filters), comparison=comparison, beside=other)


def _name(filters: Filters) -> str:
    kept = next((cohort.name for cohort in state.kept(COHORTS) if cohort.filters == filters), "")
    return kept or (COHORT if filters else whole_name())


def render_page(page: PageSpec, dataset: cache.Dataset) -> None:
    """Write `page`: what all pages have, then its own part unless the cohort is empty."""
    predictions = cache.predictions(dataset)
    try:
        view = current_view(dataset)
    except ScoreroomError as error:
        _render_lost(str(error))
        return
    cohort = view.cohort if page.of_cohort else None
    render_bar(dataset, predictions, cohort, view.counts, has_cutoff=page.has_cutoff, is_compared=page.is_compared)
    with st.container(key="page-head", horizontal=True, vertical_alignment="center", gap="small"):
        st.title(page.title, anchor=False, width="content")
        _render_source(page, dataset, predictions)
    _render_notices()
    look_for_awaited()
    begin_page()
    begin_following(view.evaluation)
    _render_body(page, view)
    if page.has_cutoff:
        # Where decisions choose the rows, it is those that are others at another cutoff.
        is_decided = page.of_cohort and view.cohort.filters.on(DECISION) is not None
        moves = page.moves_with_cutoff or is_decided
        faded = (WHOLE_PAGE, ".st-key-bar-cohort") if is_decided else (WHOLE_PAGE,) if moves else None
        announce(cutoff_scale(predictions), _identity(view), faded=faded, has_panel=bool(state.get(APPLICANT)))


def _identity(view: View) -> tuple[object, ...]:
    """What the words of one page at any cutoff depend on, besides the page and the assumptions."""
    return view.dataset, view.beside, view.cohort, view.against, view.definition.currency, view.is_cut_by_outcome


def _render_body(page: PageSpec, view: View) -> None:
    """Write what stands under a page's head."""
    predictions = view.predictions
    if not page.of_cohort:
        page.render(view)
        render_downloads(page.title)
        return
    if not view.counts.n_applications:
        _render_empty()
        return
    if predictions.source.has_outcomes:
        _render_caution(view)
    if view.counts.n_resolved or not page.of_outcome:
        page.render(view)
    with st.container(key="page-foot", horizontal=True, vertical_alignment="center", gap="small"):
        _render_resolution(predictions)
        render_downloads(page.title)


def _render_lost(reason: str) -> None:
    """Say why a column that filters are on cannot be read, and offer the way back to what can."""
    st.error(labels.notice(reason), icon=":material/error:")
    st.button("Reset filters", on_click=_forget_cohorts, icon=":material/undo:")


def _forget_cohorts() -> None:
    state.set_filters(Filters())
    state.settle({AGAINST: AGAINST.default})


def _render_caution(view: View) -> None:
    told = caution(view.counts, view.cohort.filters)
    if told:
        st.info(state.score_words(told), icon=":material/info:")
    if view.reversal:
        st.warning(labels.plain(view.reversal), icon=":material/swap_vert:")
    suspicion = "" if view.is_cut_by_outcome else view.evaluation.suspicion
    if suspicion:
        st.error(labels.plain(suspicion), icon=":material/policy_alert:")


def _render_resolution(predictions: Predictions) -> None:
    st.caption(state.score_words(resolution(predictions.grid)), width="content")
    render_method("Resolution", key="resolution")


def _render_source(page: PageSpec, dataset: cache.Dataset, predictions: Predictions) -> None:
    source = predictions.source
    model = cache.model_in_words()
    whose = f"{model}'s" if source.whose == PUBLISHED else source.whose
    if page.of_model and source.whose != PUBLISHED and not cache.scoring_model(dataset):
        whose = f"{model}'s; the portfolio's are {whose}"
    parts = [state.score_words(f"PDs are {whose}"), source.taken, *source.notices]
    if WEIGHT in predictions.frame.columns:
        parts.append(f"applications are weighted by {predictions.roles.get(WEIGHT, WEIGHT)}; checks are not made")
    st.caption(labels.plain(" · ".join(part for part in parts if part)), width="content")


def _render_notices() -> None:
    told = state.notices()
    if told and state.is_refusal():
        st.error(labels.plain(told), icon=":material/error:")
    elif told:
        st.info(labels.plain(told), icon=":material/info:")


def _render_empty() -> None:
    st.info(
        "No applications match these filters. Remove one, or reset them all.",
        icon=":material/filter_alt_off:",
    )

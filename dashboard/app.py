"""Scoreroom: the page config, the navigation, and the frame that every page stands in."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from typing import Literal

import streamlit as st

from dashboard import cache, choice, journal, state
from dashboard.app_pages import (
    applicant,
    applications,
    calibration,
    compare,
    cutoff,
    data_quality,
    discrimination,
    explanation,
    model_card,
    models,
    opening,
    overview,
    report,
    score_file,
    segments,
    settings,
    stability,
)
from dashboard.components.applicant.panel import render_applicant_panel
from dashboard.components.frame import PageSpec, render_page
from dashboard.components.held_file import file_to_show
from dashboard.components.library_menu import has_others
from dashboard.components.model_menu import follow_model
from dashboard.components.unobserved import render_bare
from dashboard.visit.visit import APPLICANT
from dashboard.words import labels
from data.errors import ScoreroomError
from data.settings import ROOT

_STATIC = ROOT / "dashboard" / "static"

APPLICANT_PAGE = PageSpec(
    "Applicant", "applicant", applicant.render, of_cohort=False, of_model=True, moves_with_cutoff=True
)
MODEL_PAGES = (
    PageSpec("Discrimination", "discrimination", discrimination.render, of_outcome=True),
    PageSpec("Calibration", "calibration", calibration.render, of_outcome=True, of_pd=True),
    PageSpec("Explanation", "explanation", explanation.render, of_model=True),
    PageSpec("Stability", "stability", stability.render),
    PageSpec("Compare", "compare", compare.render, is_compared=False, moves_with_cutoff=True),
    PageSpec("Models", "models", models.render, of_cohort=False, has_cutoff=False),
)
PORTFOLIO_PAGES = (
    PageSpec("Segments", "segments", segments.render, of_outcome=True, of_pd=True, moves_with_cutoff=True),
    PageSpec("Cutoff", "cutoff", cutoff.render, of_outcome=True, of_pd=True),
    PageSpec("Applications", "applications", applications.render, is_compared=False, moves_with_cutoff=True),
    PageSpec("Data quality", "data-quality", data_quality.render, of_cohort=False, has_cutoff=False),
    PageSpec("Report", "report", report.render, of_outcome=True, of_pd=True, moves_with_cutoff=True),
)
DECIDE_PAGES = (
    APPLICANT_PAGE,
    PageSpec("Score a file", "score-file", score_file.render, of_cohort=False, of_model=True, moves_with_cutoff=True),
)
OPEN_PAGE = PageSpec("Open", "open", opening.render, of_cohort=False, has_cutoff=False)
MORE_PAGES = (
    PageSpec("Model card", "model-card", model_card.render, of_cohort=False, has_cutoff=False, of_model=True),
    PageSpec("Settings", "settings", settings.render, of_cohort=False),
    OPEN_PAGE,
)
# A section is a menu of the top navigation, so that a new page needs no room of its own; one without a name is a link.
SECTIONS: Mapping[str, tuple[PageSpec, ...]] = {
    # The first page's address is the server's own.
    "": (PageSpec("Today", "", overview.render),),
    "Model": MODEL_PAGES,
    "Portfolio": PORTFOLIO_PAGES,
    "Decide": DECIDE_PAGES,
    "More": MORE_PAGES,
}
PAGES = tuple(page for pages in SECTIONS.values() for page in pages)


def main() -> None:
    """Write the current page and the side panel, or one sentence that says what is missing."""
    st.set_page_config(
        "Scoreroom", page_icon=str(_STATIC / "icon.svg"), layout="wide", initial_sidebar_state=_panel_at_first()
    )
    # Ahead of all that takes the browser long to draw: the first click may come before that.
    with st.container(key="visit-script"):
        st.html(f"<script>{(_STATIC / 'visit.js').read_text(encoding='utf-8')}</script>", unsafe_allow_javascript=True)
    st.logo(str(_STATIC / "logo.svg"), icon_image=str(_STATIC / "icon.svg"), size="large")
    try:
        choice.follow_portfolio()
        dataset = cache.open_dataset(choice.location(sys.argv[1:]))
        predictions = cache.predictions(dataset)
    except cache.BarePortfolioError as error:
        journal.warn("not_opened", state.who(), problem=type(error).__name__)
        render_bare(cache.definition(), str(error), cache.n_applications())
        _offer_way_back()
        return
    except ScoreroomError as error:
        journal.warn("not_opened", state.who(), problem=type(error).__name__)
        st.title("Scoreroom", anchor=False)
        st.error(labels.notice(str(error)), icon=":material/error:")
        st.caption("Fix this, then reload the page.")
        _offer_way_back()
        return
    # Held by this run, whatever becomes of the visit's hold on it meanwhile.
    file = file_to_show()
    state.open_visit(predictions if file is None else file.predictions, "" if file is None else file.token)
    dataset = follow_model(dataset)
    if file is None and dataset.model:
        state.take_columns(cache.predictions(dataset))
    shown_dataset = dataset if file is None else file.dataset
    shown_predictions = cache.predictions(shown_dataset)
    has_outcomes, has_pds = shown_predictions.source.has_outcomes, not shown_predictions.why_no_pd
    sections = {
        name: [
            _address(page, shown_dataset if page.of_cohort else dataset)
            for page in pages
            if (has_outcomes or not page.of_outcome) and (has_pds or not page.of_pd)
        ]
        for name, pages in sections_now().items()
    }
    shown = st.navigation(sections, position="top")
    shown.run()
    applicant_page = next(page for page in sections["Decide"] if page.url_path == APPLICANT_PAGE.path)
    with st.sidebar:
        render_applicant_panel(dataset, applicant_page, is_open=shown.url_path == applicant_page.url_path)
    state.write_address()
    cache.warm_up(dataset, is_whole=not cache.are_awaited())


def _offer_way_back() -> None:
    """Write a button that shows the server's own portfolio, where the visit has chosen one that cannot be shown."""
    if cache.chosen():
        st.button(f"Show {labels.plain(choice.base_name())}", on_click=choice.open_portfolio, args=("",))


def sections_now() -> Mapping[str, tuple[PageSpec, ...]]:
    """The sections of the navigation: what opens a file stands first as long as there is nothing else to show."""
    if has_others():
        return SECTIONS
    more = tuple(page for page in MORE_PAGES if page is not OPEN_PAGE)
    return {**SECTIONS, "": (OPEN_PAGE, *SECTIONS[""]), "More": more}


def _panel_at_first() -> Literal["expanded", "collapsed"]:
    """The applicant panel takes no room until it is asked for, by hand or by a link that names an applicant."""
    is_own_page = (st.context.url or "").endswith(f"/{APPLICANT_PAGE.path}")
    wanted = APPLICANT.name in st.query_params and not is_own_page
    found: Literal["expanded", "collapsed"] = st.session_state.setdefault(
        "panel.first", "expanded" if wanted else "collapsed"
    )
    return found


def _address(page: PageSpec, dataset: cache.Dataset) -> st.Page:
    return st.Page(partial(render_page, page, dataset), title=page.title, url_path=page.path, default=page is PAGES[0])


if __name__ == "__main__":
    main()

"""The applicant: score one application, change it, say why, what would change the decision, and document it."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, state
from dashboard.components.applicant.decision import render_decision_tab
from dashboard.components.applicant.form import render_form
from dashboard.components.applicant.panel import (
    REFERRED,
    pd_help,
    pd_title,
    placements,
    render_picks,
    render_published,
    render_referral,
    render_warnings,
    word_unknown,
)
from dashboard.components.applicant.people import render_people
from dashboard.components.applicant.record import render_human, render_opened, render_record, render_upload
from dashboard.components.applicant.scenarios import render_scenarios
from dashboard.components.applicant.sensitivity import render_sensitivity
from dashboard.components.applicant.view import ApplicantView, applicant_view, assess_or_refer
from dashboard.components.applicant.why import render_why
from dashboard.components.frame import View
from dashboard.components.metric_card import card_grid, render_metric
from dashboard.components.tabs import open_tab
from dashboard.visit import parameters
from dashboard.visit.drafts import Draft
from dashboard.words import labels
from data.errors import ScoreroomError
from inference.explain.assessment import ReferredError

_TABS = {
    "Why": render_why,
    "Decision": render_decision_tab,
    "Sensitivity": render_sensitivity,
    "People like this one": render_people,
    "Scenarios": render_scenarios,
    "Record": render_record,
}
# What can be said of an application that is not scored.
_WITHOUT_SCORE = ("Scenarios", "Record")
TAB = parameters.choice("appl.tab", tuple(_TABS))
_SIDES = [1, 1.9]


def render(page: View) -> None:
    """Write the page for `page`."""
    found = cache.applicants(page.dataset)
    if found.path is None:
        st.info(labels.plain(f"Scoring is off. {found.reason}"), icon=":material/info:")
        return
    draft = state.draft()
    try:
        view = applicant_view(page.dataset, draft, page.cutoff) if draft.applicant else None
    except ScoreroomError as error:
        st.error(labels.notice(str(error)), icon=":material/error:")
        return
    render_opened()
    if view is None:
        _render_nobody(page, draft)
    else:
        _render_applicant(view)
    render_upload(page.dataset)


def _render_nobody(page: View, draft: Draft) -> None:
    if draft.applicant:
        st.warning(word_unknown(page.dataset, draft), icon=":material/info:")
    else:
        st.info(
            "Press / or the search button above to find an application, or choose one of these.",
            icon=":material/person_search:",
        )
    render_picks(page.dataset, page.cutoff, place="page")


def _render_applicant(view: ApplicantView) -> None:
    _render_summary(view)
    with st.container(key="applicant-sides"):
        left, right = st.columns(_SIDES, gap="medium")
    with left:
        render_form(view)
    with right:
        name, place = open_tab(TAB)
        with place:
            if view.referral and name not in _WITHOUT_SCORE:
                st.info(f"{REFERRED}: nothing can be said here.", icon=":material/person_alert:")
            else:
                _TABS[name](view)


def _render_summary(view: ApplicantView) -> None:
    st.subheader(labels.plain(view.name), anchor=False)
    if view.referral:
        render_referral(view)
        st.caption("Fill in what is missing on the left; with enough known it is scored at once.")
    else:
        _render_score(view)
    render_warnings(view)
    render_human(view)
    _render_caution(view)


def _render_score(view: ApplicantView) -> None:
    standing = view.standing
    with card_grid("applicant", 4):
        filed = view.observed if standing.is_published else None
        more = labels.plain(f"{filed.whose}, as filed: {labels.percent(filed.default_probability)}") if filed else ""
        render_metric(pd_title(standing), standing.worded_pd, _before(view), more=more, help_text=pd_help(standing))
        more = f"cutoff {labels.cutoff_percent(view.cutoff, 2)}"
        render_metric("Decision", standing.worded_decision, standing.worded_distance, more=more)
        render_metric("Risk band", standing.risk_band, standing.worded_band)
        shares = {name: labels.placed_percent(share) for name, share in placements(view).items()}
        (name, share), *others = shares.items()
        also = " and ".join(f"{share} of {name}" for name, share in others)
        render_metric("Riskier than", share, f"of {name}", more=also)
    render_published(view)


def _before(view: ApplicantView) -> str:
    if not view.changed:
        return "typical values" if view.is_new else "values unchanged"
    before = assess_or_refer(view.base, view.cutoff)
    return f"before: {REFERRED if isinstance(before, ReferredError) else labels.percent(before.default_probability)}"


def _render_caution(view: ApplicantView) -> None:
    if view.is_new and not view.changed:
        st.caption(
            "Each value is typical of its field. No applicant has all of them at once: this is a starting point."
        )

"""The applicant: score one application, change it, say why, what would change the decision, and document it."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, labels, parameters, state
from dashboard.components.applicant.decision import render_decision_tab
from dashboard.components.applicant.form import render_form
from dashboard.components.applicant.panel import placements, render_picks, word_span, word_unknown
from dashboard.components.applicant.people import render_people
from dashboard.components.applicant.record import render_record, render_upload
from dashboard.components.applicant.scenarios import render_scenarios
from dashboard.components.applicant.sensitivity import render_sensitivity
from dashboard.components.applicant.view import ApplicantView, applicant_view
from dashboard.components.applicant.why import render_why
from dashboard.components.frame import View
from dashboard.components.metric_card import render_metric
from dashboard.components.tabs import open_tab
from data.errors import DataError

_TABS = {
    "Why": render_why,
    "Decision": render_decision_tab,
    "Sensitivity": render_sensitivity,
    "People like this one": render_people,
    "Scenarios": render_scenarios,
    "Record": render_record,
}
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
        view = applicant_view(page, draft) if draft.applicant else None
    except DataError as error:
        st.error(labels.plain(str(error)), icon=":material/error:")
        return
    if view is None:
        _render_nobody(page, draft.applicant)
    else:
        _render_applicant(view)
    render_upload(page.dataset)


def _render_nobody(page: View, applicant: str) -> None:
    if applicant:
        st.warning(word_unknown(applicant), icon=":material/info:")
    else:
        st.info("Choose an application in the side panel, or one of these.", icon=":material/person_search:")
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
            _TABS[name](view)


def _render_summary(view: ApplicantView) -> None:
    assessed, cutoff = view.assessed, view.page.cutoff
    st.subheader(view.name, anchor=False)
    cells = st.columns(4)
    with cells[0]:
        render_metric("PD", labels.percent(assessed.default_probability), _before(view))
    with cells[1]:
        side = "above" if assessed.is_declined else "below"
        render_metric(
            "Decision", "Declined" if assessed.is_declined else "Approved",
            f"{labels.points(abs(assessed.distance))} {side} {labels.percent(cutoff)}",
        )  # fmt: skip
    with cells[2]:
        edges = cache.open_session().manifest.band_edges
        render_metric("Risk band", assessed.risk_band, word_span(assessed.default_probability, edges))
    with cells[3]:
        shares = {name: labels.percent(share, 0) for name, share in placements(view.page.dataset, assessed).items()}
        (name, share), *others = shares.items()
        also = " and ".join(f"{share} of {name}" for name, share in others)
        render_metric("Riskier than", share, f"of {name}", more=also)


def _before(view: ApplicantView) -> str:
    if not view.changed:
        return "as in the file" if view.draft.identifier is not None else "typical values"
    before = cache.assess_values(view.base, view.page.cutoff).default_probability
    return f"{labels.percent(before)} before {labels.plural(len(view.changed), 'change')}"

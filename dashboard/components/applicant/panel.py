"""The side panel: one applicant, looked up or new, scored by the one session without rerunning the page behind it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import streamlit as st

from dashboard import cache, state
from dashboard.cohort.filters import Filters
from dashboard.cohort.lookup import Pick
from dashboard.cohort.rows import APPROVED, DECLINED
from dashboard.components.applicant.notes import forget_note
from dashboard.components.applicant.view import ApplicantView, applicant_view
from dashboard.metrics.placement import share_below
from dashboard.visit.drafts import LONGEST_ID, NEW, NO_EDITS, Draft, applicant_of
from dashboard.visit.visit import APPLICANT, EDITS
from dashboard.words import labels
from dashboard.words.reason_words import SENSITIVE_NOTE, word_reason
from data.errors import ScoreroomError
from inference.explain.assessment import Assessment
from inference.explain.reasons import COMBINATION
from inference.model.decision import declines

_SEARCH, _SHOWN, _SAID = "applicant.search", "applicant.shown", "applicant.said"
_PLAIN_NAME = re.compile(r"[^\W_]+(?:_[^\W_]+)*")
_SUGGESTIONS = 6
_REASONS = 3
REFERRED = "Referred, not scored"
_OUTCOMES = {True: "defaulted", False: "did not default", None: "has no outcome yet"}
DECISIONS = {True: DECLINED, False: APPROVED}
PUBLISHED = "PD, published model"
_PD_HELP = (
    "Probability of default by the published model, which was trained on the whole portfolio and scores new and "
    "changed applications. Reasons are its own."
)
FILED_HELP = {
    True: "By a model that had not seen this application. Tables and all other pages go by this one.",
    False: "As the imported predictions have it. Tables and all other pages go by this one.",
}
_ASK = "Type the beginning of an application's {called}, or choose one with a button."


def render_applicant_panel(dataset: cache.Dataset, own_page: st.Page, *, is_open: bool) -> None:
    """Write the panel for `dataset`, or one line that says why it is off.

    `own_page` is the applicant's page, and `is_open` whether it is the one behind the panel.
    """
    st.header("Applicant", anchor=False)
    found = cache.applicants(dataset)
    if found.path is None:
        st.caption(f"Scoring is off. {found.reason}")
        return
    if is_open:
        # The page shows the same applicant and has to follow.
        _render(dataset, state.cutoff(), None)
    else:
        st.fragment(_render, key="applicant-panel")(dataset, state.cutoff(), own_page)


def _render(dataset: cache.Dataset, cutoff: float, link: st.Page | None) -> None:
    _render_lookup(dataset)
    render_picks(dataset, cutoff, place="panel")
    if said := st.session_state.pop(_SAID, ""):
        st.warning(said, icon=":material/info:")
    state.write_address()
    typed, draft = st.session_state[_SEARCH].strip(), state.draft()
    if typed and typed != draft.identifier:
        _render_suggestions(dataset, typed)
    elif not draft.applicant:
        st.caption(_ASK.format(called=_called(dataset)))
    else:
        try:
            _render_applicant(dataset, draft, cutoff, link)
        except ScoreroomError as error:
            st.error(labels.plain(str(error)), icon=":material/error:")


def _render_lookup(dataset: cache.Dataset) -> None:
    shown = state.draft().identifier or ""
    # What is being typed stands until an application is chosen.
    if st.session_state.get(_SHOWN) != shown:
        st.session_state[_SHOWN] = st.session_state[_SEARCH] = shown
    st.text_input(
        _word_search(dataset),
        st.session_state.setdefault(_SEARCH, shown),
        key=_SEARCH,
        max_chars=LONGEST_ID,
        placeholder=f"for example {cache.first_id(dataset)}",
        live=True,
        on_change=_take_typed,
        args=(dataset,),
        type="search",
    )


def _called(dataset: cache.Dataset) -> str:
    return "number" if cache.has_number_ids(dataset) else "id"


def _word_search(dataset: cache.Dataset) -> str:
    """What an application is looked up by: its number or id, with the column that holds it."""
    name = cache.definition().id
    # Low lines between letters are no markup, and escaped they would be read out.
    shown = name if _PLAIN_NAME.fullmatch(name) else labels.plain(name)
    return f"Application {_called(dataset)} ({shown})"


def _take_typed(dataset: cache.Dataset) -> None:
    typed = st.session_state[_SEARCH].strip()
    if not typed:
        _choose("")
    elif tuple(map(str, cache.ids_beginning_with(dataset, typed, 2))) == (typed,):
        _choose(applicant_of(typed))


def _choose(applicant: str) -> None:
    forget_note(NEW)
    state.put({APPLICANT: applicant, EDITS: NO_EDITS})
    # The box then says what was chosen, whatever was typed.
    st.session_state.pop(_SHOWN, None)


def render_picks(dataset: cache.Dataset, cutoff: float, *, place: str) -> None:
    """Write the buttons that choose an application; `place` tells those of the panel from those of a page."""
    whose = "cohort" if state.filters() else "portfolio"
    told = {
        Pick.RANDOM: f"Any application of the {whose}",
        Pick.BORDERLINE: f"One of the applications of the {whose} whose PD (published model) is nearest to the cutoff",
        Pick.FIRST: f"The first application of the {whose}",
    }
    with st.container(horizontal=True, gap="xsmall", key=f"{place}-picks"):
        for pick, help_text in told.items():
            st.button(
                pick.value, key=f"{place}.{pick.name}", on_click=_pick, args=(dataset, pick, cutoff), help=help_text
            )
        st.button(
            "New",
            key=f"{place}.new",
            on_click=_choose,
            args=(NEW,),
            help="A new applicant, with typical values to begin with",
        )


def _pick(dataset: cache.Dataset, pick: Pick, cutoff: float) -> None:
    chosen = cache.pick_application(dataset, state.filters().at(cutoff), pick, cutoff, state.draft().applicant)
    if chosen is None:
        st.session_state[_SAID] = "The cohort is empty, so that no application can be picked."
    else:
        _choose(applicant_of(chosen))


def _render_suggestions(dataset: cache.Dataset, typed: str) -> None:
    draft = Draft(applicant_of(typed))
    if cache.identifier_of(dataset, draft.applicant) is None:
        st.warning(word_unknown(dataset, draft), icon=":material/info:")
        return
    found = cache.ids_beginning_with(dataset, typed, _SUGGESTIONS)
    if not found:
        st.warning(
            f"There is no application {labels.plain(typed)} in these predictions, and none whose {_called(dataset)} "
            "begins so.",
            icon=":material/info:",
        )
        return
    with st.container(horizontal=True, gap="xsmall", key="applicant-suggestions"):
        for identifier in found:
            st.button(
                labels.plain(str(identifier)),
                key=f"suggestion.{identifier}",
                on_click=_choose,
                args=(applicant_of(identifier),),
            )


def _render_applicant(dataset: cache.Dataset, draft: Draft, cutoff: float, link: st.Page | None) -> None:
    view = applicant_view(dataset, draft, cutoff)
    if view is None:
        st.warning(word_unknown(dataset, draft), icon=":material/info:")
        return
    with st.container(border=True, gap="small"):
        changed = f", {labels.plural(len(view.changed), 'value')} changed" if view.changed else ""
        st.caption(labels.plain(f"{view.name}{changed}"))
        if view.referral:
            render_referral(view)
        else:
            _render_score(view)
            _render_reasons(view)
        render_warnings(view)
        if link is not None:
            st.page_link(link, label="Explain, change, decide", icon=":material/person_search:")
    _render_provenance(view)


def _render_score(view: ApplicantView) -> None:
    assessed = view.assessed
    if view.filed is not None:
        _render_filed(view.filed, view.cutoff)
    digits = labels.telling_digits(assessed.default_probability, view.cutoff)
    st.metric(PUBLISHED, labels.percent(assessed.default_probability, digits), help=_PD_HELP)
    render_decision(assessed)
    whose = "" if view.filed is None else "Published model: "
    st.markdown(f"{whose}{word_distance(assessed)} the cutoff of {labels.cutoff_percent(view.cutoff, 2)}")
    spans = word_span(assessed.default_probability, cache.open_session().manifest.band_edges)
    st.caption(labels.plain(f"Risk band (published model) {assessed.risk_band} ({spans})"))
    shares = placements(view)
    told = " and ".join(f"{labels.percent(share, 0)} of {name}" for name, share in shares.items())
    st.caption(labels.plain(f"By the published model riskier than {told}"))


def _render_filed(filed: cache.Observed, cutoff: float) -> None:
    pd = filed.default_probability
    st.metric(
        f"PD, {filed.whose}",
        labels.percent(pd, labels.telling_digits(pd, cutoff)),
        help=FILED_HELP[filed.is_out_of_fold],
    )
    _render_badge(is_declined=declines(pd, cutoff))


def render_referral(view: ApplicantView) -> None:
    """Write that the application is not scored, and why."""
    st.badge(REFERRED, icon=":material/person_alert:", color="gray")
    st.markdown(labels.plain(view.referral))


def render_warnings(view: ApplicantView) -> None:
    """Write which values contradict one another, where any do."""
    if view.judged.warnings:
        told = "; ".join(view.judged.warnings)
        st.warning(labels.plain(f"Implausible together: {told}. Check these values."), icon=":material/rule:")


def word_decision(assessed: Assessment) -> str:
    """The decision in a word."""
    return DECISIONS[assessed.is_declined]


def word_distance(assessed: Assessment) -> str:
    """How far the PD lies from the cutoff, and on which side."""
    digits = labels.telling_digits(assessed.default_probability, assessed.cutoff)
    return f"{labels.points(abs(assessed.distance), digits)} {'above' if assessed.is_declined else 'below'}"


def word_unknown(dataset: cache.Dataset, draft: Draft) -> str:
    """Why there is no such application, as Markdown."""
    if cache.identifier_of(dataset, draft.applicant) is None:
        return "An application number holds digits only."
    return f"There is no application {labels.plain(draft.identifier or '')} in these predictions."


def render_decision(assessed: Assessment) -> None:
    """Write the decision as a badge."""
    _render_badge(is_declined=assessed.is_declined)


def _render_badge(*, is_declined: bool) -> None:
    if is_declined:
        st.badge(DECISIONS[True], icon=":material/block:", color="orange")
    else:
        st.badge(DECISIONS[False], icon=":material/check:", color="blue")


def placements(view: ApplicantView) -> dict[str, float]:
    """The share of the portfolio, and of the cohort on the screen where there is one, whose PD is lower."""
    filters = state.filters().at(view.cutoff)
    cohorts = {"the portfolio": Filters()} | ({"the cohort": filters} if filters else {})
    pd = view.assessed.default_probability
    shares = {name: share_below(cache.cohort_counts(view.dataset, of), pd) for name, of in cohorts.items()}
    return {name: share for name, share in shares.items() if share is not None}


def _render_reasons(view: ApplicantView) -> None:
    reasons = view.assessed.reasons[:_REASONS]
    if not reasons:
        return
    lines = [f"{word_decision(view.assessed)}{' by the published model' if view.filed else ''} mainly because of"]
    worded_reasons = [word_reason(reason, view.definition, view.values, None) for reason in reasons]
    for reason, worded in zip(reasons, worded_reasons, strict=True):
        value = "" if reason.field == COMBINATION else f": {labels.plain(worded.value)}"
        lines.append(f"- **{labels.plain(worded.label)}**{worded.mark}{value}")
    st.markdown("\n".join(lines))
    if any(worded.mark for worded in worded_reasons):
        st.caption(SENSITIVE_NOTE)


def _render_provenance(view: ApplicantView) -> None:
    found = view.observed
    if found is not None:
        # Who gave an imported PD, and what that had seen, is not known.
        whose = "given by a model that had not seen it" if found.is_out_of_fold else found.whose
        st.caption(
            f"In the portfolio this application has a PD of {labels.percent(found.default_probability)}, {whose}, and "
            f"{_OUTCOMES[found.defaulted]}."
        )
    session = cache.open_session()
    if session.fallback_reason:
        st.caption(labels.plain(f"Scored by {session.backend}: {session.fallback_reason}"))


def word_span(pd: float, edges: Sequence[float]) -> str:
    """The PDs that the risk band of a PD spans."""
    inside = [edge for edge in edges if edge <= pd][-1:], [edge for edge in edges if edge > pd][:1]
    match inside:
        case [], [high]:
            return f"PD below {labels.percent(high, 0)}"
        case [low], [high]:
            return f"PD from {labels.percent(low, 0)} to {labels.percent(high, 0)}"
        case _:
            return f"PD of {labels.percent(edges[-1], 0)} and more"

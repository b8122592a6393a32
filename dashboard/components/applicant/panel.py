"""The side panel: one applicant, looked up or new, scored by the one session without rerunning the page behind it."""

from __future__ import annotations

import re

import streamlit as st

from dashboard import cache, state
from dashboard.cohort.filters import Filters
from dashboard.cohort.lookup import Pick
from dashboard.components.applicant.notes import forget_note
from dashboard.components.applicant.standing import PUBLISHED, Standing, word_published
from dashboard.components.applicant.view import ApplicantView, applicant_view
from dashboard.metrics.placement import share_below
from dashboard.visit.drafts import LONGEST_ID, NEW, NO_EDITS, Draft, applicant_of
from dashboard.visit.visit import APPLICANT, EDITS, FILE
from dashboard.words import labels
from dashboard.words.reason_words import SENSITIVE_NOTE, word_reason
from data.errors import ScoreroomError
from inference.explain.reasons import COMBINATION

_SEARCH, _SHOWN, _SAID = "applicant.search", "applicant.shown", "applicant.said"
_PLAIN_NAME = re.compile(r"[^\W_]+(?:_[^\W_]+)*")
_SUGGESTIONS = 6
_REASONS = 3
REFERRED = "Referred, not scored"
_OUTCOMES = {True: "defaulted", False: "did not default", None: "has no outcome yet"}
_PD_HELP = {
    "out of fold": "By a model that had not seen this application. Tables and all other pages go by this PD.",
    "as imported": "As what was imported has it. Tables and all other pages go by this PD.",
    PUBLISHED: "By the published model, which was trained on the whole portfolio and scores edited and new "
    "applications.",
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
            st.error(labels.notice(str(error)), icon=":material/error:")


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
    whose = "cohort" if _filters(dataset, cutoff) else "portfolio"
    told = {
        Pick.RANDOM: f"Any application of the {whose}",
        Pick.BORDERLINE: f"One of the applications of the {whose} whose PD is nearest to the cutoff",
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


def _filters(dataset: cache.Dataset, cutoff: float) -> Filters:
    """The cohort on the screen; the whole portfolio where the screen shows a dropped file."""
    is_shown = state.get(FILE) == dataset.location.file
    return cache.resolved(dataset, state.filters(), cutoff) if is_shown else Filters()


def _pick(dataset: cache.Dataset, pick: Pick, cutoff: float) -> None:
    chosen = cache.pick_application(dataset, _filters(dataset, cutoff), pick, cutoff, state.draft().applicant)
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
    standing = view.standing
    st.metric(pd_title(standing), standing.worded_pd, help=pd_help(standing))
    if standing.is_declined:
        st.badge(standing.worded_decision, icon=":material/block:", color="orange")
    else:
        st.badge(standing.worded_decision, icon=":material/check:", color="blue")
    st.markdown(f"{standing.worded_distance} the cutoff of {labels.cutoff_percent(view.cutoff, 2)}")
    st.caption(labels.plain(f"Risk band {standing.risk_band} ({standing.worded_band})"))
    shares = placements(view)
    told = " and ".join(f"{labels.placed_percent(share)} of {name}" for name, share in shares.items())
    st.caption(labels.plain(f"Riskier than {told}"))
    render_published(view)


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def pd_title(standing: Standing) -> str:
    """The PD and whose it is."""
    return labels.plain(f"PD, {whose_in_words(standing)}")


def pd_help(standing: Standing) -> str:
    """What is known of the model that gave the PD."""
    if standing.is_published and (cache.chosen_model() or not cache.was_trained_here()):
        return f"By {labels.plain(cache.model_in_words())}, which scores edited and new applications."
    return _PD_HELP[standing.whose]


def whose_in_words(standing: Standing) -> str:
    """Whose the PD is."""
    is_of_other = standing.is_published and cache.chosen_model()
    return f"model {cache.chosen_model()}" if is_of_other else standing.whose


def render_published(view: ApplicantView) -> None:
    """Write what the published model gives where another PD stands, small; as a warning if it decides otherwise."""
    if view.standing.is_published:
        return
    disputed = cache.disputed_share(view.dataset, view.cutoff)
    told = labels.plain(
        word_published(
            view.standing,
            view.published,
            disputed,
            cache.chosen_model(),
            is_explained=view.assessed.explanation is not None,
            was_trained_here=cache.was_trained_here(),
        )
    )
    if view.is_disputed:
        st.warning(told, icon=":material/balance:")
    else:
        st.caption(told)


def render_referral(view: ApplicantView) -> None:
    """Write that the application is not scored, and why."""
    st.badge(REFERRED, icon=":material/person_alert:", color="gray")
    st.markdown(labels.plain(view.referral))


def render_warnings(view: ApplicantView) -> None:
    """Write which values contradict one another, where any do."""
    if view.judged.warnings:
        told = "; ".join(view.judged.warnings)
        st.warning(labels.plain(f"Implausible together: {told}. Check these values."), icon=":material/rule:")


def word_unknown(dataset: cache.Dataset, draft: Draft) -> str:
    """Why there is no such application, as Markdown."""
    if cache.identifier_of(dataset, draft.applicant) is None:
        return "An application number holds digits only."
    return f"There is no application {labels.plain(draft.identifier or '')} in these predictions."


def placements(view: ApplicantView) -> dict[str, float]:
    """The share of the portfolio, and of the cohort on the screen where there is one, whose PD is lower."""
    filters = _filters(view.dataset, view.cutoff)
    cohorts = {"the portfolio": Filters()} | ({"the cohort": filters} if filters else {})
    pd = view.standing.default_probability
    shares = {name: share_below(cache.cohort_counts(view.dataset, of), pd) for name, of in cohorts.items()}
    return {name: share for name, share in shares.items() if share is not None}


def _render_reasons(view: ApplicantView) -> None:
    reasons = view.assessed.reasons[:_REASONS]
    if not reasons:
        return
    published = view.published
    verb = "decline" if published.is_declined else "approve"
    lines = [
        f"{labels.plain(_capital(cache.model_in_words()))} would {verb} it mainly because of"
        if view.is_disputed
        else f"{published.worded_decision} mainly because of"
    ]
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

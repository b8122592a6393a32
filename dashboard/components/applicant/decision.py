"""The decision: its reasons beside what is typical of those approved, and what would change it."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, state
from dashboard.components.applicant.view import ApplicantView
from dashboard.components.applicant.why import why_unexplained
from dashboard.components.method import render_method
from dashboard.components.table import render_small_table
from dashboard.visit.drafts import Draft, make_edits
from dashboard.words import labels
from dashboard.words.field_words import word_stated
from dashboard.words.reason_words import REASONS_METHOD, SENSITIVE, SENSITIVE_NOTE, word_reason
from data.definition.columns import Kind
from data.definition.definition import Definition
from inference.explain.counterfactuals import Counterfactual, FieldChange
from inference.explain.reasons import Reason
from inference.explain.steps import FARTHEST


def render_decision_tab(view: ApplicantView) -> None:
    """Write the tab."""
    _render_reasons(view)
    st.divider()
    _render_changes(view)


def _render_reasons(view: ApplicantView) -> None:
    assessed = view.assessed
    title = "Principal reasons" if assessed.is_declined else "What keeps it approved"
    if view.is_disputed:
        title = f"What speaks {'against it' if assessed.is_declined else 'for it'} in {cache.model_in_words()}"
    st.subheader(labels.plain(title), anchor=False)
    if not assessed.reasons:
        st.info(labels.plain(f"There are no reasons to give. {_why_none(view)}"), icon=":material/info:")
        return
    rows = [_row(view, place, reason) for place, reason in enumerate(assessed.reasons, 1)]
    header = ["", "Field", "This applicant", "Typical of the just approved", "Odds"]
    render_small_table(header, rows, name=title)
    if any(field.endswith(SENSITIVE) for _, field, *_ in rows):
        st.caption(SENSITIVE_NOTE)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(REASONS_METHOD, width="stretch")
        render_method("Reasons of a decision", key="reasons")


def _row(view: ApplicantView, place: int, reason: Reason) -> tuple[str, ...]:
    worded = word_reason(reason, view.definition, view.values, cache.typical_of_reference(reason.field, view.cutoff))
    return (
        str(place),
        f"**{labels.plain(worded.label)}**{worded.mark}",
        labels.plain(worded.value),
        labels.plain(worded.typical),
        labels.odds(reason.excess),
    )


def _why_none(view: ApplicantView) -> str:
    if view.assessed.explanation is None:
        return why_unexplained()
    if cache.portfolio() is None:
        return cache.why_no_portfolio()
    reference = cache.reference(view.assessed.cutoff)
    if reference is None or not reference.n_applications:
        return "No application is approved at this cutoff."
    if view.assessed.is_declined:
        return "No field raises the log-odds beyond those of the applications that are just approved."
    return (
        "No field lowers the log-odds beyond those of the applications that are just approved with a value that is "
        "not typical of them and contradicts no other."
    )


def _none_found(definition: Definition, cutoff: str) -> str:
    others = [labels.plain(definition.column(lever.column).label) for lever in definition.levers]
    tried = ["no smaller loan", "no loan without what is sold on top of the goods", "no other term"]
    things = [*(tried if definition.loan else []), *([f"no change of {', '.join(others)}"] if others else [])]
    far = f" Amounts were tried up to {labels.percent(FARTHEST, 0)} away." if definition.loan else ""
    return f"None found: {', '.join(things)}, and no two of these, bring the PD below {cutoff}.{far}"


def _render_changes(view: ApplicantView) -> None:
    st.subheader("What would change the decision", anchor=False)
    cutoff = labels.cutoff_percent(view.cutoff, 2)
    if not view.standing.is_declined:
        st.caption(f"Approved at {cutoff}: nothing has to change.")
        return
    if view.is_disputed:
        st.caption(
            f"Not searched: changes are scored by {labels.plain(cache.model_in_words())}, whose PD of "
            f"{view.published.worded_pd} is below {cutoff} as it is."
        )
        return
    if not (view.definition.levers or view.definition.loan):
        st.info(
            "Not searched: the portfolio's definition names nothing that an applicant or an officer can change. "
            "Name it under [levers] in portfolio.toml.",
            icon=":material/block:",
        )
        return
    found = cache.changes_to_approve(view.values, view.cutoff)
    if not found:
        st.info(_none_found(view.definition, cutoff), icon=":material/block:")
        _render_closest(view)
    for place, change in enumerate(found):
        _render_change(view, place, change)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            ("The smallest changes" if found else "Of all changes that were tried, this one goes farthest: changes")
            + " of one or two things that can be acted on, each scored again."
            + (
                " The loan's amounts move together, and it stays one that the portfolio knows."
                if view.definition.loan
                else ""
            ),
            width="stretch",
        )
        render_method("What would change a decision", key="changes")


def _render_closest(view: ApplicantView) -> None:
    """Write how near all that was tried comes to the cutoff."""
    closest = cache.closest_to_approval(view.values, view.cutoff)
    if closest is None or closest.default_probability >= view.published.default_probability:
        st.caption("Nothing that was tried lowers the PD.")
        return
    st.markdown("The lowest PD reached:")
    _render_change(view, 0, closest)


def _render_change(view: ApplicantView, place: int, found: Counterfactual) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", border=True):
        words = word_changes(found, view.definition)
        digits = labels.telling_digits(found.default_probability, view.cutoff)
        st.markdown(f"{words}: PD **{labels.percent(found.default_probability, digits)}**", width="stretch")
        edits = make_edits(
            [*view.draft.edits, *((change.name, change.after) for change in found.changes)], view.definition, view.base
        )
        tried = Draft(view.draft.applicant, edits)
        st.button("Try it", key=f"try.{place}", on_click=state.put_draft, args=(tried,), icon=":material/edit:")


def word_changes(found: Counterfactual, definition: Definition) -> str:
    """All that changes in words, as Markdown."""
    *first, last = (word_change(change, definition) for change in found.changes)
    return f"{', '.join(first)} and {last}" if first else last


def word_change(change: FieldChange, definition: Definition) -> str:
    """A change in words, as Markdown."""
    column = definition.column(change.name)
    before, after = (labels.plain(word_stated(column, value, definition)) for value in (change.before, change.after))
    share = ""
    is_amount = column.kind is Kind.NUMERIC and change.before
    if is_amount and isinstance(change.before, int | float) and isinstance(change.after, int | float):
        share = f" ({change.after / change.before - 1:+.1%})".replace("-", "−").replace("%", " %")
    return f"**{labels.plain(column.label)}** {before} → {after}{share}"

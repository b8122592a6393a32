"""The decision: its reasons beside what is typical of those approved, and what would change it."""

from __future__ import annotations

import math

import streamlit as st

from dashboard import cache, labels, state
from dashboard.components.applicant.view import ApplicantView
from dashboard.components.applicant.why import NO_TREES
from dashboard.components.method import render_method
from dashboard.components.table import render_small_table
from dashboard.drafts import Draft, make_edits
from dashboard.field_words import word_field
from dashboard.reason_words import REASONS_METHOD, word_reason
from data import schema
from data.schema import Kind, Sensitivity
from inference.comparison import Typical, is_typical
from inference.counterfactuals import Counterfactual, FieldChange
from inference.loan_moves import FARTHEST
from inference.reasons import COMBINATION, Reason

_SENSITIVE, _TYPICAL = "†", "‡"


def render_decision_tab(view: ApplicantView) -> None:
    """Write the tab."""
    _render_reasons(view)
    st.divider()
    _render_changes(view)


def _render_reasons(view: ApplicantView) -> None:
    assessed = view.assessed
    st.subheader("Principal reasons" if assessed.is_declined else "What keeps it approved", anchor=False)
    if not assessed.reasons:
        st.info(labels.plain(f"There are no reasons to give. {_why_none(view)}"), icon=":material/info:")
        return
    told = [_row(view, place, reason) for place, reason in enumerate(assessed.reasons, 1)]
    header = ["", "Field", "This applicant", "Typical of the just approved", "Odds"]
    render_small_table(header, [row for row, _ in told])
    notes = {
        _SENSITIVE: "A sensitive attribute: have it reviewed before it is given as a reason.",
        _TYPICAL: "Common among the just approved, too: the model rates it safer than theirs on average.",
    }
    for mark, note in notes.items():
        if any(mark in marks for _, marks in told):
            st.caption(f"{mark} {note}")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(REASONS_METHOD, width="stretch")
        render_method("Reasons of a decision", key="reasons")


def _row(view: ApplicantView, place: int, reason: Reason) -> tuple[tuple[str, ...], str]:
    """A reason as a row of the table, and the marks of the notes that belong to it."""
    typical = cache.typical_of_reference(reason.field, view.cutoff)
    worded = word_reason(reason, view.values, typical)
    marks = "" if reason.field == COMBINATION else _marks(view, schema.column(reason.field), typical)
    cells = (
        str(place), f"**{labels.plain(worded.label)}**{marks}", labels.plain(worded.value),
        labels.plain(worded.typical), f"×\u00a0{math.exp(reason.excess):.2f}",
    )  # fmt: skip
    return cells, marks


def _marks(view: ApplicantView, column: schema.Column, typical: Typical | None) -> str:
    marks = _SENSITIVE if column.sensitivity is Sensitivity.SENSITIVE else ""
    # Of what keeps an application approved alone: a reason to decline is never typical.
    return marks + (_TYPICAL if typical and is_typical(column, view.values.get(column.name), typical) else "")


def _why_none(view: ApplicantView) -> str:
    if view.assessed.explanation is None:
        return NO_TREES
    if cache.portfolio() is None:
        return cache.why_no_portfolio()
    reference = cache.reference(view.assessed.cutoff)
    if reference is None or not reference.n_applications:
        return "No application is approved at this cutoff."
    side = "raises" if view.assessed.is_declined else "lowers"
    return f"No field {side} the log-odds beyond those of the applications that are just approved."


def _render_changes(view: ApplicantView) -> None:
    st.subheader("What would change the decision", anchor=False)
    cutoff = labels.cutoff_percent(view.cutoff, 2)
    if not view.assessed.is_declined:
        st.caption(f"Approved at {cutoff}: nothing has to change.")
        return
    found = cache.changes_to_approve(view.values, view.cutoff)
    if not found:
        st.info(
            "None found: no smaller loan, no loan without what is sold on top of the goods, no other term, no phone "
            f"number or document, and no two of these, bring the PD below {cutoff}. Amounts were tried up to "
            f"{labels.percent(FARTHEST, 0)} away.",
            icon=":material/block:",
        )
    for place, change in enumerate(found):
        _render_change(view, place, change)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            "The smallest changes of one or two things that can be acted on, each scored again. The loan's amounts "
            "move together, and it stays one that the portfolio knows.",
            width="stretch",
        )
        render_method("What would change a decision", key="changes")


def _render_change(view: ApplicantView, place: int, found: Counterfactual) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", border=True):
        words = word_changes(found)
        digits = labels.telling_digits(found.default_probability, view.cutoff)
        st.markdown(f"{words}: PD **{labels.percent(found.default_probability, digits)}**", width="stretch")
        edits = make_edits([*view.draft.edits, *((change.name, change.after) for change in found.changes)], view.base)
        tried = Draft(view.draft.applicant, edits)
        st.button("Try it", key=f"try.{place}", on_click=state.put_draft, args=(tried,), icon=":material/edit:")


def word_changes(found: Counterfactual) -> str:
    """All that changes in words, as Markdown."""
    *first, last = (word_change(change) for change in found.changes)
    return f"{', '.join(first)} and {last}" if first else last


def word_change(change: FieldChange) -> str:
    """A change in words, as Markdown."""
    column = schema.column(change.name)
    if column.kind is Kind.FLAG:
        given = "provided" if column.name.startswith("FLAG_DOCUMENT") else ""
        return f"**{labels.plain(column.label)}** {given}".rstrip()
    before, after = (labels.plain(word_field(column, value)) for value in (change.before, change.after))
    share = ""
    if isinstance(change.before, int | float) and isinstance(change.after, int | float) and change.before:
        share = f" ({change.after / change.before - 1:+.1%})".replace("-", "−").replace("%", " %")
    return f"**{labels.plain(column.label)}** {before} → {after}{share}"

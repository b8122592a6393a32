"""The decision: its reasons beside what is typical of those approved, and what would change it."""

from __future__ import annotations

import math

import streamlit as st

from dashboard import cache, labels, state
from dashboard.components.applicant.view import ApplicantView
from dashboard.components.method import render_method
from dashboard.drafts import make_edits
from dashboard.field_words import word_field
from dashboard.reason_words import REASONS_METHOD, word_typical
from dashboard.visit import EDITS
from data import schema
from data.schema import Kind, Sensitivity
from inference.counterfactuals import LEVERS, Counterfactual, FieldChange

_SENSITIVE = "†"


def render_decision_tab(view: ApplicantView) -> None:
    """Write the tab."""
    _render_reasons(view)
    st.divider()
    _render_changes(view)


def _render_reasons(view: ApplicantView) -> None:
    assessed = view.assessed
    st.subheader("Principal reasons" if assessed.is_declined else "What keeps it approved", anchor=False)
    if not assessed.reasons:
        found = cache.portfolio()
        why = cache.model_contributions().reason if found is None else "No application is approved at this cutoff."
        st.info(labels.plain(f"There are no reasons to give. {why}"), icon=":material/info:")
        return
    rows = ["| | Field | This applicant | Typical of the approved | Odds |", "|---|---|---|---|---|"]
    is_sensitive = False
    for place, reason in enumerate(assessed.reasons, 1):
        column = schema.column(reason.field)
        mark = _SENSITIVE if column.sensitivity is Sensitivity.SENSITIVE else ""
        is_sensitive |= bool(mark)
        typical = cache.typical_of_approved(column.name, assessed.cutoff)
        own = word_field(column, view.values.get(column.name))
        cells = [
            f"{place}", f"**{labels.plain(column.label)}**{mark}", labels.plain(own),
            labels.plain(word_typical(column, typical)) if typical else labels.NOT_DEFINED,
            f"×\u00a0{math.exp(reason.excess):.2f}",
        ]  # fmt: skip
        rows.append(f"| {' | '.join(cells)} |")
    st.markdown("\n".join(rows))
    if is_sensitive:
        st.caption(f"{_SENSITIVE} A sensitive attribute: have it reviewed before it is given as a reason.")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(REASONS_METHOD, width="stretch")
        render_method("Reasons of a decision", key="reasons")


def _render_changes(view: ApplicantView) -> None:
    st.subheader("What would change the decision", anchor=False)
    cutoff = labels.percent(view.page.cutoff)
    if not view.assessed.is_declined:
        st.caption(f"Approved at {cutoff}: nothing has to change.")
        return
    found = cache.changes_to_approve(view.values, view.page.cutoff)
    if not found:
        levers = ", ".join(schema.column(lever.name).label.lower() for lever in LEVERS)
        st.info(
            f"None found: no change of one or two of {levers} brings the PD below {cutoff}.", icon=":material/block:"
        )
    for place, change in enumerate(found):
        _render_change(view, place, change)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            "The smallest changes of one or two fields that can be acted on, each scored again.", width="stretch"
        )
        render_method("What would change a decision", key="changes")


def _render_change(view: ApplicantView, place: int, found: Counterfactual) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", border=True):
        words = " and ".join(word_change(change) for change in found.changes)
        st.markdown(f"{words}: PD **{labels.percent(found.default_probability)}**", width="stretch")
        edits = make_edits([*view.draft.edits, *((change.name, change.after) for change in found.changes)], view.base)
        st.button("Try it", key=f"try.{place}", on_click=state.put, args=({EDITS: edits},), icon=":material/edit:")


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

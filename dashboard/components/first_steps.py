"""What a reader can do here, in three lines with the portfolio's own figures, until there is a portfolio of theirs."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, choice
from dashboard.components.findings import Goal, open_page
from dashboard.components.frame import View
from dashboard.components.library_menu import has_others
from dashboard.words import labels

_DISMISSED = "portfolio.first-steps"


def render_first_steps(view: View) -> None:
    """Write the lines on the embedded portfolio, as long as nothing else was opened and nobody put them away."""
    is_first = choice.is_base_embedded() and not cache.chosen() and not view.dataset.location.file
    if not is_first or view.cohort.filters or has_others() or st.session_state.get(_DISMISSED):
        return
    with st.container(key="first-head", horizontal=True, vertical_alignment="center"):
        st.markdown("**What can I do here?**", width="stretch")
        st.button("Put away", key="first.away", type="tertiary", icon=":material/close:", on_click=_put_away)
    with st.container(key="first-lines", gap=None):
        for title, path, line in _lines(view):
            if st.button(
                f"{line} :small[:blue[{title}\u00a0→]]", key=f"first.{path}", type="tertiary", width="stretch"
            ):
                open_page(Goal(title, path, {}))


def _put_away() -> None:
    st.session_state[_DISMISSED] = True


def _lines(view: View) -> tuple[tuple[str, str, str], ...]:
    counts, auc = view.counts, view.evaluation.roc_auc.value
    rows = labels.count(counts.n_applications)
    rate = labels.percent(counts.n_bad / max(counts.n_good + counts.n_bad, 1), 1)
    ranked = "" if auc is None else f" and see what an AUC of {auc:.3f} is worth"
    return (
        (
            "Discrimination",
            "discrimination",
            f"**Judge a model**: {rows} synthetic applications, {rate} defaults, are open; look at them{ranked}",
        ),
        (
            "Open",
            "open",
            "**Bring your own**: drop a file of scores and outcomes, or of applications to train a model on",
        ),
        ("Score a file", "score-file", "**Decide**: score new applications with this model, each with its reasons"),
    )

"""Findings as rows, each with a button that opens the page set up for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard import state
from dashboard.components.method import render_method
from dashboard.metrics.findings import Fault, Finding, Findings
from dashboard.visit.parameters import Parameter
from dashboard.words import finding_words, labels


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a finding leads: a page's title and path, and the values that set it up."""

    title: str
    path: str
    values: Mapping[Parameter[Any], Any]


def render_findings(found: Findings, goals: Mapping[Finding, Goal], currency: str) -> None:
    """Write a line for each finding, which opens the page that shows it, and how many checks were run."""
    with st.container(key="findings", gap=None):
        for place, finding in enumerate(found.shown):
            _render_row(place, finding, goals[finding], currency)
    with st.container(key="findings-foot", horizontal=True, vertical_alignment="center", gap="small"):
        more = f" {labels.plural(found.n_more, 'smaller finding')} not shown." if found.n_more else ""
        st.caption(f"{finding_words.budget(found)}{more}")
        render_method("Findings", key="findings")


def _render_row(place: int, finding: Finding, goal: Goal, currency: str) -> None:
    told = labels.plain(finding_words.title(finding, currency))
    proof = labels.plain(finding_words.evidence(finding, currency))
    # One element a finding: the whole line is the button.
    if st.button(
        f"**{told}** :small[:gray[{proof}]] :small[:blue[{goal.title}\u00a0→]]",
        key=f"finding.{place}",
        type="tertiary",
        icon=_ICONS.get(finding.fault, ":material/straighten:"),
        width="stretch",
    ):
        open_page(goal)


def open_page(goal: Goal) -> None:
    """Open the page that `goal` names, set up as it says."""
    state.put(goal.values)
    # Pages are told apart by their paths alone.
    st.switch_page(st.Page(_nothing, title=goal.title, url_path=goal.path))


def _nothing() -> None:
    """Stand for a page that is registered already."""


_ICONS = {
    Fault.LEAK: ":material/policy_alert:",
    Fault.REVERSED: ":material/swap_vert:",
    Fault.CUTOFF: ":material/content_cut:",
    Fault.LOSS: ":material/trending_down:",
    Fault.RANKING: ":material/sort:",
    Fault.SHIFT: ":material/compare_arrows:",
    Fault.REJECTS: ":material/upload_file:",
}

"""Whether two models give the same reasons: how often, and which fields stand in for which."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from dashboard import cache
from dashboard.charts.template import Table
from dashboard.components.figure import render_tools
from dashboard.components.frame import View
from dashboard.components.metric_card import card_grid, render_estimate
from dashboard.components.table import render_small_table
from dashboard.metrics.paired_reasons import MOST_STAND_INS, ReasonAgreement
from dashboard.words import labels, paired_words
from data.errors import ScoreroomError

_ICON = ":material/info:"
_WHOSE = {"declined": "the applications that either model declines", "all": "all applications of the cohort"}


def render_reasons(view: View, key: cache.Pair, cutoffs: tuple[float, float]) -> None:
    """Write how far the reasons of a pair of models agree, or why that cannot be said."""
    reason = cache.why_no_reasons(key)
    if reason:
        st.info(f"The reasons of these two models cannot be compared. {labels.notice(reason)}", icon=_ICON)
        return
    if not _are_wanted(view, key, cutoffs):
        return
    try:
        with st.spinner("Naming the reasons of every application ...", show_time=True):
            found = cache.compared_reasons(key, cutoffs, view.evaluation.assumptions.terms)
    except ScoreroomError as error:
        st.error(labels.notice(str(error)), icon=":material/error:")
        return
    _render(found, (key.one, key.two), lambda name: view.definition.column(name).label)


def _are_wanted(view: View, key: cache.Pair, cutoffs: tuple[float, float]) -> bool:
    """Whether the reasons are at hand, or were asked for just now: for a large table that takes a while."""
    if cache.are_reasons_named(key, cutoffs):
        return True
    number = labels.plural(view.predictions.frame.height, "application")
    place = st.empty()
    with place.container():
        left, right = st.columns([0.28, 0.72], vertical_alignment="center")
        asked = left.button("Compare the reasons", icon=":material/checklist:", key="compare.reasons", width="stretch")
        right.caption(
            f"The reasons of {number} are named anew for each cutoff: a few seconds for every 100,000. "
            "Other cohorts are then shown at once."
        )
    if asked:
        place.empty()
    return asked


def _render(found: ReasonAgreement, names: tuple[str, str], title_of: Callable[[str], str]) -> None:
    sentence = paired_words.reasons_verdict(found, title_of)
    if sentence:
        st.markdown(labels.plain(sentence))
    parts = {"declined": found.declined, "all": found.whole}
    with card_grid("paired-reasons", 4):
        for words, part in parts.items():
            told = _WHOSE[words]
            render_estimate(
                f"Same strongest reason, {words}",
                part.first,
                labels.brief_percent,
                help_text=f"The share whose strongest reason is the same field under both models, of {told}.",
            )
            render_estimate(
                f"Overlap of reasons, {words}",
                part.overlap,
                labels.brief_percent,
                help_text="Of the fields that either model names among its first four, the share that both name: the "
                f"mean of {told}.",
            )
    st.caption(_notes(found, names))
    table = _tabulate(found, names, title_of)
    if found.stand_ins:
        # As text, whose columns wrap on a phone.
        render_small_table(
            tuple(map(labels.plain, table)),
            zip(*(_worded(column) for column in table.values()), strict=True),
            name="Fields that stand in for each other",
        )
    render_tools(
        "Fields that stand in for each other",
        table,
        key="compare.reasons",
        method="Agreement of reasons",
        file_name="stand-ins",
    )


def _notes(found: ReasonAgreement, names: tuple[str, str]) -> str:
    one, two = (labels.plain(name) for name in names)
    left_out, declined = found.whole.n_unnamed, found.declined.n_unnamed
    return (
        f"Fields read: {found.n_fields[0]} by {one}, {found.n_fields[1]} by {two}, {found.n_shared} by both. "
        f"Left out are {labels.plural(left_out, 'application')} for which one names no "
        f"field, {labels.count(declined)} of them declined by either. The table has the {MOST_STAND_INS} commonest "
        "pairs of strongest reasons over all applications."
    )


def _worded(column: Sequence[object]) -> list[str]:
    return [labels.count(each) if isinstance(each, int) else labels.plain(str(each)) for each in column]


def _tabulate(found: ReasonAgreement, names: tuple[str, str], title_of: Callable[[str], str]) -> Table:
    return {
        f"{names[0]} says": [title_of(each.one) for each in found.stand_ins],
        f"{names[1]} says": [title_of(each.two) for each in found.stand_ins],
        "Applications": [round(each.n) for each in found.stand_ins],
        "Of these declined by either": [round(each.n_declined) for each in found.stand_ins],
    }

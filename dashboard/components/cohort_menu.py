"""Named cohorts: keep the one on the screen, choose one again, take them out and in as a file, compare with one."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard import state
from dashboard.cache import definition
from dashboard.cohort.filters import Filters
from dashboard.components.files import offer_file, taking_in
from dashboard.visit import links
from dashboard.visit.links import Cohort, LinkError
from dashboard.visit.visit import AGAINST, COHORTS, REST, WHOLE
from dashboard.words import labels
from data.predictions.table import Predictions

_NAME, _FILE = "cohorts.name", "cohorts.file"
_LARGEST_FILE = 1
_FIXED = {"": "No comparison", REST: "vs the rest", WHOLE: "vs the portfolio"}


def render_cohort_menu(predictions: Predictions) -> None:
    """Write the menu of named cohorts."""
    kept = state.kept(COHORTS)
    menu = st.popover("Cohorts", icon=":material/bookmarks:", key="cohorts", on_change="rerun")
    if menu.open:
        with menu, st.container(width=420):
            _render_keeping()
            for cohort in kept:
                _render_kept(cohort)
            _render_files(predictions, kept)


def _render_keeping() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("Name of the cohort on the screen", key=_NAME, max_chars=links.LONGEST_NAME)
        st.button("Keep", on_click=_keep, icon=":material/bookmark_add:")


def _keep() -> None:
    name = links.clean_name(st.session_state[_NAME])
    if not name:
        state.notify(["A cohort that is to be kept needs a name."])
        return
    state.keep(COHORTS, [Cohort(name, state.filters())])
    st.session_state[_NAME] = ""


def _render_kept(cohort: Cohort) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        chosen = cohort.filters == state.filters()
        st.button(
            labels.plain(cohort.name),
            key=f"cohorts.choose.{cohort.name}",
            width="stretch",
            disabled=chosen,
            on_click=state.set_filters,
            args=(cohort.filters,),
            help="Show this cohort",
        )
        st.button(
            "Forget",
            key=f"cohorts.drop.{cohort.name}",
            on_click=state.drop,
            args=(COHORTS, cohort.name),
            icon=":material/delete:",
            type="tertiary",
            help=f"Forget {labels.plain(cohort.name)}",
        )


def _render_files(predictions: Predictions, kept: tuple[Cohort, ...]) -> None:
    if kept:
        offer_file(
            "Export as JSON",
            partial(links.write_cohorts, kept),
            "cohorts.json",
            "application/json",
            what="cohorts",
            facts={"cohorts": len(kept)},
        )
    st.file_uploader(
        "Import cohorts (JSON)",
        type="json",
        key=_FILE,
        on_change=_import,
        args=(predictions,),
        max_upload_size=_LARGEST_FILE,
    )


def _import(predictions: Predictions) -> None:
    uploaded = st.session_state[_FILE]
    if uploaded is None:
        return
    columns = {column.name: column for column in predictions.cohort_columns}
    try:
        with taking_in("cohorts", uploaded) as facts:
            cohorts, problems = links.read_cohorts(uploaded.getvalue(), columns, definition())
            facts["cohorts"] = len(cohorts)
    except LinkError as error:
        state.notify([str(error)], is_refusal=True)
        return
    state.keep(COHORTS, cohorts)
    state.notify(problems, ignored_in="file")


def render_comparison() -> None:
    """Write the choice of what the cohort is compared with."""
    names = labels.distinct(_FIXED | {cohort.name: f"vs {cohort.name}" for cohort in state.kept(COHORTS)}, "cohort")
    st.selectbox(
        "Compare with",
        format_func=names.__getitem__,
        label_visibility="collapsed",
        **state.select_widget(AGAINST, list(names)),
    )


def compared() -> Cohort | None:
    """The cohort that the one on the screen is compared with; None where that is nothing, or the very same."""
    chosen, shown = state.get(AGAINST), state.filters()
    found = {
        REST: Cohort("Rest", shown.rest()) if shown else None,
        WHOLE: Cohort("Portfolio", Filters()),
    } | {cohort.name: cohort for cohort in state.kept(COHORTS)}
    against = found.get(chosen)
    return None if against is None or against.filters == shown else against

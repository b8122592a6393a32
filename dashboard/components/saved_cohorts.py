"""Saved cohorts: save the one on the screen, open, rename, annotate, duplicate and delete them, share, export."""

from __future__ import annotations

import html
from collections.abc import Callable
from functools import partial

import streamlit as st

from dashboard import state
from dashboard.cache import definition
from dashboard.cohort.filters import Filters
from dashboard.components.files import offer_file, taking_in
from dashboard.visit import links
from dashboard.visit.links import Cohort, LinkError
from dashboard.visit.visit import COHORTS, FILE
from dashboard.words import labels
from data.predictions.table import Predictions

_NAME, _FILE, _EDITED = "cohorts.name", "cohorts.file", "cohorts.edited"
_LARGEST_FILE = 1
# What it copies is the link below it (static/visit.js), which a reader whose browser forbids that can mark.
_COPY_LINK = (
    '<button type="button" class="bar-button copy-link" data-link="{}">Copy link to what is on the screen</button>'
)


def render_saved_cohorts(predictions: Predictions, word: Callable[[Filters], str]) -> None:
    """Write the menu of saved cohorts; `word` says what a cohort's filters are."""
    menu = st.popover("Cohorts", icon=":material/bookmarks:", key="cohorts", on_change="rerun")
    if menu.open:
        saved = state.kept(COHORTS)
        with menu, st.container(width=460):
            _render_saving()
            for cohort in saved:
                _render_saved(cohort)
            _render_recent(word)
            st.html(_COPY_LINK.format(html.escape(state.link())))
            if state.get(FILE):
                st.caption("A dropped file stays in this visit: elsewhere the link says that it is not there.")
            st.code(state.link(), language=None, wrap_lines=True)
            _render_files(predictions, saved)


def _render_saving() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("Save cohort as", key=_NAME, max_chars=links.LONGEST_NAME)
        st.button("Save", on_click=_save, icon=":material/bookmark_add:", key="cohorts.save")
    if state.get(FILE):
        st.caption("Cohorts of a dropped file are kept as long as the file.")


def _save() -> None:
    name = links.clean_name(st.session_state[_NAME])
    if not name:
        state.notify(["Give the cohort a name to save it."])
        return
    replaced = [each for each in state.kept(COHORTS) if each.name == name and each.filters != state.filters()]
    note = replaced[0].note if replaced else ""
    if state.save([Cohort(name, state.filters(), note)]):
        st.session_state[_NAME] = ""
        if replaced:
            state.notify([f"{name} now holds the cohort on the screen."])


def _render_saved(cohort: Cohort) -> None:
    name = labels.plain(cohort.name)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            name,
            key=f"cohorts.choose.{cohort.name}",
            width="stretch",
            disabled=cohort.filters == state.filters(),
            on_click=state.set_filters,
            args=(cohort.filters,),
            help=labels.plain(cohort.note) or "Show this cohort",
        )
        st.button(
            "Edit",
            key=f"cohorts.more.{cohort.name}",
            type="tertiary",
            on_click=_toggle,
            args=(cohort.name,),
            help=f"Rename, annotate, duplicate or delete {name}",
        )
    if st.session_state.get(_EDITED) == cohort.name:
        _render_changes(cohort)


def _toggle(name: str) -> None:
    st.session_state[_EDITED] = None if st.session_state.get(_EDITED) == name else name


def _render_changes(cohort: Cohort) -> None:
    name_key, note_key = f"cohorts.rename.{cohort.name}", f"cohorts.note.{cohort.name}"
    with st.container(border=True, gap="small"):
        st.text_input(
            "Name", cohort.name, key=name_key, max_chars=links.LONGEST_NAME, on_change=_rename, args=(cohort,)
        )
        st.text_area(
            "Note",
            cohort.note,
            key=note_key,
            max_chars=links.LONGEST_NOTE,
            on_change=_annotate,
            args=(cohort,),
            height=68,
        )
        with st.container(horizontal=True):
            if not cohort.is_saved:
                st.button("Save a copy of my own", key=f"cohorts.keep.{cohort.name}", on_click=_adopt, args=(cohort,))
            st.button("Duplicate", key=f"cohorts.copy.{cohort.name}", on_click=_duplicate, args=(cohort,))
            st.button(
                "Delete",
                key=f"cohorts.drop.{cohort.name}",
                on_click=state.delete,
                args=(cohort.name,),
                icon=":material/delete:",
            )


def _adopt(cohort: Cohort) -> None:
    state.save([cohort])


def _rename(cohort: Cohort) -> None:
    name = links.clean_name(st.session_state[f"cohorts.rename.{cohort.name}"])
    if name and name != cohort.name and state.rename(cohort.name, name):
        st.session_state[_EDITED] = name


def _annotate(cohort: Cohort) -> None:
    note = links.clean_note(st.session_state[f"cohorts.note.{cohort.name}"])
    state.save([Cohort(cohort.name, cohort.filters, note)])


def _duplicate(cohort: Cohort) -> None:
    taken = {each.name for each in state.kept(COHORTS)}
    state.save([Cohort(links.free_name(cohort.name, taken), cohort.filters, cohort.note)])


def _render_recent(word: Callable[[Filters], str]) -> None:
    recent = state.recent()
    if recent:
        st.caption("Looked at lately")
    for i, chosen in enumerate(recent):
        st.button(
            labels.plain(word(chosen)),
            key=f"cohorts.recent.{i}",
            width="stretch",
            type="tertiary",
            on_click=state.set_filters,
            args=(chosen,),
        )


def _render_files(predictions: Predictions, saved: tuple[Cohort, ...]) -> None:
    if saved:
        offer_file(
            "Export as JSON",
            partial(links.write_cohorts, saved),
            "cohorts.json",
            "application/json",
            what="cohorts",
            facts={"cohorts": len(saved)},
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
    try:
        with taking_in("cohorts", uploaded) as facts:
            cohorts, problems = links.read_cohorts(uploaded.getvalue(), predictions.filter_columns, definition())
            facts["cohorts"] = len(cohorts)
    except LinkError as error:
        state.notify([str(error)], is_refusal=True)
        return
    if state.save(cohorts):
        state.notify(problems, ignored_in="file")

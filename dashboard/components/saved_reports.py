"""Saved reports: recipes kept on the server for this reader, opened, made again, renamed, deleted, taken along."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from dashboard import cache, journal, state
from dashboard.components.files import offer_file, taking_in
from dashboard.report.recipe import Recipe, read_recipe
from dashboard.visit import links
from dashboard.visit.saved import Saved, SavedReports
from dashboard.visit.store import SavedError
from dashboard.words import labels
from data.definition.definition import Definition
from data.errors import ScoreroomError

_NAME, _FILE, _EDITED = "report.save.name", "report.file", "report.edited"
_LARGEST_MB = 1
Take = Callable[[Recipe], None]


def render_saved_reports(definition: Definition, *, show: Take, again: Take) -> None:
    """List what this reader saved: a click on a name lets `show` open its recipe, and Make again has it made."""
    for each in _saved():
        name = labels.plain(each.name)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            act = partial(_use, each, definition)
            st.button(name, key=f"report.open.{each.name}", on_click=act, args=(show,), help="Open it", width="stretch")
            st.button(
                "Make again",
                key=f"report.again.{each.name}",
                icon=":material/refresh:",
                on_click=act,
                args=(again,),
                help="On today's data",
            )
            st.button("Edit", key=f"report.edit.{each.name}", type="tertiary", on_click=_toggle, args=(each.name,))
        if st.session_state.get(_EDITED) == each.name:
            _render_changes(each.name)


def render_saving(recipe: Recipe, definition: Definition, *, show: Take, disabled: bool) -> None:
    """Write the menu that saves `recipe` on the server or as a file, and opens one from a file with `show`."""
    with st.popover("Save", icon=":material/save:", key="report.save"):
        if state.reader():
            with st.container(horizontal=True, vertical_alignment="bottom"):
                st.text_input("Save this report as", key=_NAME, max_chars=links.LONGEST_NAME, placeholder=recipe.title)
                st.button("Save", key="report.save.now", on_click=_save, args=(recipe,), disabled=disabled)
        else:
            st.caption("This browser sends no cookie, so that nothing can be saved here; take the recipe as a file.")
        offer_file(
            "Recipe as JSON",
            recipe.to_json,
            "report-recipe.json",
            "application/json",
            what="recipe",
            key="report.json",
            disabled=disabled,
        )
        st.file_uploader(
            "Open a recipe (JSON)",
            type="json",
            key=_FILE,
            on_change=_open_file,
            args=(definition, show),
            max_upload_size=_LARGEST_MB,
        )


def _render_changes(name: str) -> None:
    key = f"report.rename.{name}"
    with st.container(border=True, horizontal=True, vertical_alignment="bottom", gap="small"):
        st.text_input("Name", name, key=key, max_chars=links.LONGEST_NAME, on_change=_rename, args=(name,))
        st.button("Delete", key=f"report.delete.{name}", icon=":material/delete:", on_click=_delete, args=(name,))


def _saved() -> tuple[Saved, ...]:
    if not state.reader():
        return ()
    try:
        return cache.saved_reports().of(state.reader())
    except SavedError as error:
        journal.warn("saved_reports_not_read", state.who(), problem=type(error).__name__)
        st.warning(labels.notice(str(error)), icon=":material/error:")
        return ()


def _use(saved: Saved, definition: Definition, take: Take) -> None:
    try:
        recipe = read_recipe(saved.content.encode(), f"{saved.name}.json", definition)
    except ScoreroomError as error:
        state.notify([str(error)], is_refusal=True)
        return
    take(recipe)


def _save(recipe: Recipe) -> None:
    name = links.clean_name(st.session_state[_NAME]) or links.clean_name(recipe.title)
    if _change(lambda store, reader: store.save(reader, [Saved(name, recipe.to_json().decode())])):
        st.session_state[_NAME] = ""


def _toggle(name: str) -> None:
    st.session_state[_EDITED] = None if st.session_state.get(_EDITED) == name else name


def _rename(name: str) -> None:
    new = links.clean_name(st.session_state[f"report.rename.{name}"])
    if new and new != name and _change(lambda store, reader: store.rename(reader, name, new)):
        st.session_state[_EDITED] = new


def _delete(name: str) -> None:
    _change(lambda store, reader: store.delete(reader, name))


def _change(change: Callable[[SavedReports, str], None]) -> bool:
    try:
        change(cache.saved_reports(), state.reader())
    except SavedError as error:
        state.notify([str(error)], is_refusal=True)
        return False
    return True


def _open_file(definition: Definition, show: Take) -> None:
    uploaded = st.session_state[_FILE]
    if uploaded is None:
        return
    try:
        with taking_in("recipe", uploaded) as facts:
            recipe = read_recipe(uploaded.getvalue(), uploaded.name, definition)
            facts["parts"] = len(recipe.parts)
    except ScoreroomError as error:
        state.notify([str(error)], is_refusal=True)
        return
    show(recipe)

"""The report that this visit has on its way: its files, how far it is, and what went wrong."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from dashboard import cache, journal, state
from dashboard.components.files import offer_file
from dashboard.components.frame import View
from dashboard.journal import Who
from dashboard.report.formats import FORMATS
from dashboard.report.making import Desk, Making, Standing, turns
from dashboard.report.paper import Origin, Paper, Step, make_paper
from dashboard.report.recipe import Recipe
from dashboard.words import labels

_DESK, _WANTED, _SEEN = "report.desk", "report.wanted", "report.seen"
_ICONS = {"html": ":material/description:", "pdf": ":material/picture_as_pdf:", "xlsx": ":material/table:"}
_LOOK_SECONDS = 0.7


def begin_report(recipe: Recipe, view: View, *, anew: bool = False) -> None:
    """Have the report of `recipe` made in the background; one of the same recipe and data is made `anew` if asked."""
    start = partial(
        Making,
        recipe.title,
        cache.carried(partial(_make, recipe, view, Origin.now(view.predictions, cache.settings()))),
        turns(),
        partial(_log, state.who()),
    )
    _desk().begin((recipe, view.dataset), start, anew=anew)


def offer_report(recipe: Recipe, view: View, *, disabled: bool) -> None:
    """Write a button for each kind of file: it begins the report, and hands out the file once that is made."""
    if st.session_state.pop(_WANTED, False) and not disabled:
        begin_report(recipe, view)
    for kind, form in FORMATS.items():
        # The recipe may have changed by what was being typed, so the run that follows the click begins the report.
        _offer(f"Report as {form.label}", kind, place="outline", disabled=disabled, on_click=_want, after_typing=True)


def render_making() -> None:
    """Write how far the report is, or its files, or what went wrong; a page that was left finds it again."""
    making = _desk().making
    if making is not None:
        st.fragment(_render_making, run_every=_LOOK_SECONDS if making.is_under_way else None)()


def _render_making() -> None:
    making = _desk().making
    if making is None:
        return
    title = labels.plain(making.title)
    match making.standing:
        case Standing.WAITING | Standing.MAKING:
            with st.container(horizontal=True, vertical_alignment="center", gap="small", key="report-making"):
                st.progress(making.share, text=f"{title}: {making.doing}", width="stretch")
                st.button("Cancel", key="report.cancel", on_click=making.cancel, icon=":material/close:")
            return
        case Standing.DONE:
            with st.container(horizontal=True, vertical_alignment="center", gap="small", key="report-made"):
                st.caption(f":material/check: {title} is ready", width="content")
                for kind in FORMATS:
                    _offer(FORMATS[kind].label, kind, place="made", type="tertiary")
        case Standing.FAILED:
            st.error(f"{title} was not made. {labels.plain(making.problem)}", icon=":material/error:")
        case Standing.CANCELLED:
            st.caption(f"{title} was cancelled.")
    if st.session_state.get(_SEEN) != id(making):
        # One last run of the whole page ends the looking.
        st.session_state[_SEEN] = id(making)
        st.rerun()


def _offer(label: str, kind: str, *, place: str, **options: Any) -> None:
    offer_file(
        label,
        partial(_desk().file, kind),
        f"report.{kind}",
        FORMATS[kind].mime,
        what="report",
        icon=_ICONS[kind],
        key=f"report.{place}.{kind}",
        **options,
    )


def _want() -> None:
    st.session_state[_WANTED] = True


def _desk() -> Desk:
    desk: Desk = st.session_state.setdefault(_DESK, Desk())
    return desk


# In a thread that belongs to no visit.
def _make(recipe: Recipe, view: View, origin: Origin, step: Step) -> Paper:
    return make_paper(recipe, view.predictions, view.definition, origin, step)


def _log(who: Who | None, error: Exception) -> None:
    journal.warn("report_failed", who, problem=type(error).__name__)

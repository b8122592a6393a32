"""What a reader has ordered on the models of a portfolio: begun, followed and cancelled on the page Models."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import streamlit as st

from dashboard import cache, choice, state
from dashboard.limits import load_limits
from dashboard.model_jobs import ModelJob
from dashboard.rights import is_local, load_model_changes, why_no_changes
from dashboard.visit.visit import MODEL
from dashboard.words import labels
from data.errors import ScoreroomError

_JOB, _SHOWS = choice.own_to_portfolio("models.job"), choice.own_to_portfolio("models.shows")
_LOOK_SECONDS = 0.7


def order(
    title: str,
    command: str,
    arguments: Sequence[str],
    *,
    shows: str | None = None,
    on_end: Callable[[], None] = lambda: None,
) -> None:
    """Begin a command of `scripts._ordered`; when it is done the model called `shows` is shown, if one is named.

    `on_end` clears up behind it, also where it is refused: that is said in place of the last notice.
    """
    if is_refused(command):
        on_end()
        return
    environment = {**os.environ, "SCOREROOM_PORTFOLIO": str(cache.settings().portfolio or "")}
    try:
        job = ModelJob(title, command, arguments, load_limits().train_seconds, environment, on_end=on_end)
    except ScoreroomError as error:
        on_end()
        state.notify([str(error)], is_refusal=True)
        return
    st.session_state[_JOB], st.session_state[_SHOWS] = job, shows
    state.notify(())


def why_refused(command: str) -> str:
    """Why this visit may not do what `command` does, in sentences; empty if it may."""
    served_locally = is_local(str(st.get_option("server.address")))
    return why_no_changes(load_model_changes(), command, served_locally=served_locally)


def is_refused(command: str) -> bool:
    """Whether this visit may not do what `command` does, which is then said.

    A button that is not written cannot be pressed, but the right may have changed since it was.
    """
    why = why_refused(command)
    if why:
        state.notify([why], is_refusal=True)
    return bool(why)


def ordered() -> ModelJob | None:
    """What this visit has ordered, as long as its end was not said."""
    found: ModelJob | None = st.session_state.get(_JOB)
    return found


def render_work() -> None:
    """Write how far the work is; nothing where there is none."""
    job = ordered()
    if job is not None:
        with st.container(border=True, key="model-work"):
            st.markdown(f"**{labels.plain(job.title)}**")
            st.fragment(_render_progress, run_every=_LOOK_SECONDS if job.is_under_way else None)()


def _render_progress() -> None:
    job = ordered()
    if job is None:
        return
    if job.is_under_way:
        if not job.steps:
            st.progress(0.0, text="Starting ...")
        for step in job.steps:
            st.progress(min(step.share, 1.0), text=labels.plain(step.title))
        st.caption("This goes on when you leave the page; a model is then in the list.")
        st.button("Cancel", key="models.cancel", on_click=_cancel, icon=":material/close:")
        return
    del st.session_state[_JOB]
    shows = st.session_state.pop(_SHOWS, None)
    if job.is_done:
        if shows is not None:
            state.settle({MODEL: shows})
        state.notify([f"{job.title}: done. {job.said}".strip()])
    elif job.problem:
        state.notify([f"{job.title}: not done. {job.problem}"], is_refusal=True)
    st.rerun()


def _cancel() -> None:
    job = ordered()
    if job is not None:
        job.cancel()
        st.session_state.pop(_JOB, None)
        state.notify([f"{job.title}: cancelled; nothing is left of it."])

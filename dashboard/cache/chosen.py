"""Which portfolio the caller's visit looks at: everything that is kept is kept of one, and most of it by its files.

A visit's choice is in its session. Work that outlives a run, in a thread that belongs to no visit, is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

P = ParamSpec("P")
R = TypeVar("R")

# Portfolios whose frames, models and contributions stay loaded; beyond, the one that was looked at longest ago goes.
LOADED = 3
_CHOSEN = "portfolio.chosen"
_told: ContextVar[str | None] = ContextVar("portfolio", default=None)


def chosen() -> str:
    """What links call the portfolio that is looked at; empty for the one that the server was started on."""
    told = _told.get()
    if told is not None:
        return told
    if get_script_run_ctx(suppress_warning=True) is None:
        return ""
    found: str = st.session_state.get(_CHOSEN, "")
    return found


def choose(key: str) -> None:
    """Let this visit look at another portfolio."""
    st.session_state[_CHOSEN] = key


@contextmanager
def at(key: str) -> Iterator[None]:
    """Let the block look at the portfolio called `key`, whatever the visit has chosen."""
    token = _told.set(key)
    try:
        yield
    finally:
        _told.reset(token)


def carried(work: Callable[P, R]) -> Callable[P, R]:
    """`work` for another thread, where it looks at what is looked at now."""
    key = chosen()

    @wraps(work)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        with at(key):
            return work(*args, **kwargs)

    return call

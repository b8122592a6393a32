"""Which portfolio the caller's visit looks at, and under which of its models: what is kept is kept of these.

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
# Tables whose PDs are loaded: portfolios, and those of them that another model than the champion judges.
TABLES = LOADED + 3
_CHOSEN, _MODEL = "portfolio.chosen", "portfolio.model"
# Portfolio and model.
_told: ContextVar[tuple[str, str] | None] = ContextVar("portfolio", default=None)


def chosen() -> str:
    """What links call the portfolio that is looked at; empty for the one that the server was started on."""
    return _choice()[0]


def chosen_model() -> str:
    """The model of that portfolio which scores and explains; empty for the champion."""
    return _choice()[1]


def _choice() -> tuple[str, str]:
    told = _told.get()
    if told is not None:
        return told
    if get_script_run_ctx(suppress_warning=True) is None:
        return "", ""
    return st.session_state.get(_CHOSEN, ""), st.session_state.get(_MODEL, "")


def choose(key: str) -> None:
    """Let this visit look at another portfolio, under its champion."""
    st.session_state[_CHOSEN], st.session_state[_MODEL] = key, ""


def choose_model(name: str) -> None:
    """Let the model called `name` score and explain in this visit; empty for the champion."""
    st.session_state[_MODEL] = name


@contextmanager
def at(key: str, model: str = "") -> Iterator[None]:
    """Let the block look at the portfolio called `key` under a model, whatever the visit has chosen."""
    token = _told.set((key, model))
    try:
        yield
    finally:
        _told.reset(token)


def carried(work: Callable[P, R]) -> Callable[P, R]:
    """`work` for another thread, where it looks at what is looked at now."""
    choice = _choice()

    @wraps(work)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        with at(*choice):
            return work(*args, **kwargs)

    return call

"""The name under which a reader decides, remembered for the reader as saved cohorts are."""

from __future__ import annotations

import streamlit as st

from dashboard import journal, state
from dashboard.cache import saved_cohorts
from dashboard.visit.store import SavedError

_ANALYST = "visit.analyst"


def analyst() -> str:
    """The name as last typed, here or in an earlier visit, else who is signed in."""
    if _ANALYST not in st.session_state:
        visitor, reader, name = state.who(), state.own_reader(), ""
        try:
            name = saved_cohorts().analyst(reader) if reader else ""
        except SavedError as error:
            journal.warn("analyst_not_read", visitor, problem=type(error).__name__)
        st.session_state[_ANALYST] = name or (visitor.user if visitor and visitor.user else "")
    found: str = st.session_state[_ANALYST]
    return found


def name_analyst(name: str) -> None:
    """Remember the name, for this visit alone where it cannot be kept for longer."""
    st.session_state[_ANALYST] = name
    reader = state.own_reader()
    try:
        if reader:
            saved_cohorts().name_analyst(reader, name)
    except SavedError as error:
        journal.warn("analyst_not_kept", state.who(), problem=type(error).__name__)

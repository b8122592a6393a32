"""The dropped file that a visit holds: one at a time, in the visit's memory alone."""

from __future__ import annotations

import streamlit as st

from dashboard import state
from dashboard.cache import ScoredFile
from dashboard.choice import own_to_portfolio
from dashboard.dropped_files import Slot
from dashboard.visit.visit import FILE

_SLOT = own_to_portfolio("file.slot")


def held_file() -> ScoredFile | None:
    """The file that was dropped last; None before any was, or once its memory was needed for another visit's."""
    slot: Slot[ScoredFile] | None = st.session_state.get(_SLOT)
    return None if slot is None else slot.look()


def has_lost_file() -> bool:
    """Whether there was a file whose memory was needed for another visit's; it is then forgotten."""
    is_lost = _SLOT in st.session_state and held_file() is None
    if is_lost:
        forget_file()
    return is_lost


def hold_file(file: ScoredFile) -> None:
    """Hold `file` in place of the one before."""
    before = held_file()
    if before is not None and before.token == file.token:
        st.session_state[_SLOT].file = file
        return
    forget_file()
    st.session_state[_SLOT] = Slot(file)


def forget_file() -> None:
    """Forget the file; what was shown of it gives way to the portfolio."""
    st.session_state.pop(_SLOT, None)
    if state.get(FILE):
        state.show_table("")


def file_to_show() -> ScoredFile | None:
    """The file whose rows this run is asked to show as a cohort; None for the portfolio, or where it is gone."""
    wanted, file = state.wanted_file(), held_file()
    return file if file is not None and wanted == file.token else None

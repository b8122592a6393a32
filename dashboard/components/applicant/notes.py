"""The analyst's notes of a visit, one an applicant; they outlast the box that they are written in."""

from __future__ import annotations

import streamlit as st

_NOTES = "record.notes"


def notes() -> dict[str, str]:
    """The notes by applicant."""
    found: dict[str, str] = st.session_state.setdefault(_NOTES, {})
    return found


def forget_note(applicant: str) -> None:
    """Forget the note on `applicant`: all new applicants are called the same, and each is somebody else."""
    notes().pop(applicant, None)

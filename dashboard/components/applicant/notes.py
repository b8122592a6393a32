"""What an analyst writes in a visit, by applicant: a note and a decision; it outlasts the boxes it is written in."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from dashboard.choice import own_to_portfolio

_NOTES, _DECIDED = own_to_portfolio("record.notes"), own_to_portfolio("record.decided")


@dataclass(frozen=True, slots=True)
class HumanDecision:
    """What the analyst decided (`approve`, `decline`, `refer`, or empty for nothing yet), and why."""

    decision: str = ""
    reason: str = ""


def notes() -> dict[str, str]:
    """The notes by applicant."""
    found: dict[str, str] = st.session_state.setdefault(_NOTES, {})
    return found


def decided() -> dict[str, HumanDecision]:
    """What the analyst decided, by applicant."""
    found: dict[str, HumanDecision] = st.session_state.setdefault(_DECIDED, {})
    return found


def forget_note(applicant: str) -> None:
    """Forget note and decision on `applicant`: all new applicants are called the same, and each is somebody else."""
    notes().pop(applicant, None)
    decided().pop(applicant, None)

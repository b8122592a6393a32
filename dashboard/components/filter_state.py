"""What a filter's control hands to the visit: a condition, or a sentence on input that cannot be one."""

from __future__ import annotations

import streamlit as st

from dashboard import state
from dashboard.cohort.filters import Condition
from dashboard.words import labels

WIDGET = "filter."
_PROBLEM = "filters.problem"


def put_condition(column: str, condition: Condition | None) -> None:
    """Narrow the cohort by `condition`, or no longer by `column` where that is None."""
    forget_problem()
    if condition is None:
        state.remove_condition(column)
    else:
        state.add_condition(condition)


def refuse(key: str, sentence: str) -> None:
    """Show `sentence` under the widget `key`, which keeps what was typed, until the next input."""
    st.session_state[_PROBLEM] = key, sentence


def is_refused(key: str) -> bool:
    """Whether what stands in the widget `key` was refused."""
    return bool(st.session_state.get(_PROBLEM, ("", ""))[0] == key)


def forget_problem() -> None:
    """Forget the last refusal."""
    st.session_state.pop(_PROBLEM, None)


def render_problem(*keys: str) -> None:
    """Write why the input of one of these widgets was refused, if it was."""
    if any(map(is_refused, keys)):
        st.error(labels.plain(st.session_state[_PROBLEM][1]), icon=":material/error:")

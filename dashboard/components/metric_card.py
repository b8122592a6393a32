"""One figure with its 95 % interval, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboard import labels
from dashboard.charts.template import Named
from dashboard.metrics.estimate import Estimate


def render_metric(label: str, value: str, note: str = "", *, more: str = "", help_text: str | None = None) -> None:
    """Write a figure, already worded, with a short note under it and `more` beside that."""
    # Cards in a row are as high as the highest, also where one has no note.
    st.metric(
        label, value, delta=note or None, delta_color="off", delta_arrow="off", help=help_text, border=True,
        height="stretch", delta_description=more or None,
    )  # fmt: skip


def render_estimate(
    label: str,
    estimate: Estimate,
    word: Callable[[float], str],
    *,
    help_text: str,
    note: str = "",
    against: Named[Estimate] | None = None,
) -> None:
    """Write `estimate` in the words of `word`, under it its interval or `note`, and what `against` has."""
    if estimate.value is None:
        # The note has room for a word or two; the reason is read in the help, and in full by who asks.
        reason = labels.plain(estimate.explanation)
        render_metric(label, labels.NOT_DEFINED, "not defined", help_text=f"{reason.capitalize()}. {help_text}")
        return
    if estimate.low is not None and estimate.high is not None:
        note = f"95 %: {labels.interval(word(estimate.low), word(estimate.high))}"
    more = ""
    if against is not None:
        more = f"{against.name}: {labels.NOT_DEFINED if against.value.value is None else word(against.value.value)}"
    render_metric(label, word(estimate.value), note, more=more, help_text=help_text)

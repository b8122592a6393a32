"""Data quality: what is odd about the portfolio's data, in how many rows, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import cache
from dashboard.components.frame import View
from dashboard.components.table import render_frame
from dashboard.words import labels
from dashboard.words.quality_words import ADVICE, WHAT, detail, summary
from data.quality.oddities import Oddity


def render(view: View) -> None:
    """Write the page for `view`."""
    found = cache.oddities(view.dataset)
    st.markdown(f"#### {summary(found)}", anchors=False)
    names = {column.name: column.label for column in view.definition.columns}
    names |= {column.name: column.label for column in view.predictions.cohort_columns}
    if found:
        render_oddities(found, names)
    st.caption(
        "All rows of the portfolio are looked at, whatever is filtered: gaps from 5 % of the rows, levels of fewer "
        "than 30, values outside of the definition's range or far from 98 of 100 others, columns that order defaults "
        "with an AUC beyond 0.95, and, where there is a date, the later half of the rows against the earlier one."
    )


def render_oddities(found: Sequence[Oddity], names: dict[str, str], *, name: str = "Data quality") -> None:
    """Write what was found as a table; `names` are what columns are called on the screen."""
    render_frame(
        {
            "What": [WHAT[each.issue] for each in found],
            "Column": [names.get(each.column, each.column) or None for each in found],
            "Rows": [each.count for each in found],
            "Share": [labels.percent(each.share) for each in found],
            "Measured": [detail(each, names.get(each.other, each.other)) or None for each in found],
            "What to do": [ADVICE[each.issue] for each in found],
        },
        alt="What is odd about the data",
        name=name,
        column_config={
            "Rows": st.column_config.NumberColumn(format="localized"),
            "What to do": st.column_config.TextColumn(width="large"),
        },
    )

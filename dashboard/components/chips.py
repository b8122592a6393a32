"""The chips of the filters in force: as many as the bar has room for, the others in a list."""

from __future__ import annotations

import streamlit as st

from dashboard import state
from dashboard.cohort.filters import Filters
from dashboard.cohort.wording import word_condition
from dashboard.words import labels
from data.predictions.table import Predictions

# How many chips have no room only the browser knows: dashboard/static/visit.js counts and lists them.
_MORE = (
    '<div class="bar-more-chips" hidden><button type="button" class="bar-button" aria-expanded="false" '
    'aria-controls="bar-chip-list"></button><ul id="bar-chip-list" aria-label="Filters"></ul></div>'
)


def render_chips(predictions: Predictions, filters: Filters) -> None:
    """Write a chip that removes its condition for each one in `filters`, and a button that removes all."""
    columns = predictions.filter_columns
    with st.container(key="bar-chips", horizontal=True, wrap=False, vertical_alignment="center", gap="xsmall"):
        for condition in filters.conditions:
            st.button(
                labels.plain(word_condition(condition, columns)),
                key=f"chip.{condition.column}",
                icon=":material/close:",
                icon_position="right",
                on_click=state.remove_condition,
                args=(condition.column,),
                help=f"{labels.plain(word_condition(condition, columns, is_brief=False))}; click to remove this filter",
            )
    if filters:
        with st.container(key="bar-more-chips", width="content"):
            st.html(_MORE)
        st.button(
            "Reset filters",
            key="chips.reset",
            on_click=state.set_filters,
            args=(Filters(),),
            icon=":material/undo:",
            type="tertiary",
            help="Remove all filters",
        )

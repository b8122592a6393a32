"""Tabs of which only the open one runs."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import state
from dashboard.visit.parameters import Parameter


def open_tab(parameter: Parameter[str]) -> tuple[str, DeltaGenerator]:
    """Write a tab for each option of `parameter`; return the open one's name and the place for what is in it."""
    names = parameter.options
    tabs = st.tabs(names, **state.tabs_widget(parameter))
    return next(((name, tab) for name, tab in zip(names, tabs, strict=True) if tab.open), (names[0], tabs[0]))

"""Looking for contributions that a build is computing while the dashboard is open already."""

from __future__ import annotations

import streamlit as st

from dashboard import cache

_LOOK_SECONDS = 2.0


def look_for_awaited() -> None:
    """While contributions are being computed, look for them, and write the whole page again when that ends."""
    if cache.are_awaited():
        st.fragment(_look, run_every=_LOOK_SECONDS)()


def _look() -> None:
    if not cache.are_awaited():
        st.rerun()

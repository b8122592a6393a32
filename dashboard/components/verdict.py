"""The verdict on calibration, in the colour that it has on every page."""

from __future__ import annotations

import streamlit as st

from dashboard.metrics.calibration_verdict import CalibrationVerdict, Standing
from dashboard.words import labels


def render_verdict(found: CalibrationVerdict, *, consequence: str = "") -> None:
    """Write the message of `found`, and after it what follows from it, as Markdown."""
    text = f"{labels.plain(found.message)} {consequence}".rstrip()
    match found.standing:
        case Standing.OFF:
            st.warning(text, icon=":material/straighten:")
        case Standing.UNCALIBRATED:
            st.error(text, icon=":material/straighten:")
        case Standing.OPEN:
            st.info(text, icon=":material/hourglass_empty:")
        case Standing.CLOSE:
            st.info(text, icon=":material/straighten:")
        case Standing.CALIBRATED:
            st.success(text, icon=":material/check:")

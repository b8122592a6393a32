"""A cohort's score calibrated, kept for the next run of the page."""

from __future__ import annotations

import streamlit as st

from dashboard.cache.sources import KEYS, Dataset, predictions, settings
from dashboard.cohort.filters import Filters
from dashboard.metrics.evaluation import Assumptions
from dashboard.report.recalibration import Recalibration, recalibrate
from inference.calibrating.out_of_fold import Request


# The largest arrays are a PD and a flag or two a row: 10 MB at 307,511 rows. To calibrate again takes about a second.
@st.cache_resource(max_entries=3, show_spinner="Calibrating ...", hash_funcs={**KEYS, Request: repr, Assumptions: repr})
def calibrated(dataset: Dataset, filters: Filters, request: Request, assumptions: Assumptions) -> Recalibration:
    """The score of `dataset` calibrated on the cohort of `filters`.

    Raises:
        CalibrationError: it cannot be.
    """
    return recalibrate(predictions(dataset), filters, request, assumptions, seed=settings().seed)

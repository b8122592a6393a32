"""What is got ready before it is asked for."""

from __future__ import annotations

import importlib
import threading
from contextlib import suppress

import streamlit as st

from dashboard.cache.cohorts import cohort_counts, column_groups
from dashboard.cache.explanations import explained
from dashboard.cache.lookup import application_table
from dashboard.cache.portfolio import column_facts, explainer, portfolio
from dashboard.cache.sources import KEYS, Dataset, Location, open_dataset, open_session
from dashboard.cohort.filters import Filters
from data.errors import ScoreroomError

# What pages import or set up when they are first opened, and how long the first one that is opened has for itself.
_LATER = ("scipy.special", "pyarrow")
_FIRST_PAGE_SECONDS = 4.0


# A resource, so that it is done once for a dataset: None is kept too.
@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs=KEYS)
def warm_up(dataset: Dataset) -> None:
    """Get ready, beside what the reader does, what pages would otherwise do when they are first opened.

    To be called when a page has been written; returns at once, and does nothing the second time.
    """
    thread = threading.Timer(_FIRST_PAGE_SECONDS, get_ready, (dataset,))
    thread.daemon = True
    thread.start()


# Cached, as is `get_ready`, because what one cached function asks of another shows no spinner: there is no page here to
# show it on.
@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs=KEYS)
def load_ahead(location: Location) -> None:
    """Load the predictions at `location`, and what every first page shows of them, before a reader asks."""
    # What is missing is said on the page.
    with suppress(ScoreroomError):
        cohort_counts(open_dataset(location), Filters())


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs=KEYS)
def get_ready(dataset: Dataset) -> None:
    """Fill the caches that are the same for all cohorts of `dataset`, and import what pages import late."""
    for name in _LATER:
        importlib.import_module(name)
    # What is missing is said by the page that needs it.
    with suppress(ScoreroomError):
        column_groups(dataset)
        explained(dataset)
        portfolio()
        column_facts()
    with suppress(ScoreroomError):
        open_session()
        explainer()
        application_table()

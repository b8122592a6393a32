"""Warm the caches before a page needs them."""

from __future__ import annotations

import importlib
import threading
from contextlib import suppress

import streamlit as st

from dashboard.cache.checks import checked_groups
from dashboard.cache.chosen import LOADED, TABLES, at
from dashboard.cache.cohorts import cohort_counts, column_groups
from dashboard.cache.explanations import explained
from dashboard.cache.lookup import application_table
from dashboard.cache.models import dataset_of_model, judging, models_of, open_session
from dashboard.cache.portfolio import column_facts, explainer, portfolio
from dashboard.cache.quality import oddities
from dashboard.cache.sources import KEYS, Dataset, Location, open_dataset
from dashboard.cohort.filters import Filters
from data.errors import ScoreroomError

# What pages import late, and how long the first page has the machine to itself.
_LATER = ("scipy.special", "pyarrow")
_FIRST_PAGE_SECONDS = 4.0


# A resource, so that it runs once per dataset: None is kept too.
@st.cache_resource(max_entries=LOADED, show_spinner=False, hash_funcs=KEYS)
def warm_up(dataset: Dataset, *, is_whole: bool) -> None:
    """Warm the caches in the background for pages that have not been opened yet.

    Call it after a page is written; it returns at once and does nothing the second time, but once more when the
    portfolio `is_whole` that lacked its contributions before.
    """
    thread = threading.Timer(_FIRST_PAGE_SECONDS, get_ready, (dataset,), {"is_whole": is_whole})
    thread.daemon = True
    thread.start()


# Cached, like `get_ready`, because a cached function called from another shows no spinner, and here is no page to show
# one on.
@st.cache_resource(max_entries=LOADED, show_spinner=False, hash_funcs=KEYS)
def load_ahead(location: Location) -> None:
    """Load the predictions at `location`, and count what every first page checks, before the first reader arrives."""
    # The page reports what is missing.
    with suppress(ScoreroomError), at(location.portfolio):
        checked_groups(open_dataset(location), Filters())


@st.cache_resource(max_entries=LOADED, show_spinner=False, hash_funcs=KEYS)
def get_ready(dataset: Dataset, *, is_whole: bool) -> None:  # noqa: ARG001 - a key of what is kept
    """Fill the caches that are the same for all cohorts of `dataset`, and import what pages import late."""
    for name in _LATER:
        importlib.import_module(name)
    # The page that needs a missing file reports it.
    with suppress(ScoreroomError), judging(dataset):
        column_groups(dataset)
        explained(dataset)
        portfolio()
        column_facts()
    with suppress(ScoreroomError), at(dataset.location.portfolio):
        # Who switches then waits for nothing but the page.
        for entry in models_of(dataset)[1 : 1 + TABLES - LOADED]:
            cohort_counts(dataset_of_model(dataset, entry.name), Filters())
    with suppress(ScoreroomError), judging(dataset):
        open_session()
        explainer()
        application_table()
    # Of what was built here it is read when its page is opened.
    if dataset.location.imported:
        with suppress(ScoreroomError), at(dataset.location.portfolio):
            oddities(dataset)

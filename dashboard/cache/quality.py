"""What is odd about the data of a portfolio: read where a build has worked it out, else worked out once a version."""

from __future__ import annotations

import streamlit as st

from dashboard.cache.chosen import LOADED
from dashboard.cache.sources import KEYS, Dataset, applications_version, definition, predictions, settings
from data.errors import ScoreroomError
from data.predictions.table import DAY, FOLD_NAME, ID, OBSERVED, OUTCOME, PD_BAND, PROBABILITY
from data.quality.kept import application_oddities, kept_oddities
from data.quality.oddities import Known, Oddity, find_oddities

_MADE = frozenset({PROBABILITY, PD_BAND, FOLD_NAME, OBSERVED})


def oddities(dataset: Dataset) -> tuple[Oddity, ...]:
    """What is odd about the applications of `dataset`, or about its columns where it has no applications of its own."""
    # The data are the same whichever model judges them.
    dataset = dataset.of_champion
    if dataset.location.imported or dataset.location.file:
        return _of_predictions(dataset)
    try:
        version = applications_version()
    except ScoreroomError:
        return _of_predictions(dataset)
    # Milliseconds, and a build may write it down at any time.
    found = kept_oddities(settings(), definition())
    return _of_applications(dataset, version) if found is None else found


@st.cache_resource(max_entries=LOADED, show_spinner="Looking through the data ...", hash_funcs=KEYS)
def _of_applications(dataset: Dataset, version: str) -> tuple[Oddity, ...]:  # noqa: ARG001 - keys of what is kept
    return application_oddities(settings(), definition())


@st.cache_resource(max_entries=LOADED, show_spinner="Looking through the data ...", hash_funcs=KEYS)
def _of_predictions(dataset: Dataset) -> tuple[Oddity, ...]:
    table = predictions(dataset)
    names = [column.name for column in table.cohort_columns if column.name not in _MADE]
    frame = table.frame.select([*names, *([ID] if table.has_ids else [])])
    date = table.roles.get("date", "") + DAY
    when = table.more.values(date) if table.more is not None and date in table.more.columns else None
    outcome = table.frame[OUTCOME] if table.source.has_outcomes else None
    ranges = {column.name: (None, None, column.special_values) for column in table.cohort_columns if column.special}
    return find_oddities(frame.lazy(), Known(outcome, ID if table.has_ids else "", when, ranges))

"""What is odd about the data of a portfolio, worked out once for each version of it."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboard.cache.chosen import LOADED
from dashboard.cache.sources import KEYS, Dataset, applications_version, definition, predictions, settings
from dashboard.metrics.quality_counts import Known, Oddity, find_oddities
from data.errors import ScoreroomError
from data.files.convert import open_applications
from data.predictions.table import DAY, FOLD_NAME, ID, OBSERVED, OUTCOME, PD_BAND, PROBABILITY

_MADE = frozenset({PROBABILITY, PD_BAND, FOLD_NAME, OBSERVED})


def oddities(dataset: Dataset) -> tuple[Oddity, ...]:
    """What is odd about the applications of `dataset`, or about its columns where it has no applications of its own."""
    try:
        own = "" if dataset.location.imported or dataset.location.file else applications_version()
    except ScoreroomError:
        own = ""
    # The data are the same whichever model judges them.
    return _oddities(dataset.of_champion, own)


@st.cache_resource(max_entries=LOADED, show_spinner="Looking through the data ...", hash_funcs=KEYS)
def _oddities(dataset: Dataset, applications: str) -> tuple[Oddity, ...]:
    return _of_applications() if applications else _of_predictions(dataset)


def _of_applications() -> tuple[Oddity, ...]:
    known, table = definition(), open_applications(settings(), definition())
    target, date = known.target, known.roles.date
    wanted = [name for name in (target, date) if name]
    told = table.select(wanted).collect() if wanted else pl.DataFrame()
    return find_oddities(
        table,
        Known(
            told[target] == 1 if target else None,
            known.id,
            told[date] if date else None,
            {column.name: (column.minimum, column.maximum, column.special_values) for column in known.inputs},
            frozenset({target} if target else ()),
        ),
    )


def _of_predictions(dataset: Dataset) -> tuple[Oddity, ...]:
    table = predictions(dataset)
    names = [column.name for column in table.cohort_columns if column.name not in _MADE]
    frame = table.frame.select([*names, *([ID] if table.has_ids else [])])
    date = table.roles.get("date", "") + DAY
    when = table.more.values(date) if table.more is not None and date in table.more.columns else None
    outcome = table.frame[OUTCOME] if table.source.has_outcomes else None
    ranges = {column.name: (None, None, column.special_values) for column in table.cohort_columns if column.special}
    return find_oddities(frame.lazy(), Known(outcome, ID if table.has_ids else "", when, ranges))

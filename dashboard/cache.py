"""Everything the dashboard keeps between runs: one session, one frame, and small aggregates keyed by what they are of.

The frame and the session are resources (shared, never copied); what is computed from them is data, bounded in number
and keyed by the predictions' digest and the canonical filters. No frame is ever a hashed argument.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from dashboard.filters import Filters
from dashboard.metrics.counts import ScoreCounts, count_scores, score_bin_expression
from dashboard.metrics.overview import Overview
from dashboard.metrics.overview import overview as overview_of
from data import schema
from data.imports import import_predictions, version_of
from data.predictions import ID, Predictions, load_predictions, read_source
from data.settings import Settings, load_settings
from inference.artifact import MANIFEST
from inference.session import ScoringSession


@dataclass(frozen=True, slots=True)
class Location:
    """Which predictions the app was started on; an empty `imported` means the project's own."""

    imported: str = ""
    mapping: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Dataset:
    """The key of one loaded table of predictions; two versions of a file never share one."""

    location: Location
    digest: str


@dataclass(frozen=True, slots=True)
class Applicants:
    """Where single applications come from, or the sentence that says why there are none."""

    path: Path | None
    reason: str = ""


def open_dataset(location: Location) -> Dataset:
    """The dataset at `location` as it is on disk now.

    Raises:
        DataError: the predictions are missing or wrong.
    """
    if location.imported:
        return Dataset(location, version_of(Path(location.imported)))
    return Dataset(location, read_source(settings().predictions).digest)


@st.cache_resource(show_spinner=False)
def settings() -> Settings:
    """The settings this process was started with."""
    return load_settings()


@st.cache_resource(max_entries=2, show_spinner="Loading the predictions ...")
def predictions(dataset: Dataset) -> Predictions:
    """The predictions of `dataset`, with the PD bin of every row worked out once."""
    location = dataset.location
    if location.imported:
        found = import_predictions(Path(location.imported), dict(location.mapping))
    else:
        found = load_predictions(settings().predictions)
    binned = Predictions(found.frame.with_columns(score_bin_expression()), found.source, found.cohort_columns)
    # What was loaded stays: taking it out of the collector's sight keeps later collections short.
    gc.collect()
    gc.freeze()
    return binned


@st.cache_data(max_entries=512, show_spinner=False)
def cohort_counts(dataset: Dataset, filters: Filters) -> ScoreCounts:
    """The counts of the cohort that `filters` selects from `dataset`."""
    return count_scores(predictions(dataset).frame, filters=filters.expression())


@st.cache_data(max_entries=512, show_spinner=False)
def overview(dataset: Dataset, filters: Filters) -> Overview:
    """What the overview page shows of a cohort, whatever the cutoff."""
    return overview_of(cohort_counts(dataset, filters))


def open_session() -> ScoringSession:
    """The one scoring session of this process; another one when a new model was published.

    Raises:
        DataError: there is no model, or it is not the one that was published.
    """
    return scoring_session(version_of(settings().model / MANIFEST))


@st.cache_resource(max_entries=1, show_spinner="Loading the model ...")
def scoring_session(version: str) -> ScoringSession:  # noqa: ARG001 - the version is the cache's key
    """The session on the model published as `version`."""
    return ScoringSession.open(settings().model, provider=settings().provider)


def applicants(dataset: Dataset) -> Applicants:
    """Where the single applications behind `dataset` are found."""
    found = predictions(dataset)
    path = settings().applications
    if not found.has_ids:
        return Applicants(None, "These predictions carry no application id, so single applicants cannot be looked up.")
    if not path.exists():
        return Applicants(None, "The application table is not there; `make build` makes it.")
    if found.source.is_imported and not _covers(dataset, version_of(path)):
        return Applicants(None, "The ids of these predictions are not those of the application table at hand.")
    return Applicants(path)


@st.cache_data(max_entries=4, show_spinner=False)
def _covers(dataset: Dataset, version: str) -> bool:  # noqa: ARG001 - the version is the cache's key
    frame = predictions(dataset).frame
    if not frame.schema[ID].is_integer():
        return False
    ids = pl.scan_parquet(settings().applications, glob=False).select(schema.ID).collect().to_series()
    return bool(frame[ID].is_in(ids.implode()).all())


def application(dataset: Dataset, identifier: int) -> Mapping[str, Any] | None:
    """The raw application `identifier` by column name, or None where there is none."""
    path = applicants(dataset).path
    if path is None or not predictions(dataset).frame[ID].is_in([identifier]).any():
        return None
    return _application(version_of(path), identifier)


@st.cache_data(max_entries=256, show_spinner=False)
def _application(version: str, identifier: int) -> Mapping[str, Any] | None:  # noqa: ARG001 - as above
    table = pl.scan_parquet(settings().applications, glob=False)
    rows = table.filter(pl.col(schema.ID) == identifier).collect()
    return rows.row(0, named=True) if rows.height else None

"""Single applications: where they come from, and what the table that they stand in holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from dashboard.cache.sources import KEYS, SMALL, Dataset, predictions, settings
from data import schema
from data.convert import read_source as read_provenance
from data.imports import version_of
from data.predictions import ID
from data.storage import sha256_of


@dataclass(frozen=True, slots=True)
class Applicants:
    """Where single applications come from, or the sentence that says why there are none."""

    path: Path | None
    reason: str = ""


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


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs=KEYS)
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


@st.cache_data(max_entries=SMALL, show_spinner=False, hash_funcs=KEYS)
def _application(version: str, identifier: int) -> Mapping[str, Any] | None:  # noqa: ARG001 - as above
    table = pl.scan_parquet(settings().applications, glob=False)
    rows = table.filter(pl.col(schema.ID) == identifier).collect()
    return rows.row(0, named=True) if rows.height else None


def application_table() -> tuple[str, Mapping[str, object]]:
    """SHA-256 of the application table at hand, and where it came from.

    Raises:
        FileError: there is none, or it does not say.
    """
    return _application_table(version_of(settings().applications))


@st.cache_data(max_entries=2, show_spinner=False, hash_funcs=KEYS)
def _application_table(version: str) -> tuple[str, Mapping[str, object]]:  # noqa: ARG001 - as above
    path = settings().applications
    return sha256_of(path), read_provenance(path)

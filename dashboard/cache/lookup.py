"""Single applications: where they come from, and what the table that they stand in holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import streamlit as st
from numpy.typing import NDArray

from dashboard.cache.explanations import explained
from dashboard.cache.portfolio import column_facts, portfolio
from dashboard.cache.sources import KEYS, SMALL, Dataset, applications_version, predictions, settings
from dashboard.cohort import lookup
from dashboard.cohort.filters import Filters
from dashboard.metrics.column_counts import select_rows
from dashboard.visit.drafts import NEW, Draft
from data import schema
from data.errors import DataError
from data.files.convert import open_applications
from data.files.convert import read_source as read_provenance
from data.predictions.table import ID, OUTCOME, PROBABILITY
from data.store.opening import is_there
from data.store.records import FileRecord
from inference.values import Value


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
    if not is_there(path):
        return Applicants(None, "The application table is not there; `make build` makes it.")
    try:
        version = applications_version()
    except DataError as error:
        return Applicants(None, str(error))
    if found.source.is_imported and not _covers(dataset, version):
        return Applicants(None, "The ids of these predictions are not those of the application table at hand.")
    return Applicants(path)


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs=KEYS)
def _covers(dataset: Dataset, version: str) -> bool:  # noqa: ARG001 - the version is the cache's key
    frame = predictions(dataset).frame
    if not frame.schema[ID].is_integer():
        return False
    ids = open_applications(settings(), schema.DEFINITION).select(schema.ID).collect().to_series()
    return bool(frame[ID].is_in(ids.implode()).all())


def base_values(dataset: Dataset, applicant: str) -> Mapping[str, Value] | None:
    """What an application began with: its own values, or typical ones for a new one; None where there is none.

    Raises:
        DataError: the application table is not there.
    """
    if applicant == NEW:
        return {name: facts.typical for name, facts in column_facts().items()}
    identifier = Draft(applicant).identifier
    return None if identifier is None else application(dataset, identifier)


def application(dataset: Dataset, identifier: int) -> Mapping[str, Value] | None:
    """The values of application `identifier` by column, without id and outcome; None where there is none."""
    path = applicants(dataset).path
    if path is None or not has_application(dataset, identifier):
        return None
    return _application(applications_version(), identifier)


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs=KEYS)
def _sorted_ids(dataset: Dataset) -> NDArray[np.int64]:
    return np.sort(predictions(dataset).frame[ID].cast(pl.Int64).to_numpy())


def numbers_beginning_with(dataset: Dataset, prefix: str, n: int) -> tuple[int, ...]:
    """The first `n` numbers of applications that begin with `prefix`; none where it is no number."""
    return lookup.numbers_beginning_with(_sorted_ids(dataset), prefix, n)


def pick_application(
    dataset: Dataset, filters: Filters, pick: lookup.Pick, cutoff: float, current: int | None
) -> int | None:
    """The number of an application of the cohort, another one than `current` where there is one; None without any.

    Near the cutoff are those whose PD by the published model is, as the side panel shows it; where that is not known,
    the PD of the predictions.
    """
    frame, own = predictions(dataset).frame, portfolio()
    chosen = select_rows(frame, filters.expression())
    rows = np.arange(frame.height) if chosen is None else np.flatnonzero(chosen)
    is_own = own is not None and explained(dataset).contributions is not None
    pds = own.probabilities if own is not None and is_own else frame[PROBABILITY].to_numpy()
    row = lookup.pick_row(pick, rows, pds, cutoff, current=_row_of(dataset, current))
    return None if row is None else int(frame[ID][row])


def _row_of(dataset: Dataset, identifier: int | None) -> int | None:
    if identifier is None or not has_application(dataset, identifier):
        return None
    return (predictions(dataset).frame[ID] == identifier).arg_max()


@dataclass(frozen=True, slots=True)
class Observed:
    """PD and outcome of an application as the predictions have them.

    The PD is out of fold, by a model that had not seen the outcome, unless the predictions were imported.
    """

    default_probability: float
    defaulted: bool
    is_out_of_fold: bool

    @property
    def whose(self) -> str:
        """Whose PD it is, in the words that tell it from the published model's."""
        return "out of fold" if self.is_out_of_fold else "as imported"


@st.cache_data(max_entries=SMALL, show_spinner=False, hash_funcs=KEYS)
def observed(dataset: Dataset, identifier: int) -> Observed:
    """What the predictions hold of the application called `identifier`, which they have."""
    found = predictions(dataset)
    row = found.frame.filter(pl.col(ID) == identifier).select(PROBABILITY, OUTCOME).row(0)
    return Observed(float(row[0]), bool(row[1]), not found.source.is_imported)


def has_application(dataset: Dataset, identifier: int) -> bool:
    """Whether `dataset` has an application of that number."""
    ids = _sorted_ids(dataset)
    place = int(np.searchsorted(ids, identifier))
    return place < ids.size and int(ids[place]) == identifier


@st.cache_data(max_entries=SMALL, show_spinner=False, hash_funcs=KEYS)
def _application(version: str, identifier: int) -> Mapping[str, Value] | None:  # noqa: ARG001 - as above
    table = open_applications(settings(), schema.DEFINITION)
    rows = table.filter(pl.col(schema.ID) == identifier).drop(schema.ID, schema.TARGET).collect()
    return rows.row(0, named=True) if rows.height else None


def application_table() -> tuple[str, Mapping[str, object]]:
    """SHA-256 of the application table at hand, and where it came from.

    Raises:
        FileError: there is none, or it does not say.
    """
    return _application_table(applications_version())


@st.cache_data(max_entries=2, show_spinner=False, hash_funcs=KEYS)
def _application_table(version: str) -> tuple[str, Mapping[str, object]]:  # noqa: ARG001 - as above
    path = settings().applications
    return FileRecord.of_file(path).sha256, read_provenance(path)

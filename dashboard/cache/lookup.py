"""Look up single applications in the application table and in the predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dashboard.cache.chosen import LOADED
from dashboard.cache.kept import kept
from dashboard.cache.models import why_untrained
from dashboard.cache.portfolio import column_facts, found_version, portfolio
from dashboard.cache.sources import (
    SMALL,
    Dataset,
    applications_version,
    chosen_rows,
    definition,
    predictions,
    settings,
)
from dashboard.cohort import lookup
from dashboard.cohort.filters import Filters
from dashboard.cohort.lookup import Identifier
from dashboard.visit.drafts import NEW, Draft
from data.definition.columns import Kind
from data.errors import ScoreroomError
from data.files.convert import open_applications
from data.files.convert import read_source as read_provenance
from data.predictions.table import ID, OUTCOME, PROBABILITY
from data.store.opening import is_there
from data.store.records import FileRecord
from inference.model.decision import is_declined
from inference.values import Value


@dataclass(frozen=True, slots=True)
class Applicants:
    """Where single applications come from, or the reason why none can be looked up."""

    path: Path | None
    reason: str = ""


def applicants(dataset: Dataset) -> Applicants:
    """Where the applications behind `dataset` can be looked up."""
    shown = predictions(dataset)
    path = settings().applications
    if dataset.location.file:
        return Applicants(None, "The page Score a file opens the rows of a dropped file as new applicants.")
    if not shown.has_ids:
        return Applicants(None, "These predictions carry no application id, so single applicants cannot be looked up.")
    if not is_there(path):
        return Applicants(None, why_untrained() or "The application table is not there; `make build` makes it.")
    try:
        applications_version()
    except ScoreroomError as error:
        return Applicants(None, str(error))
    if shown.source.is_imported and not _covers(dataset):
        return Applicants(None, "The ids of these predictions are not those of the application table at hand.")
    return Applicants(path)


@kept(applications_version, entries=4)
def _covers(dataset: Dataset) -> bool:
    imported = predictions(dataset).frame[ID]
    ids = open_applications(settings(), definition()).select(definition().id).collect().to_series()
    if imported.dtype.is_integer() != ids.dtype.is_integer():
        return False
    return bool(imported.is_in(ids.implode()).all())


def base_values(dataset: Dataset, applicant: str) -> Mapping[str, Value] | None:
    """The values that a draft starts from: the application's own, or typical ones if new; None without such an id.

    Raises:
        ScoreroomError: the application table is missing.
    """
    if applicant == NEW:
        return {name: facts.typical for name, facts in column_facts().items()}
    identifier = identifier_of(dataset, applicant)
    return None if identifier is None else application(dataset, identifier)


def identifier_of(dataset: Dataset, applicant: str) -> Identifier | None:
    """The id of the application that a draft calls `applicant`; None for a new one and for text that is no id."""
    text = Draft(applicant).identifier
    return None if text is None else lookup.read_identifier(_sorted_ids(dataset), text)


def application(dataset: Dataset, identifier: Identifier) -> Mapping[str, Value] | None:
    """The values of application `identifier` by column, without id and outcome; None if there is no such one."""
    if applicants(dataset).path is None or not has_application(dataset, identifier):
        return None
    return _application(identifier)


@kept(lambda: "", entries=LOADED)
def _sorted_ids(dataset: Dataset) -> pl.Series:
    return lookup.sorted_ids(predictions(dataset).frame[ID])


def has_number_ids(dataset: Dataset) -> bool:
    """Whether ids are whole numbers."""
    return _sorted_ids(dataset).dtype.is_integer()


def first_id(dataset: Dataset) -> Identifier:
    """The lowest id of an application, as an example."""
    lowest: Identifier = _sorted_ids(dataset)[0]
    return lowest


def ids_beginning_with(dataset: Dataset, prefix: str, n: int) -> tuple[Identifier, ...]:
    """The first `n` ids of applications that begin with `prefix`."""
    return lookup.ids_beginning_with(_sorted_ids(dataset), prefix, n)


def pick_application(
    dataset: Dataset, filters: Filters, pick: lookup.Pick, cutoff: float, applicant: str
) -> Identifier | None:
    """The id of an application in the cohort, other than `applicant` if possible; None if the cohort is empty."""
    frame = predictions(dataset).frame
    chosen = chosen_rows(dataset, filters)
    rows = np.arange(frame.height) if chosen is None else np.flatnonzero(chosen)
    pds = frame[PROBABILITY].to_numpy()
    row = lookup.pick_row(pick, rows, pds, cutoff, current=_row_of(dataset, identifier_of(dataset, applicant)))
    if row is None:
        return None
    picked: Identifier = frame[ID][row]
    return picked


def _row_of(dataset: Dataset, identifier: Identifier | None) -> int | None:
    if identifier is None or not has_application(dataset, identifier):
        return None
    return (predictions(dataset).frame[ID] == identifier).arg_max()


@dataclass(frozen=True, slots=True)
class Observed:
    """PD and outcome of an application in the predictions; `defaulted` is None without an outcome.

    The PD is out of fold, by a model that had not seen the outcome, unless the predictions were imported.
    """

    default_probability: float
    defaulted: bool | None
    is_out_of_fold: bool

    @property
    def whose(self) -> str:
        """The words that distinguish this PD from the published model's."""
        return "out of fold" if self.is_out_of_fold else "as imported"


@kept(lambda: "", entries=SMALL)
def observed(dataset: Dataset, identifier: Identifier) -> Observed:
    """What the predictions hold on application `identifier`, which must be among them."""
    shown = predictions(dataset)
    row = shown.frame.filter(pl.col(ID) == identifier).select(PROBABILITY, OUTCOME).row(0)
    return Observed(float(row[0]), row[1], shown.source.is_out_of_fold)


@kept(found_version, entries=SMALL)
def disputed_share(dataset: Dataset, cutoff: float) -> float | None:
    """The share of applications on which their PDs in `dataset` and the published model's decide otherwise at a cutoff.

    None where the published model's PDs are not at hand.
    """
    pds = _both_pds(dataset)
    if pds is None:
        return None
    shown, published = pds
    return float(((shown >= cutoff) != is_declined(published, cutoff)).mean())


@kept(found_version, entries=SMALL)
def published_gaps(dataset: Dataset) -> tuple[float, ...] | None:
    """How far PDs in `dataset` and the published model's are apart: the median, the 99th percentile and the largest.

    None where the published model's PDs are not at hand.
    """
    pds = _both_pds(dataset)
    return None if pds is None else tuple(map(float, np.quantile(np.abs(pds[0] - pds[1]), (0.5, 0.99, 1.0))))


# The join takes a hundred times as long as a share at one cutoff.
@kept(found_version, entries=LOADED)
def _both_pds(dataset: Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    own = portfolio()
    if own is None:
        return None
    published = pl.DataFrame({ID: own.ids, "~published": own.probabilities})
    pds = predictions(dataset).frame.select(pl.col(ID).cast(own.ids.dtype), PROBABILITY).join(published, on=ID)
    return (pds[PROBABILITY].to_numpy(), pds["~published"].to_numpy()) if pds.height else None


def has_application(dataset: Dataset, identifier: Identifier) -> bool:
    """Whether `dataset` has an application with that id."""
    return lookup.has_id(_sorted_ids(dataset), identifier)


@kept(applications_version, entries=SMALL)
def _application(identifier: Identifier) -> Mapping[str, Value] | None:
    known = definition()
    # Dates are text here, as in links and records.
    columns = [
        pl.col(column.name).cast(pl.String) if column.kind is Kind.DATE else pl.col(column.name)
        for column in known.inputs
    ]
    rows = open_applications(settings(), definition()).filter(pl.col(known.id) == identifier).select(columns).collect()
    return rows.row(0, named=True) if rows.height else None


@kept(applications_version, entries=LOADED)
def application_table() -> tuple[str, Mapping[str, object]]:
    """SHA-256 of the application table, and its provenance.

    Raises:
        FileError: the table is missing, or holds no provenance.
    """
    path = settings().applications
    return FileRecord.of_file(path).sha256, read_provenance(path)

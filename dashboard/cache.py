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

from dashboard.bins import Bins, ValueGrid, make_bins, make_grid
from dashboard.columns import prepare
from dashboard.filters import Filters
from dashboard.metrics.cell_counts import CellCounts, count_cells
from dashboard.metrics.column_counts import (
    ColumnCodes,
    ColumnCounts,
    count_both,
    count_columns,
    make_column_codes,
    select_rows,
)
from dashboard.metrics.counts import ScoreCounts, count_scores, count_scores_by
from dashboard.metrics.explanation_counts import (
    ContributionSums,
    FeatureCounts,
    count_contributions,
    count_feature,
    select_applications,
)
from dashboard.rows import Positions, Search, Sort, order_rows
from dashboard.value_labels import is_descending
from data import schema
from data.convert import read_source as read_provenance
from data.errors import DataError
from data.imports import import_predictions, version_of
from data.predictions import ID, PROBABILITY, Predictions, load_predictions, read_source
from data.settings import Settings, load_settings
from data.storage import sha256_of
from inference.artifact import MANIFEST
from inference.contributions import Contributions, load_contributions
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


@dataclass(frozen=True, slots=True)
class ColumnGroups:
    """The groups of every cohort column but the PD itself, by column, and the group of every row in them."""

    bins: Mapping[str, Bins]
    codes: ColumnCodes


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
    """The predictions of `dataset`, with what is derived from every row worked out once."""
    location = dataset.location
    if location.imported:
        found = import_predictions(Path(location.imported), dict(location.mapping))
    else:
        found = load_predictions(settings().predictions)
    prepared = prepare(found)
    # What was loaded stays: taking it out of the collector's sight keeps later collections short.
    gc.collect()
    gc.freeze()
    return prepared


@st.cache_data(max_entries=512, show_spinner=False)
def cohort_counts(dataset: Dataset, filters: Filters) -> ScoreCounts:
    """The counts of the cohort that `filters` selects from `dataset`."""
    if filters.is_rest:
        return cohort_counts(dataset, Filters()) - cohort_counts(dataset, filters.rest())
    return count_scores(predictions(dataset).frame, filters=filters.expression())


@st.cache_data(max_entries=256, show_spinner=False)
def segment_counts(dataset: Dataset, filters: Filters, bins: Bins) -> Mapping[int, ScoreCounts]:
    """The counts of each group of `bins` within a cohort, by the group's code; groups without a row are left out."""
    counted = count_scores_by(predictions(dataset).frame, bins.code(), filters=filters.expression())
    return {int(str(code)): counts for code, counts in counted.items()}


@st.cache_data(max_entries=256, show_spinner=False)
def column_bins(dataset: Dataset, name: str, n_groups: int) -> Bins:
    """The groups into which `name` is cut, made on the whole portfolio so that cohorts can be compared."""
    found = predictions(dataset)
    column = next(column for column in found.cohort_columns if column.name == name)
    return make_bins(found.frame[name], column, n_groups)


@st.cache_data(max_entries=256, show_spinner=False)
def level_counts(dataset: Dataset, name: str) -> Mapping[str | None, int]:
    """How many rows of the portfolio have each level of `name`, the most frequent first; None counts missing ones."""
    values = predictions(dataset).frame[name].cast(pl.String).value_counts(sort=True)
    return dict(zip(*values.to_dict(as_series=False).values(), strict=True))


@st.cache_data(max_entries=256, show_spinner=False)
def value_grid(dataset: Dataset, name: str) -> ValueGrid:
    """The portfolio's histogram of the number `name`, on the steps of its slider."""
    found = predictions(dataset)
    column = next(column for column in found.cohort_columns if column.name == name)
    return make_grid(found.frame[name], column)


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


@st.cache_resource(max_entries=2, show_spinner="Grouping the columns ...")
def column_groups(dataset: Dataset) -> ColumnGroups:
    """The columns of `dataset` in up to ten groups each (a category's levels stay apart), worked out once."""
    found = predictions(dataset)
    names = [column.name for column in found.cohort_columns if column.name != PROBABILITY]
    bins = {name: column_bins(dataset, name, 10) for name in names}
    codes = make_column_codes(found.frame, {name: (cut.code(), len(cut.labels)) for name, cut in bins.items()})
    return ColumnGroups(bins, codes)


@st.cache_data(max_entries=256, show_spinner=False)
def column_counts(dataset: Dataset, filters: Filters) -> ColumnCounts:
    """The applications of a cohort by the groups of every column."""
    chosen = select_rows(predictions(dataset).frame, filters.expression())
    return count_columns(column_groups(dataset).codes, chosen)


@st.cache_data(max_entries=512, show_spinner=False)
def n_in_both(dataset: Dataset, one: Filters, other: Filters) -> int:
    """The number of applications that are in both cohorts."""
    return count_both(predictions(dataset).frame, one.expression(), other.expression())


@st.cache_data(max_entries=128, show_spinner=False)
def cell_counts(dataset: Dataset, filters: Filters, down: Bins, across: Bins, cutoff: float) -> CellCounts:
    """The counts of each pair of groups of two columns within a cohort; approved are PDs below `cutoff`."""
    shape = (len(down.labels), len(across.labels))
    codes = (down.code(), across.code())
    return count_cells(predictions(dataset).frame, codes, shape, cutoff=cutoff, filters=filters.expression())


@st.cache_data(max_entries=256, show_spinner=False)
def shared_counts(dataset: Dataset, one: Filters, other: Filters) -> ScoreCounts:
    """The counts of the applications that are in both cohorts."""
    met = [cohort.expression() for cohort in (one, other)]
    both = pl.all_horizontal([expression for expression in met if expression is not None] or [pl.lit(value=True)])
    return count_scores(predictions(dataset).frame, filters=both)


# A resource: the array is never written to, and a copy of it a page turned would be the largest part of the turn.
@st.cache_resource(max_entries=16, show_spinner=False)
def row_order(dataset: Dataset, filters: Filters, sort: Sort, search: Search | None) -> Positions:
    """The positions of a cohort's rows that `search` finds, in the order of `sort`."""
    return order_rows(predictions(dataset), filters, sort, search)


def application_table() -> tuple[str, Mapping[str, object]]:
    """SHA-256 of the application table at hand, and where it came from.

    Raises:
        FileError: there is none, or it does not say.
    """
    return _application_table(version_of(settings().applications))


@st.cache_data(max_entries=2, show_spinner=False)
def _application_table(version: str) -> tuple[str, Mapping[str, object]]:  # noqa: ARG001 - as above
    path = settings().applications
    return sha256_of(path), read_provenance(path)


@dataclass(frozen=True, slots=True)
class Explained:
    """The contributions behind the predictions and their sums over all rows, or the sentence why there are none."""

    contributions: Contributions | None
    whole: ContributionSums | None = None
    reason: str = ""


def explained(dataset: Dataset) -> Explained:
    """The contributions of every application of `dataset`, where they were computed."""
    if dataset.location.imported:
        return Explained(None, reason="Contributions are computed when the project's own model is built.")
    path = settings().contributions
    if not path.exists():
        return Explained(None, reason="The contributions have not been computed yet; `make build` computes them.")
    return _explained(dataset, version_of(path))


@st.cache_resource(max_entries=1, show_spinner="Loading the contributions ...")
def _explained(dataset: Dataset, version: str) -> Explained:  # noqa: ARG001 - the version is the cache's key
    try:
        found = load_contributions(settings().contributions)
    except DataError as error:
        return Explained(None, reason=str(error))
    if not found.are_of(predictions(dataset).frame[ID]):
        return Explained(None, reason="The contributions are of other applications; `make build` computes them again.")
    return Explained(found, count_contributions(found))


@st.cache_data(max_entries=128, show_spinner=False)
def contribution_sums(dataset: Dataset, filters: Filters) -> ContributionSums | None:
    """The sums of every feature's contributions over a cohort; None where there are no contributions."""
    found = explained(dataset)
    if found.contributions is None:
        return None
    rows = select_applications(predictions(dataset).frame, filters.expression())
    return found.whole if rows is None else count_contributions(found.contributions, rows, whole=found.whole)


@st.cache_data(max_entries=256, show_spinner=False)
def feature_counts(dataset: Dataset, filters: Filters, names: tuple[str, ...]) -> tuple[FeatureCounts, ...]:
    """A cohort's applications by value and contribution of each of these features, values in the order shown."""
    found = explained(dataset)
    if found.contributions is None:
        return ()
    rows = select_applications(predictions(dataset).frame, filters.expression())
    counted = (count_feature(found.contributions, name, rows) for name in names)
    return tuple(counts.flipped() if is_descending(counts.feature) else counts for counts in counted)

"""Everything the dashboard keeps between runs: one session, one frame, and small aggregates keyed by what they are of.

The frame and the session are resources (shared, never copied); what is computed from them is keyed by the predictions'
digest and the canonical filters, and bounded: see the numbers of entries below. No frame is ever a hashed argument.
"""

from __future__ import annotations

import gc
import importlib
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
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
from inference.artifact import MANIFEST, Manifest
from inference.contributions import Contributions, digest_of_model, load_contributions
from inference.session import ScoringSession

# What is kept fits into about 150 MB of the server's 700, whatever is asked for. The largest that an entry gets at
# 307,511 rows: segments 29 MB (60 groups, held as arrays), ten features' cells 0.9 MB, counts of a cohort 0.31 MB, an
# order of rows 1.2 MB (12 MB at ten times the rows), cells of a heat map 0.1 MB. What was dropped is counted again in
# 5 to 40 ms.
_SEGMENTS, _FEATURES, _COHORTS, _SHARED, _ORDERS, _CELLS = 3, 16, 64, 16, 4, 64
# Of the rest, an entry takes a few kilobytes.
_SMALL = 256

# What pages import or set up when they are first opened, and how long the first one that is opened has for itself.
_LATER = ("scipy.special", "pyarrow")
_FIRST_PAGE_SECONDS = 4.0


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


# What entries are kept by are frozen values whose text says all of them; Streamlit's own way to hash such a value takes
# five times as long, and a page asks for a dozen entries in each run.
_KEYS: dict[str | type, Callable[[Any], Any]] = {Dataset: repr, Filters: repr, Bins: repr, Sort: repr, Search: repr}


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


@st.cache_resource(max_entries=2, show_spinner="Loading the predictions ...", hash_funcs=_KEYS)
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


@st.cache_data(max_entries=_COHORTS, show_spinner=False, hash_funcs=_KEYS)
def cohort_counts(dataset: Dataset, filters: Filters) -> ScoreCounts:
    """The counts of the cohort that `filters` selects from `dataset`."""
    if filters.is_rest:
        return cohort_counts(dataset, Filters()) - cohort_counts(dataset, filters.rest())
    return count_scores(predictions(dataset).frame, filters=filters.expression())


# A resource: 58 levels take longer to unpickle than all that a page does with them.
@st.cache_resource(max_entries=_SEGMENTS, show_spinner=False, hash_funcs=_KEYS)
def segment_counts(dataset: Dataset, filters: Filters, bins: Bins) -> Mapping[int, ScoreCounts]:
    """The counts of each group of `bins` within a cohort, by the group's code; groups without a row are left out."""
    counted = count_scores_by(predictions(dataset).frame, bins.code(), filters=filters.expression())
    return MappingProxyType({int(str(code)): counts for code, counts in counted.items()})


@st.cache_data(max_entries=_SMALL, show_spinner=False, hash_funcs=_KEYS)
def column_bins(dataset: Dataset, name: str, n_groups: int) -> Bins:
    """The groups into which `name` is cut, made on the whole portfolio so that cohorts can be compared."""
    found = predictions(dataset)
    column = next(column for column in found.cohort_columns if column.name == name)
    return make_bins(found.frame[name], column, n_groups)


@st.cache_data(max_entries=_SMALL, show_spinner=False, hash_funcs=_KEYS)
def level_counts(dataset: Dataset, name: str) -> Mapping[str | None, int]:
    """How many rows of the portfolio have each level of `name`, the most frequent first; None counts missing ones."""
    values = predictions(dataset).frame[name].cast(pl.String).value_counts(sort=True, name="~n")
    return dict(zip(*values.to_dict(as_series=False).values(), strict=True))


@st.cache_data(max_entries=_SMALL, show_spinner=False, hash_funcs=_KEYS)
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


@st.cache_resource(max_entries=1, show_spinner="Loading the model ...", hash_funcs=_KEYS)
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


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs=_KEYS)
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


@st.cache_data(max_entries=_SMALL, show_spinner=False, hash_funcs=_KEYS)
def _application(version: str, identifier: int) -> Mapping[str, Any] | None:  # noqa: ARG001 - as above
    table = pl.scan_parquet(settings().applications, glob=False)
    rows = table.filter(pl.col(schema.ID) == identifier).collect()
    return rows.row(0, named=True) if rows.height else None


@st.cache_resource(max_entries=2, show_spinner="Grouping the columns ...", hash_funcs=_KEYS)
def column_groups(dataset: Dataset) -> ColumnGroups:
    """The columns of `dataset` in up to ten groups each (a category's levels stay apart), worked out once."""
    found = predictions(dataset)
    names = [column.name for column in found.cohort_columns if column.name != PROBABILITY]
    bins = {name: column_bins(dataset, name, 10) for name in names}
    codes = make_column_codes(found.frame, {name: (cut.code(), len(cut.labels)) for name, cut in bins.items()})
    return ColumnGroups(bins, codes)


@st.cache_data(max_entries=_SMALL, show_spinner=False, hash_funcs=_KEYS)
def column_counts(dataset: Dataset, filters: Filters) -> ColumnCounts:
    """The applications of a cohort by the groups of every column."""
    chosen = select_rows(predictions(dataset).frame, filters.expression())
    return count_columns(column_groups(dataset).codes, chosen)


@st.cache_data(max_entries=_SMALL, show_spinner=False, hash_funcs=_KEYS)
def n_in_both(dataset: Dataset, one: Filters, other: Filters) -> int:
    """The number of applications that are in both cohorts."""
    return count_both(predictions(dataset).frame, one.expression(), other.expression())


@st.cache_data(max_entries=_CELLS, show_spinner=False, hash_funcs=_KEYS)
def cell_counts(dataset: Dataset, filters: Filters, down: Bins, across: Bins, cutoff: float) -> CellCounts:
    """The counts of each pair of groups of two columns within a cohort; approved are PDs below `cutoff`."""
    shape = (len(down.labels), len(across.labels))
    codes = (down.code(), across.code())
    return count_cells(predictions(dataset).frame, codes, shape, cutoff=cutoff, filters=filters.expression())


@st.cache_data(max_entries=_SHARED, show_spinner=False, hash_funcs=_KEYS)
def shared_counts(dataset: Dataset, one: Filters, other: Filters) -> ScoreCounts:
    """The counts of the applications that are in both cohorts."""
    met = [cohort.expression() for cohort in (one, other)]
    both = pl.all_horizontal([expression for expression in met if expression is not None] or [pl.lit(value=True)])
    return count_scores(predictions(dataset).frame, filters=both)


# A resource: the array is never written to, and a copy of it a page turned would be the largest part of the turn.
@st.cache_resource(max_entries=_ORDERS, show_spinner=False, hash_funcs=_KEYS)
def row_order(dataset: Dataset, filters: Filters, sort: Sort, search: Search | None) -> Positions:
    """The positions of a cohort's rows that `search` finds, in the order of `sort`."""
    return order_rows(predictions(dataset), filters, sort, search)


def application_table() -> tuple[str, Mapping[str, object]]:
    """SHA-256 of the application table at hand, and where it came from.

    Raises:
        FileError: there is none, or it does not say.
    """
    return _application_table(version_of(settings().applications))


@st.cache_data(max_entries=2, show_spinner=False, hash_funcs=_KEYS)
def _application_table(version: str) -> tuple[str, Mapping[str, object]]:  # noqa: ARG001 - as above
    path = settings().applications
    return sha256_of(path), read_provenance(path)


@dataclass(frozen=True, slots=True)
class Explained:
    """The contributions behind the predictions and their sums over all rows, or the sentence why there are none.

    `version` tells the files that they were read from, and the model that they are of, from any others.
    """

    contributions: Contributions | None
    whole: ContributionSums | None = None
    reason: str = ""
    version: str = ""


def explained(dataset: Dataset) -> Explained:
    """The contributions of every application of `dataset` to the published model, where they were computed."""
    if dataset.location.imported:
        return Explained(None, reason="Contributions are computed when the project's own model is built.")
    path, manifest = settings().contributions, settings().model / MANIFEST
    if not path.exists():
        return Explained(None, reason="The contributions have not been computed yet; `make build` computes them.")
    if not manifest.exists():
        return Explained(None, reason="There is no model that the contributions could be of; `make build` makes it.")
    return _explained(dataset, f"{version_of(path)} {version_of(manifest)}")


@st.cache_resource(max_entries=1, show_spinner="Loading the contributions ...", hash_funcs=_KEYS)
def _explained(dataset: Dataset, version: str) -> Explained:
    try:
        found, manifest = load_contributions(settings().contributions), Manifest.load(settings().model)
    except DataError as error:
        return Explained(None, reason=str(error))
    if found.digest != digest_of_model(manifest):
        return Explained(None, reason="The contributions are of another model; `make build` computes them again.")
    if not found.are_of(predictions(dataset).frame[ID]):
        return Explained(None, reason="The contributions are of other applications; `make build` computes them again.")
    return Explained(found, count_contributions(found), version=version)


def contribution_sums(dataset: Dataset, filters: Filters) -> ContributionSums | None:
    """The sums of every feature's contributions over a cohort; None where there are no contributions."""
    found = explained(dataset)
    return None if found.contributions is None else _contribution_sums(dataset, filters, found.version, found)


# What begins with an underscore is no part of the key; its version is.
@st.cache_data(max_entries=_SMALL, show_spinner=False, hash_funcs=_KEYS)
def _contribution_sums(
    dataset: Dataset,
    filters: Filters,
    version: str,  # noqa: ARG001 - as above
    _found: Explained,
) -> ContributionSums | None:
    if _found.contributions is None:
        return None
    chosen = select_rows(predictions(dataset).frame, filters.expression())
    return _found.whole if chosen is None else count_contributions(_found.contributions, chosen, whole=_found.whole)


def feature_counts(dataset: Dataset, filters: Filters, names: tuple[str, ...]) -> tuple[FeatureCounts, ...]:
    """A cohort's applications by value and contribution of each of these features, values in the order shown."""
    found = explained(dataset)
    if found.contributions is None:
        return ()
    return _feature_counts(dataset, filters, names, found.version, found.contributions)


@st.cache_data(max_entries=_FEATURES, show_spinner=False, hash_funcs=_KEYS)
def _feature_counts(
    dataset: Dataset,
    filters: Filters,
    names: tuple[str, ...],
    version: str,  # noqa: ARG001 - as above
    _found: Contributions,
) -> tuple[FeatureCounts, ...]:
    chosen = select_rows(predictions(dataset).frame, filters.expression())
    counted = (count_feature(_found, name, chosen) for name in names)
    return tuple(counts.flipped() if is_descending(counts.feature) else counts for counts in counted)


# A resource, so that it is done once for a dataset: None is kept too.
@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs=_KEYS)
def warm_up(dataset: Dataset) -> None:
    """Get ready, beside what the reader does, what pages would otherwise do when they are first opened.

    To be called when a page has been written; returns at once, and does nothing the second time.
    """
    thread = threading.Timer(_FIRST_PAGE_SECONDS, get_ready, (dataset,))
    thread.daemon = True
    thread.start()


# Cached, as is `get_ready`, because what one cached function asks of another shows no spinner: there is no page here to
# show it on.
@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs=_KEYS)
def load_ahead(location: Location) -> None:
    """Load the predictions at `location`, and what every first page shows of them, before a reader asks."""
    # What is missing is said on the page.
    with suppress(DataError):
        cohort_counts(open_dataset(location), Filters())


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs=_KEYS)
def get_ready(dataset: Dataset) -> None:
    """Fill the caches that are the same for all cohorts of `dataset`, and import what pages import late."""
    for name in _LATER:
        importlib.import_module(name)
    # What is missing is said by the page that needs it.
    with suppress(DataError):
        column_groups(dataset)
        explained(dataset)
    with suppress(DataError):
        open_session()
        application_table()

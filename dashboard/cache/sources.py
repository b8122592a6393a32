"""Settings, predictions and model as they are on disk."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakValueDictionary

import polars as pl
import streamlit as st

from dashboard import journal
from dashboard.cache.chosen import LOADED, chosen
from dashboard.cache.kept import kept
from dashboard.cohort.bins import Bins
from dashboard.cohort.columns import prepare
from dashboard.cohort.filters import Filters
from dashboard.cohort.rows import Search, Sort
from dashboard.metrics.column_counts import select_rows
from dashboard.metrics.counts import BoolArray
from dashboard.visit.looks import Looks
from dashboard.visit.saved import SavedCohorts, SavedReports
from data.definition.at_hand import load_definition
from data.definition.definition import Definition
from data.errors import DamageError, PredictionsError, ScoreroomError
from data.files.convert import scan_applications
from data.library.entries import EMBEDDED, LibraryError, find_entry
from data.predictions.at_hand import open_predictions
from data.predictions.brought import brought_score, why_no_score
from data.predictions.imports import import_predictions, version_of
from data.predictions.roles.answers import NOTHING_SAID, Answers
from data.predictions.table import Predictions, own_digest
from data.settings import DEFINITION, Settings, load_settings
from data.store.opening import is_there
from data.store.records import APPLICATIONS, MODEL, check_built
from inference.errors import ArtifactError
from inference.model.artifact import MANIFEST
from inference.model.session import ScoringSession
from inference.publishing.pipeline import why_no_model

_BROUGHT = (
    "Only predictions were brought here, without the model or the applications behind them; bring applications on the "
    "page Open to train a model."
)
# Entries of a cache whose values take a few kilobytes each.
SMALL = 256


@dataclass(frozen=True, slots=True)
class Location:
    """Where predictions are: those that the app was started on, the project's own where nothing is `imported`.

    `file` is the token of a dropped file that is shown instead (`dashboard.cache.scored`), `portfolio` what links call
    the library's portfolio that the visit has chosen. `said` tells how the imported file is written.
    """

    imported: str = ""
    answers: Answers = NOTHING_SAID
    file: str = ""
    portfolio: str = ""
    said: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Dataset:
    """The key of a loaded table of predictions; two versions of a file have different keys."""

    location: Location
    digest: str


# Cache keys are frozen values whose repr is complete. Streamlit's own hash of such a value takes five times as long,
# and each run of a page looks up a dozen entries.
KEYS: dict[str | type, Callable[[Any], Any]] = {Dataset: repr, Filters: repr, Bins: repr, Sort: repr, Search: repr}


class BarePortfolioError(PredictionsError):
    """Applications without anything that predicts them, which is no damage."""


def open_dataset(location: Location) -> Dataset:
    """The dataset at `location` as it is on disk now; `location` is of the portfolio that is looked at.

    Raises:
        BarePortfolioError: the portfolio can have no predictions.
        ScoreroomError: the predictions are missing or wrong.
    """
    if location.imported:
        return Dataset(location, version_of(Path(location.imported)))
    try:
        return Dataset(location, own_digest(settings()))
    except DamageError:
        if reason := _why_no_predictions():
            raise BarePortfolioError(reason) from None
        raise


def _why_no_predictions() -> str:
    """Why the applications have no predictions, if that is not damage; else empty."""
    if not is_there(settings().applications):
        return ""
    reason = why_no_model(settings(), definition())
    if not reason or brought_score(definition()) is not None:
        return ""
    return f"{reason} {why_no_score(definition())} Scores in a file of their own are shown with `--predictions FILE`."


def n_applications() -> int:
    """How many applications the table at hand holds."""
    return int(scan_applications(settings().applications, definition()).select(pl.len()).collect().item())


@st.cache_resource(show_spinner=False)
def base_settings() -> Settings:
    """The settings this process was started with."""
    return load_settings()


def settings() -> Settings:
    """The settings of the portfolio that is looked at.

    Raises:
        LibraryError: it is not in the library any more.
    """
    key = chosen()
    if not key:
        return base_settings()
    if key == EMBEDDED:
        return _settings_of("", "")
    path = base_settings().library / key / DEFINITION
    if not is_there(path):
        raise LibraryError.from_unknown(key)
    return _settings_of(str(path.parent), version_of(path))


# By the definition's version, because that names the champion.
@st.cache_resource(max_entries=SMALL, show_spinner=False)
def _settings_of(folder: str, version: str) -> Settings:  # noqa: ARG001
    return load_settings({**os.environ, "SCOREROOM_PORTFOLIO": folder})


def library_location(key: str) -> Location | None:
    """Where the portfolio that links call `key` is; None if the library has none of that name."""
    if key == EMBEDDED:
        return Location(portfolio=key) if is_there(_settings_of("", "").predictions) else None
    entry = find_entry(base_settings().library, key)
    if entry is None:
        return None
    read = entry.reading
    return (
        Location(portfolio=key)
        if read is None
        else Location(str(entry.table), read.answers, portfolio=key, said=read.said)
    )


def saved_cohorts() -> SavedCohorts:
    """The cohorts that readers saved, in the folder of the portfolio."""
    return SavedCohorts(settings().processed)


def saved_reports() -> SavedReports:
    """The recipes of reports that readers saved, in the same file."""
    return SavedReports(settings().processed)


def looks() -> Looks:
    """What readers saw when, in the folder of the portfolio."""
    return Looks(settings().processed)


def definition() -> Definition:
    """The definition of the portfolio that is looked at."""
    return load_definition(settings())


def definition_path() -> Path:
    """The file that `definition` was read from."""
    return settings().definition


class Rows(Protocol):
    """What holds predictions, with derived columns."""

    @property
    def predictions(self) -> Predictions:
        """The predictions."""

    @property
    def portfolio(self) -> Dataset:
        """The dataset that was shown when they were made."""


# Dropped files that are shown, by token; each is held by its visit alone.
_files: WeakValueDictionary[str, Rows] = WeakValueDictionary()


def file_dataset(token: str, file: Rows) -> Dataset:
    """The dataset of a dropped file, for as long as somebody holds the file."""
    _files[token] = file
    return Dataset(Location(file=token, portfolio=chosen()), token)


def portfolio_beside(dataset: Dataset) -> Dataset:
    """The dataset that a dropped file is looked at beside; any other dataset itself."""
    return _file(dataset).portfolio if dataset.location.file else dataset


def _file(dataset: Dataset) -> Rows:
    file = _files.get(dataset.location.file)
    if file is None:
        raise PredictionsError("The dropped file is not in memory any more; drop it again on the page Score a file.")
    return file


def predictions(dataset: Dataset) -> Predictions:
    """The predictions of `dataset`, with derived columns computed once.

    Raises:
        PredictionsError: it is a dropped file that nobody holds any more.
        ScoreroomError: the predictions are missing or wrong.
    """
    if dataset.location.file:
        return _file(dataset).predictions
    found = _predictions(dataset)
    if found.more is None and not dataset.location.imported and _has_applications():
        # Opened while the application table was damaged, which has been made again since.
        _predictions.clear(dataset)
        found = _predictions(dataset)
    return found


def _has_applications() -> bool:
    try:
        applications_version()
    except ScoreroomError:
        return False
    return True


@st.cache_resource(max_entries=LOADED, show_spinner="Loading the predictions ...", hash_funcs=KEYS)
def _predictions(dataset: Dataset) -> Predictions:
    location = dataset.location
    with journal.noting("predictions_opened", is_imported=bool(location.imported)) as facts:
        if location.imported:
            table = import_predictions(Path(location.imported), definition(), location.answers, dict(location.said))
        else:
            table = open_predictions(settings(), definition())
            facts["digest"] = dataset.digest
        prepared = prepare(table)
        facts["rows"] = prepared.frame.height
    # The table stays loaded, so freezing it keeps later collections short.
    gc.collect()
    gc.freeze()
    return prepared


# A byte a row: counts, checks and contributions of a cohort all ask which rows it has.
@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=KEYS)
def chosen_rows(dataset: Dataset, filters: Filters) -> BoolArray | None:
    """Which rows of `dataset` are in the cohort; None for all of them."""
    return select_rows(predictions(dataset).holding(filters.columns), filters.expression())


def model_version() -> str:
    """The version of the published model, after checking it against the build record.

    Raises:
        ScoreroomError: it is missing or damaged.
    """
    check_built(settings(), MODEL)
    if not is_there(settings().model / MANIFEST):
        reason = why_untrained()
        raise ArtifactError(reason) if reason else ArtifactError.from_missing(settings().model)
    return version_of(settings().model / MANIFEST)


def why_untrained() -> str:
    """Why the portfolio's table can train no model, in one sentence; empty if it can or is not built."""
    if is_there(settings().applications):
        return why_no_model(settings(), definition())
    entry = find_entry(base_settings().library, chosen()) if chosen() not in ("", EMBEDDED) else None
    return _BROUGHT if entry is not None and entry.reading is not None else ""


def applications_version() -> str:
    """The version of the application table, after checking it against the build record.

    Raises:
        ScoreroomError: it is missing or damaged.
    """
    check_built(settings(), APPLICATIONS)
    return version_of(settings().applications)


@kept(model_version, entries=LOADED, spinner="Loading the model ...")
def open_session() -> ScoringSession:
    """The scoring session of this process, opened again when a new model is published.

    Raises:
        ScoreroomError: there is no model, or it is not the one that was published.
    """
    with journal.noting("model_opened") as facts:
        session = ScoringSession.open_built(settings())
        facts |= {"model_sha256": session.manifest.files[session.backend].sha256, "backend": session.backend}
    return session

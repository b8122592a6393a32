"""Settings and predictions as they are on disk."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakValueDictionary

import polars as pl
import streamlit as st

from dashboard import journal
from dashboard.cache.chosen import LOADED, TABLES, chosen
from dashboard.cohort.bins import Bins
from dashboard.cohort.columns import prepare, prepare_again
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
from data.predictions.judged import judged_by
from data.predictions.roles.answers import NOTHING_SAID, Answers
from data.predictions.table import AS_IMPORTED, PROBABILITY, Predictions, own_digest
from data.settings import DEFINITION, Settings, load_settings
from data.store.opening import is_there
from data.store.records import APPLICATIONS, check_built
from inference.inventory.entry import CHAMPION, UnknownModelError
from inference.inventory.store import find_model, folder_of_model, read_scores
from inference.model.artifact import ENTRY
from inference.publishing.pipeline import why_no_model

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
    """The key of a loaded table of predictions; two versions of a file have different keys.

    `model` is the one whose PDs they are, empty for the champion, and `scores` the version of its PDs. A cohort's rows
    are those that its filters select under the PDs of `chosen_by`, where that is given: two models are compared over
    the same applications.
    """

    location: Location
    digest: str
    model: str = ""
    scores: str = ""
    chosen_by: Dataset | None = None

    @property
    def own(self) -> Dataset:
        """The same table with cohorts that its own PDs select."""
        return self if self.chosen_by is None else replace(self, chosen_by=None)

    @property
    def of_champion(self) -> Dataset:
        """The same applications under the champion."""
        return replace(self, model="", scores="", chosen_by=None) if self.model else self.own


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
    whole, own = dataset.of_champion, dataset.own
    found = _predictions(whole)
    if found.more is None and not dataset.location.imported and _has_applications():
        # Opened while the application table was damaged, which has been made again since.
        _predictions.clear(whole)
        found = _predictions(whole)
    if not own.model:
        return found
    judged = _judged(own)
    if judged.more is None and found.more is not None:
        _judged.clear(own)
        judged = _judged(own)
    return judged


# Beside the champion's table 11 bytes a row; the other columns are shared with it.
@st.cache_resource(max_entries=TABLES - LOADED, show_spinner=False, hash_funcs=KEYS)
def _judged(dataset: Dataset) -> Predictions:
    """The applications of `dataset` under another model than the champion."""
    whole, name = predictions(dataset.of_champion), dataset.model
    with journal.noting("model_shown") as facts:
        if dataset.location.imported:
            how, scale = AS_IMPORTED, whole.other_scales.get(name)
        else:
            how, scale = str(find_model(settings(), name).how), None
        found = prepare_again(judged_by(whole, model_scores(dataset, name), name, how, scale=scale))
        facts["rows"] = found.frame.height
    return found


def model_scores(dataset: Dataset, name: str) -> pl.Series:
    """The PDs (Float64, null where it gives none) of the model called `name`, for all applications of `dataset`.

    Raises:
        ScoreroomError: there is no such model, or its PDs cannot be used.
    """
    whole = dataset.of_champion
    if name == CHAMPION:
        return predictions(whole).frame[PROBABILITY]
    if dataset.location.imported:
        others = predictions(whole).others
        if name not in others:
            raise UnknownModelError.from_name(name, [CHAMPION, *others])
        return others[name]
    return _model_scores(replace(whole, model=name, scores=scores_version(name)))


# 2.5 MB each at 307,511 rows; most are the ones that a judged table shares.
@st.cache_resource(max_entries=TABLES, show_spinner=False, hash_funcs=KEYS)
def _model_scores(dataset: Dataset) -> pl.Series:
    return read_scores(settings(), dataset.model)


def scores_version(name: str) -> str:
    """The version of the PDs of the portfolio's model called `name`; empty where they came with the applications.

    Raises:
        UnknownModelError: there is no such model.
    """
    published = folder_of_model(settings(), name) / ENTRY
    if is_there(published):
        return version_of(published)
    find_model(settings(), name)
    return ""


def resolved(dataset: Dataset, filters: Filters, cutoff: float) -> Filters:
    """`filters` as they select rows of `dataset` now: at `cutoff` (a PD), and by the models' PDs as they are."""
    if not filters.models or dataset.location.imported or dataset.location.file:
        return filters.at(cutoff)
    return filters.at(cutoff, {name: scores_version(name) for name in filters.models if name != CHAMPION})


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
        prepared = replace(prepare(table), scores_of=partial(model_scores, dataset))
        facts["rows"] = prepared.frame.height
    # The table stays loaded, so freezing it keeps later collections short.
    gc.collect()
    gc.freeze()
    return prepared


# A byte a row: counts, checks and contributions of a cohort all ask which rows it has.
@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=KEYS)
def chosen_rows(dataset: Dataset, filters: Filters) -> BoolArray | None:
    """Which rows of `dataset` are in the cohort; None for all of them."""
    return select_rows(predictions(dataset.chosen_by or dataset).holding(filters.needed), filters.expression())


def applications_version() -> str:
    """The version of the application table, after checking it against the build record.

    Raises:
        ScoreroomError: it is missing or damaged.
    """
    check_built(settings(), APPLICATIONS)
    return version_of(settings().applications)

"""The models of a portfolio: which there are, the dataset of each, and the session of the one that is looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import streamlit as st

from dashboard import journal
from dashboard.cache.chosen import LOADED, at, chosen, chosen_model
from dashboard.cache.kept import kept
from dashboard.cache.sources import (
    KEYS,
    SMALL,
    Dataset,
    base_settings,
    definition,
    predictions,
    scores_version,
    settings,
)
from dashboard.metrics.counts import exact_counts
from dashboard.metrics.discrimination import roc_auc
from dashboard.metrics.estimate import Estimate
from data.errors import ScoreroomError
from data.library.entries import EMBEDDED, find_entry
from data.predictions.imports import version_of
from data.predictions.table import AS_IMPORTED, OUT_OF_FOLD, OUTCOME, PROBABILITY
from data.settings import MODELS
from data.store.opening import is_there
from data.store.records import MODEL, check_built
from inference.errors import ArtifactError
from inference.inventory.entry import CHAMPION, ModelEntry, ModelKind, UnknownModelError
from inference.inventory.store import (
    contributions_of_model,
    folder_of_model,
    look_through,
    open_model,
    read_scores,
)
from inference.model.artifact import ENTRY, MANIFEST, TEXT
from inference.model.session import ScoringSession
from inference.publishing.pipeline import why_no_model
from inference.scorecard.card import Card, CardBin, Characteristic, read_card
from inference.values import Value

_BROUGHT = (
    "Only predictions were brought here, without the model or the applications behind them; bring applications on the "
    "page Open to train a model."
)


@dataclass(frozen=True, slots=True)
class CardLines:
    """A scorecard, and for each of its characteristics the bin of one application."""

    card: Card
    lines: tuple[tuple[Characteristic, CardBin], ...]


def models_of(dataset: Dataset) -> tuple[ModelEntry, ...]:
    """The models that can be shown of the applications of `dataset`, the champion first; none of a dropped file."""
    if dataset.location.file:
        return ()
    if not dataset.location.imported:
        return tuple(entry for entry in all_models() if not entry.is_stale)
    others = predictions(dataset.of_champion).others
    return tuple(_of_file(name) for name in (CHAMPION, *others)) if others else ()


def _of_file(name: str) -> ModelEntry:
    return ModelEntry(name, ModelKind.SCORE, AS_IMPORTED, "A score of the file of predictions.", "", "")


def _inventory_version() -> str:
    """A text that changes when a model is published, renamed, deleted or promoted, or the applications are others."""
    folder, own = settings().processed / MODELS, settings()
    files = (own.predictions, own.applications, own.model / MANIFEST, *sorted(folder.glob(f"[!.]*/{ENTRY}")))
    return " ".join(version_of(path) for path in files if is_there(path))


@kept(_inventory_version, entries=LOADED)
def _looked_through() -> tuple[tuple[ModelEntry, ...], Mapping[str, str]]:
    return look_through(settings())


def all_models() -> tuple[ModelEntry, ...]:
    """The models of the portfolio that is looked at, the champion first, also those of other applications."""
    return _looked_through()[0]


def model_faults() -> Mapping[str, str]:
    """Why models of the portfolio cannot be used, by their names."""
    return _looked_through()[1]


@st.cache_data(max_entries=SMALL, show_spinner=False, hash_funcs=KEYS)
def model_auc(dataset: Dataset) -> Estimate:
    """The AUC of a model over all applications that it has scored and whose outcome is known.

    Raises:
        ScoreroomError: its PDs cannot be read.
    """
    whole, name = predictions(dataset.of_champion), dataset.model
    if not name:
        scores = whole.frame[PROBABILITY]
    else:
        scores = whole.others[name] if dataset.location.imported else read_scores(settings(), name)
    table = pl.DataFrame({OUTCOME: whole.frame[OUTCOME], PROBABILITY: scores}).drop_nulls()
    return roc_auc(exact_counts(table[OUTCOME].to_numpy(), table[PROBABILITY].to_numpy()))


def dataset_of_model(dataset: Dataset, name: str) -> Dataset:
    """The applications of `dataset` under the model called `name`; under the champion where that is empty.

    Raises:
        UnknownModelError: there is no such model, or it is of other applications.
    """
    if name in ("", CHAMPION):
        return dataset.of_champion
    known = [entry.name for entry in models_of(dataset)]
    if name not in known:
        raise UnknownModelError.from_name(name, known)
    whole = dataset.of_champion
    if dataset.location.imported:
        return replace(whole, model=name, scores="~file")
    return replace(whole, model=name, scores=scores_version(name))


@contextmanager
def judging(dataset: Dataset) -> Iterator[None]:
    """Let the model of `dataset` score and explain within the block; scores of a file have none but the published."""
    with at(dataset.location.portfolio, scoring_model(dataset)):
        yield


def scoring_model(dataset: Dataset) -> str:
    """The model that scores and explains beside `dataset`; empty for the champion."""
    return "" if dataset.location.imported else dataset.model


def chosen_entry() -> ModelEntry | None:
    """The model that scores and explains where that is another one than the champion.

    Raises:
        UnknownModelError: it is not there any more.
    """
    name = chosen_model()
    if not name:
        return None
    found = next((entry for entry in all_models() if entry.name == name), None)
    if found is None:
        raise UnknownModelError.from_name(name, [entry.name for entry in all_models()])
    return found


def model_folder() -> Path:
    """The folder of the files of the model that scores and explains."""
    return folder_of_model(settings(), chosen_model() or CHAMPION)


def has_contributions(name: str) -> bool:
    """Whether the contributions to the model called `name` have been computed."""
    return is_there(contributions_of_model(settings(), name))


def contributions_file() -> Path:
    """Where the contributions to the model that scores and explains lie, or would."""
    return contributions_of_model(settings(), chosen_model() or CHAMPION)


def model_version() -> str:
    """The version of the model that scores and explains; the published one's after checking its build record.

    Raises:
        ScoreroomError: it is missing or damaged, or can score nothing but what it has scored.
    """
    entry = chosen_entry()
    if entry is not None:
        if not entry.can_score:
            raise ArtifactError(
                f"The model {entry.name} has PDs of the portfolio's applications alone: it cannot score edited, new or "
                "other ones. Show another model."
            )
        return version_of(model_folder() / MANIFEST)
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


@kept(model_version, entries=LOADED, spinner="Loading the model ...")
def open_session() -> ScoringSession:
    """The session of the model that scores and explains, opened again when a new one is published.

    Raises:
        ScoreroomError: there is no model, or it is not the one that was published.
    """
    name = chosen_model()
    with journal.noting("model_opened") as facts:
        session = open_model(settings(), name) if name else ScoringSession.open_built(settings())
        facts |= {"model_sha256": session.manifest.files[session.backend].sha256, "backend": session.backend}
    return session


@kept(model_version, entries=SMALL)
def card_lines(values: Mapping[str, Value]) -> CardLines | None:
    """The scorecard that scores, and the bins that an application falls in; None where the model is none.

    Raises:
        ScoreroomError: there is no model, or its card is damaged.
    """
    card = read_card(model_folder())
    if card is None:
        return None
    features = open_session().features
    return CardLines(card, tuple(card.lines(features, features.row(values)[0])))


def why_no_trees() -> str:
    """Why nothing explains the model that scores; empty if it was published with trees, or there is no model."""
    try:
        files = open_session().manifest.files
    except ScoreroomError:
        return ""
    if TEXT in files:
        return ""
    name = model_in_words()
    return f"{name[0].upper()}{name[1:]} gives PDs without the trees that contributions are computed from."


def was_trained_here() -> bool:
    """Whether the model that scores is known to have been trained on the portfolio's applications."""
    name = chosen_model() or CHAMPION
    try:
        return any(entry.name == name and entry.how == OUT_OF_FOLD for entry in all_models())
    except ScoreroomError:
        return False


def model_in_words() -> str:
    """What sentences call the model that scores and explains."""
    return f"the model {chosen_model()}" if chosen_model() else "the published model"

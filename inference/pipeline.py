"""From nothing, or from a dropped file, to a scored portfolio: the steps in order, each only when it is stale."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import polars as pl

from data import schema
from data.convert import convert, read_source, write_applications
from data.errors import FileError, PredictionsError
from data.predictions import PredictionsSource, make_predictions, write_predictions
from data.predictions import read_source as read_predictions_source
from data.raw import find_raw
from data.settings import PROFILE, Settings
from data.storage import read_parquet, sha256_of
from inference.artifact import ONNX, TEXT, Manifest, is_whole
from inference.contributions import build_contributions, digest_of_model, read_digest
from inference.errors import ContributionsError, HoldError, InferenceError
from inference.features import FEATURES
from inference.publishing import Say, has_leftovers, read_hold, silent, staging

EMBEDDED = "Embedded portfolio (synthetic)"

Advance = Callable[[int, int], None]
Progress = Callable[[str], AbstractContextManager[Advance]]


def build(settings: Settings, progress: Progress, *, say: Say = silent, release: bool = False) -> tuple[str, ...]:
    """Build what is missing or stale and name the steps that ran; `progress` shows each while it runs.

    Applications come from `application_train.*` in the raw folder where there is one, else they are synthetic. What is
    built takes its place as a whole at the end, and the portfolio before it is kept where the model is another one.
    Where another build is under way, this one waits for it and `say`s so. Where builds are held (`publishing.Hold`),
    only contributions are built again; `release` ends that.

    Raises:
        DataError: the dropped file is wrong, or a place cannot be written.
        HoldError: builds are held and what is held is damaged.
    """
    if not release and _is_settled(settings):
        return ()
    with staging(settings, say) as stage:
        stage.take_current()
        hold = None if release else read_hold(settings)
        if hold is None:
            done = _build_stale(stage.settings, progress)
        elif belongs_together(stage.settings):
            done = _build_contributions_if_stale(stage.settings, progress)
        else:
            raise HoldError.from_damaged(hold.notice())
        if done or release:
            changed = model_of(stage.settings) != model_of(settings)
            stage.commit(keep_current=changed and belongs_together(settings), hold=hold)
        return done


def is_current(settings: Settings) -> bool:
    """Whether building from the data and settings at hand would change nothing."""
    if not (_applications_are_fresh(settings, find_raw(settings.raw)) and _predictions_are_fresh(settings)):
        return False
    return _contributions_are_fresh(settings)


def belongs_together(settings: Settings) -> bool:
    """Whether the model is whole and the applications and predictions at hand are its own."""
    try:
        manifest = Manifest.load(settings.model)
        source = read_predictions_source(settings.predictions)
        is_of_model = manifest.training_data_sha256 == sha256_of(settings.applications)
    except (FileError, PredictionsError, InferenceError, OSError):
        return False
    return (
        is_of_model
        and is_whole(settings.model, manifest, allow_pickle=settings.allow_pickle)
        and source.digest == _digest(manifest)
    )


def model_of(settings: Settings) -> str:
    """What the published model is told apart by in short, empty where there is none that can be opened."""
    try:
        return Manifest.load(settings.model).files[ONNX].sha256[:12]
    except (InferenceError, KeyError):
        return ""


def _is_settled(settings: Settings) -> bool:
    if read_hold(settings) is None:
        settled = is_current(settings)
    else:
        settled = belongs_together(settings) and _contributions_are_fresh(settings)
    # A folder that may only be read keeps what others left in it.
    return settled and not (has_leftovers(settings) and os.access(settings.processed, os.W_OK))


def _build_stale(settings: Settings, progress: Progress) -> tuple[str, ...]:
    done = []
    raw = find_raw(settings.raw)
    if not _applications_are_fresh(settings, raw):
        done.append("applications")
        _build_applications(settings, raw, progress)
    if not _predictions_are_fresh(settings):
        done.append("predictions")
        _build_predictions(settings, raw, progress)
    return (*done, *_build_contributions_if_stale(settings, progress))


def _build_contributions_if_stale(settings: Settings, progress: Progress) -> tuple[str, ...]:
    if _contributions_are_fresh(settings):
        return ()
    _build_contributions(settings, progress)
    return ("contributions",)


def _wanted_source(settings: Settings, raw: Path | None) -> dict[str, object]:
    if raw is not None:
        return {"kind": "file", "sha256": sha256_of(raw)}
    return {"kind": "synthetic", "rows": settings.rows, "seed": settings.seed, "profile": sha256_of(PROFILE)}


def _applications_are_fresh(settings: Settings, raw: Path | None) -> bool:
    if not settings.applications.exists():
        return False
    try:
        source = read_source(settings.applications)
    except FileError:
        return False
    return all(source.get(key) == value for key, value in _wanted_source(settings, raw).items())


def _build_applications(settings: Settings, raw: Path | None, progress: Progress) -> None:
    if raw is not None:
        with progress(f"Reading {raw.name}") as advance:
            convert(raw, settings.applications, progress=advance)
        return
    from data.synthetic import make_applications

    with progress("Making the portfolio") as advance:
        frame = make_applications(settings.rows, seed=settings.seed, progress=advance)
        write_applications(frame, settings.applications, _wanted_source(settings, None))


def _predictions_are_fresh(settings: Settings) -> bool:
    try:
        manifest = Manifest.load(settings.model)
        source = read_predictions_source(settings.predictions)
    except (FileError, PredictionsError, InferenceError):
        return False
    current = manifest.was_made_from(sha256_of(settings.applications), FEATURES.digest, settings.seed)
    # Predictions belong to one model: those of another, left over from an interrupted build, are stale too.
    return (
        current
        and is_whole(settings.model, manifest, allow_pickle=settings.allow_pickle)
        and source.digest == _digest(manifest)
    )


def _digest(manifest: Manifest) -> str:
    """What a table of predictions is told apart by: the model, its data, and the columns carried along."""
    carried = [column.name for column in schema.cohort_columns()]
    told = [manifest.files[ONNX].sha256, manifest.training_data_sha256, *carried]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _build_predictions(settings: Settings, raw: Path | None, progress: Progress) -> None:
    # Training brings LightGBM, which takes longer to import than a second start may take in all.
    from inference.build import publish_model

    applications = read_parquet(settings.applications)
    digest = sha256_of(settings.applications)
    with progress("Training and checking the model") as advance:
        published = publish_model(
            applications, settings.model, data_digest=digest, seed=settings.seed, progress=advance
        )
    with progress("Writing the predictions") as advance:
        probabilities, folds = pl.Series(published.probabilities), pl.Series(published.folds)
        frame = make_predictions(applications, probabilities, folds)
        name = raw.name if raw else EMBEDDED
        source = PredictionsSource(name, _digest(published.manifest), is_imported=False)
        write_predictions(frame, settings.predictions, source)
        advance(1, 1)


def _contributions_are_fresh(settings: Settings) -> bool:
    """Whether there is nothing to do; a model whose text was taken away still scores, but cannot be explained."""
    try:
        current = read_digest(settings.contributions) == digest_of_model(Manifest.load(settings.model))
    except ContributionsError:
        current = False
    return current or not (settings.model / TEXT).exists()


def _build_contributions(settings: Settings, progress: Progress) -> None:
    with progress("Explaining every prediction") as advance:
        build_contributions(read_parquet(settings.applications), settings.model, settings.contributions, advance)

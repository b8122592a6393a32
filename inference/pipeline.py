"""From nothing, or from a dropped file, to a scored portfolio: the steps in order, each only when it is stale."""

from __future__ import annotations

import hashlib
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
from inference.errors import ContributionsError, InferenceError
from inference.features import FEATURES

EMBEDDED = "Embedded portfolio (synthetic)"

Advance = Callable[[int, int], None]
Progress = Callable[[str], AbstractContextManager[Advance]]


def build(settings: Settings, progress: Progress) -> tuple[str, ...]:
    """Build what is missing or stale and name the steps that ran; `progress` shows each while it runs.

    Applications come from `application_train.*` in the raw folder where there is one, else they are synthetic.

    Raises:
        DataError: the dropped file is wrong, or a place cannot be written.
    """
    done = []
    raw = find_raw(settings.raw)
    if not _applications_are_fresh(settings, raw):
        done.append("applications")
        _build_applications(settings, raw, progress)
    if not _predictions_are_fresh(settings):
        done.append("predictions")
        _build_predictions(settings, raw, progress)
    if not _contributions_are_fresh(settings):
        done.append("contributions")
        _build_contributions(settings, progress)
    return tuple(done)


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
    return current and is_whole(settings.model, manifest) and source.digest == _digest(manifest)


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

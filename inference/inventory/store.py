"""The models of a portfolio on disk: listed, found, read, published whole or not at all, renamed, deleted.

The champion lies where it always did (`Settings.model`, `Settings.predictions`). Every other model is a folder of
`models` beside the predictions: `entry.json`, `scores.parquet`, and where it can score the files of a published model.
"""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from data.definition.at_hand import load_definition
from data.errors import DamageError, FileError, ScoreroomError
from data.predictions.scores import exact_scores
from data.predictions.table import AS_IMPORTED, FOLD, ID, OUT_OF_FOLD, PROBABILITY, read_source
from data.settings import MODELS, Settings
from data.store.opening import is_there, reading
from data.store.records import PREDICTIONS, FileRecord, check_built
from data.store.storage import part_beside, read_parquet, sweep_parts, write_atomically
from inference.errors import ArtifactError
from inference.inventory.brought import brought_models, brought_rows, further_scores
from inference.inventory.entry import CHAMPION, InventoryError, ModelEntry, ModelKind, UnknownModelError, check_name
from inference.model.artifact import ENTRY, MANIFEST, SCORES, TEXT, Manifest
from inference.model.session import ScoringSession
from inference.publishing.staging import inventory_folders

_COLUMNS = (ID, PROBABILITY, FOLD)
_TRAINED = "The model that builds train on the definition's features."
_BROUGHT = "The score that the table brings."


def list_models(settings: Settings) -> tuple[ModelEntry, ...]:
    """The champion and the other models by name, stale ones among them, and the further scores of the table.

    Damaged folders, and scores that are no PDs of all rows, are left out (`look_through`).

    A copy of the champion that the inventory keeps is not listed beside it.

    Raises:
        FileError: there are no predictions yet.
    """
    return look_through(settings)[0]


def look_through(settings: Settings) -> tuple[tuple[ModelEntry, ...], Mapping[str, str]]:
    """What `list_models` gives, and for the name of each folder or score that cannot be used the reason.

    Raises:
        FileError: there are no predictions yet.
    """
    champion = _champion(settings)
    kept, faults = kept_models(settings)
    others = [entry for entry in kept if not is_copy(entry, champion)]
    taken = {entry.name for entry in kept} | {CHAMPION, *faults}
    scores = [score for score in further_scores(load_definition(settings), champion) if score.name not in taken]
    if scores:
        brought, lacking = brought_models(settings, scores, champion, _ids(settings))
        others, faults = [*others, *brought], {**faults, **lacking}
    return (champion, *sorted(others, key=lambda entry: entry.name)), faults


def kept_models(settings: Settings) -> tuple[tuple[ModelEntry, ...], Mapping[str, str]]:
    """The models beside the champion by name, a copy of it among them, and for folders that cannot be used why."""
    found, faults = [], {}
    for folder in inventory_folders(settings):
        try:
            found.append(_load(settings, folder))
        except ScoreroomError as error:
            faults[folder.name] = str(error)
    return tuple(sorted(found, key=lambda entry: entry.name)), faults


def is_copy(entry: ModelEntry, champion: ModelEntry) -> bool:
    """Whether a model of the inventory is the champion over again."""
    return bool(entry.model) and entry.model == champion.model and not entry.is_stale


def inventory_version(settings: Settings) -> str:
    """A text that changes whenever a model is published, changed or removed, or other applications are at hand."""
    paths = [settings.applications, settings.predictions, settings.model / MANIFEST]
    paths += [folder / ENTRY for folder in inventory_folders(settings)]
    told = []
    for path in paths:
        with suppress(OSError):
            status = path.stat()
            told.append((str(path), status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
    return hashlib.sha256(repr(told).encode()).hexdigest()


def find_model(settings: Settings, name: str) -> ModelEntry:
    """The model called `name`, stale or not.

    Raises:
        UnknownModelError: there is none; the message names those that there are.
        InventoryError: its folder is damaged.
        FileError: there are no predictions yet.
    """
    if name == CHAMPION:
        return _champion(settings)
    # A name from outside is compared and never made a path of.
    folder = next((folder for folder in inventory_folders(settings) if folder.name == name), None)
    if folder is not None:
        return _load(settings, folder)
    entries, faults = look_through(settings)
    if name in faults:
        raise InventoryError(faults[name])
    found = next((entry for entry in entries if entry.name == name), None)
    if found is None:
        raise UnknownModelError.from_name(name, (entry.name for entry in entries))
    return found


def folder_of_model(settings: Settings, name: str) -> Path:
    """The folder that a model's files lie in, or would."""
    return settings.model if name == CHAMPION else settings.processed / MODELS / name


def contributions_of_model(settings: Settings, name: str) -> Path:
    """Where a model's contributions lie, or would."""
    return settings.contributions if name == CHAMPION else folder_of_model(settings, name) / settings.contributions.name


def read_scores(settings: Settings, name: str) -> pl.Series:
    """A model's PD of each row of the predictions, Float64 from 0 to 1.

    Raises:
        UnknownModelError: there is no such model.
        InventoryError: it is stale, its scores are damaged, or they are of other rows.
        DamageError: the predictions are not what was built.
    """
    return read_rows(settings, name)[PROBABILITY]


def read_rows(settings: Settings, name: str) -> pl.DataFrame:
    """Ids, a model's PDs (Float64) and its folds (UInt8, null where it did not train) in the order of the predictions.

    Raises:
        ScoreroomError: as `read_scores`.
    """
    entry = find_model(settings, name)
    if entry.is_stale:
        raise InventoryError.from_stale(name)
    if entry.is_champion:
        return _predicted(settings)
    path = folder_of_model(settings, name) / SCORES
    if not is_there(path.parent):
        (score,) = (score for score in load_definition(settings).scores if score.name == name)
        return brought_rows(settings, score, _ids(settings))
    try:
        if FileRecord.of_file(path).sha256 != entry.scores_sha256:
            raise InventoryError.from_damage(path, "it is not the file that was published")
        with reading(path):
            rows = read_parquet(path)
    except DamageError as error:
        raise InventoryError.from_damage(path, error.reason) from None
    if not rows[ID].equals(_ids(settings), check_dtypes=False):
        raise InventoryError.from_stale(name)
    return rows.select(_COLUMNS)


def open_model(settings: Settings, name: str, *, threads: int = 1) -> ScoringSession:
    """A model ready to score.

    Raises:
        UnknownModelError: there is no such model.
        InventoryError: it is stale, or only its scores are known.
        ArtifactError, ProviderError: it cannot be opened.
    """
    entry = find_model(settings, name)
    if entry.is_champion:
        return ScoringSession.open_built(settings, threads=threads)
    if entry.is_stale:
        raise InventoryError.from_stale(name)
    if not entry.can_score:
        raise InventoryError(f"Only the scores of model {name!r} are known; it cannot score another application.")
    return ScoringSession.open(
        folder_of_model(settings, name), load_definition(settings), provider=settings.provider, threads=threads
    )


def check_free(settings: Settings, name: str, *, replaces: bool = False) -> None:
    """Raise InventoryError unless a model may be published under `name`; one that is there only if it `replaces` it."""
    check_name(name)
    folder = folder_of_model(settings, name)
    if folder == settings.model:
        raise InventoryError.from_reserved(name)
    if is_there(folder) and not (replaces and (folder / ENTRY).is_file()):
        raise InventoryError.from_taken(name)


def publish(
    settings: Settings,
    entry: ModelEntry,
    files: Mapping[str, bytes],
    scores: pl.DataFrame,
    *,
    replaces: bool = False,
) -> ModelEntry:
    """Add a model with its `files` by name (those of a model's folder; none where it cannot score) and `scores`.

    `scores` have a row for each row of the predictions in their order: `application_id`, `default_probability` (a
    Float32 counts as the decimal that names it) and `fold` (null where the model did not train on the row).

    Returns:
        The entry as it was kept, with the digests of what was written.

    Raises:
        InventoryError: the name is not free, or the scores are not PDs of these rows.
        FileError: the folder cannot be written; nothing of the model is there then.
    """
    check_free(settings, entry.name, replaces=replaces)
    rows = _checked(settings, entry.name, scores)
    content = io.BytesIO()
    rows.write_parquet(content, compression="zstd")
    scores_file = content.getvalue()
    made = replace(
        entry,
        model=_identity(entry.name, files),
        scores_sha256=FileRecord.of(scores_file).sha256,
        is_stale=False,
    )
    folder = folder_of_model(settings, entry.name)
    with suppress(OSError):
        sweep_parts(folder.parent)
    with write_atomically(folder) as part:
        part.mkdir()
        for name, written in {**files, ENTRY: made.to_json(), SCORES: scores_file}.items():
            (part / name).write_bytes(written)
    return made


def rename(settings: Settings, name: str, new: str) -> ModelEntry:
    """Call a model `new`; those that were calibrated from it say so.

    Raises:
        UnknownModelError: there is no such model.
        InventoryError: it is the champion, or the new name is not free.
        FileError: the folder cannot be written.
    """
    if name == CHAMPION:
        raise InventoryError.from_champion("renamed")
    find_model(settings, name)
    check_free(settings, new)
    place = folder_of_model(settings, new)
    try:
        # Refused by the system where another process has published there meanwhile.
        folder_of_model(settings, name).rename(place)
    except OSError as error:
        raise FileError.from_unwritable(place, error.strerror or str(error)) from error
    adopt(inventory_folders(settings), name, new)
    entry = replace(_load(settings, place), name=new)
    _write_entry(place, entry)
    return entry


def adopt(folders: Iterable[Path], parent: str, new: str) -> None:
    """Let the models in `folders` that were calibrated from `parent` say that it is called `new` now.

    Raises:
        FileError: a folder cannot be written.
    """
    for folder in folders:
        with suppress(InventoryError):
            entry = ModelEntry.load(folder / ENTRY)
            if entry.parent == parent:
                _write_entry(folder, replace(entry, parent=new))


def delete(settings: Settings, name: str) -> None:
    """Remove a model, damaged ones too; it is there or gone in one step.

    Raises:
        UnknownModelError: there is no such model.
        InventoryError: it is the champion.
        FileError: the folder cannot be written.
    """
    if name == CHAMPION:
        raise InventoryError.from_champion("deleted")
    folder = next((folder for folder in inventory_folders(settings) if folder.name == name), None)
    if folder is None:
        raise UnknownModelError.from_name(name, (entry.name for entry in list_models(settings)))
    gone = part_beside(folder)
    try:
        folder.rename(gone)
    except OSError as error:
        raise FileError.from_unwritable(folder, error.strerror or str(error)) from error
    shutil.rmtree(gone, ignore_errors=True)


def now() -> str:
    """The time as an entry says it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def applications_digest(settings: Settings) -> str:
    """SHA-256 of the applications at hand; empty where there are none."""
    try:
        return FileRecord.of_file(settings.applications).sha256
    except DamageError:
        return ""


def _load(settings: Settings, folder: Path) -> ModelEntry:
    entry = ModelEntry.load(folder / ENTRY)
    # Renaming a folder is one step; the name inside it follows.
    is_stale = entry.data_sha256 != applications_digest(settings)
    return replace(entry, name=folder.name, is_stale=is_stale)


def _write_entry(folder: Path, entry: ModelEntry) -> None:
    with write_atomically(folder / ENTRY) as part:
        part.write_bytes(entry.to_json())


def _champion(settings: Settings) -> ModelEntry:
    """The model in service as an entry: what is said of it follows from its files, and from where it was promoted."""
    if not is_there(settings.predictions):
        raise FileError.from_unreadable(settings.predictions, "there are no predictions yet", "run `make build`")
    source = read_source(settings.predictions)
    made_at = datetime.fromtimestamp(settings.predictions.stat().st_mtime, UTC).isoformat(timespec="seconds")
    known = ModelEntry(
        CHAMPION,
        ModelKind.SCORE,
        AS_IMPORTED if source.is_imported else OUT_OF_FOLD,
        source.taken or _BROUGHT,
        applications_digest(settings),
        made_at,
    )
    manifest = _manifest(settings.model)
    if manifest is None:
        return known
    if is_there(settings.model / ENTRY):
        promoted = ModelEntry.load(settings.model / ENTRY)
        return replace(promoted, name=CHAMPION, said=f"Promoted from {promoted.name}. {promoted.said}")
    return replace(known, kind=ModelKind.LIGHTGBM, said=_TRAINED, **of_manifest(manifest))


def of_manifest(manifest: Manifest) -> dict[str, Any]:
    """The fields of an entry that follow from the manifest of a model that can score."""
    return {
        "n_features": len(manifest.features),
        "is_monotone": any(feature.constraint for feature in manifest.features),
        "can_score": True,
        "can_explain": TEXT in manifest.files,
        "model": manifest.identity,
    }


def _manifest(directory: Path) -> Manifest | None:
    if not is_there(directory / MANIFEST):
        return None
    try:
        return Manifest.load(directory)
    except ArtifactError:
        return None


def _predicted(settings: Settings) -> pl.DataFrame:
    check_built(settings, PREDICTIONS)
    with reading(settings.predictions):
        rows = pl.read_parquet(settings.predictions, columns=list(_COLUMNS), glob=False)
    return rows.select(_COLUMNS)


def _ids(settings: Settings) -> pl.Series:
    return _predicted(settings)[ID]


def _identity(name: str, files: Mapping[str, bytes]) -> str:
    """What a model's `files` are told apart by; empty where there are none."""
    if MANIFEST not in files:
        return ""
    manifest = Manifest.of_json(files[MANIFEST])
    for file, record in manifest.files.items():
        if file not in files or FileRecord.of(files[file]) != record:
            raise InventoryError(f"{file} of model {name!r} is not what its manifest says; nothing was published.")
    return manifest.identity


def _checked(settings: Settings, name: str, scores: pl.DataFrame) -> pl.DataFrame:
    if missing := [column for column in _COLUMNS if column not in scores.columns]:
        raise InventoryError.from_scores(name, f"column {missing[0]} is missing")
    rows = scores.select(ID, exact_scores(scores[PROBABILITY]), pl.col(FOLD).cast(pl.UInt8))
    ids = _ids(settings)
    if rows.height != ids.len():
        raise InventoryError.from_scores(name, f"there are {rows.height:,} for {ids.len():,} rows of predictions")
    if not rows[ID].equals(ids, check_dtypes=False):
        raise InventoryError.from_scores(name, "they are of other applications than the predictions, or in other order")
    # NaN counts as larger than all numbers.
    if n_wrong := (~rows[PROBABILITY].is_between(0, 1).fill_null(value=False)).sum():
        raise InventoryError.from_scores(name, f"{n_wrong:,} of {rows.height:,} are no PD from 0 to 1")
    return rows.with_columns(ids)

"""Making another model the champion in one step, so that a rollback undoes it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from data.definition.at_hand import load_definition
from data.definition.definition import Definition
from data.errors import FileError, ScoreroomError
from data.predictions.table import AS_IMPORTED, FOLD, PROBABILITY, read_source, write_predictions
from data.settings import Settings
from data.store.opening import is_there, read_bytes
from data.store.records import CONTRIBUTIONS, MODEL, PREDICTIONS, keep, load_record
from data.store.storage import read_parquet, write_atomically
from inference.errors import HoldError
from inference.inventory.entry import CHAMPION, InventoryError, ModelEntry
from inference.inventory.explained import Progress, explain_model
from inference.inventory.store import (
    adopt,
    check_free,
    contributions_of_model,
    find_model,
    folder_of_model,
    is_copy,
    kept_models,
    now,
    publish,
    read_rows,
)
from inference.model.artifact import ENTRY, MANIFEST, ONNX, TEXT, Manifest, read_verified
from inference.model.session import ScoringSession
from inference.publishing.pipeline import (
    belongs_together,
    check_predicted,
    made_from_model,
    model_of,
    predictions_digest,
)
from inference.publishing.staging import IN_MODEL, Hold, Say, Staging, Why, inventory_folders, silent, staging


@dataclass(frozen=True, slots=True)
class Promoted:
    """What is served since a promotion; `kept_as` is what the inventory calls the champion before it."""

    entry: ModelEntry
    kept_as: str
    hold: Hold


def promote(settings: Settings, name: str, progress: Progress, *, keep_as: str = "", say: Say = silent) -> Promoted:
    """Put the model called `name` in service with its PDs and contributions.

    The champion before it stays: in the inventory, called `keep_as` or by its kind and the day, unless it is there
    already, and with all that belongs to it as the previous portfolio, to which a rollback goes back. Builds are held.

    Raises:
        UnknownModelError: there is no such model.
        InventoryError: it is the champion, is stale, cannot score, or `keep_as` is not free.
        HoldError: its files, or those of the portfolio in service, do not belong together.
        FileError: a place cannot be written; nothing has changed then.
    """
    _check(settings, name)
    if keep_as and keep_as not in _copies(settings):
        check_free(settings, keep_as)
    # Before the lock: it takes a while, and others may read meanwhile.
    explain_model(settings, name, progress)
    with staging(settings, say) as stage:
        entry = _check(settings, name)
        if not belongs_together(settings):
            raise HoldError(
                f"{settings.processed}: no whole model is in service to go back to, so that nothing was changed; "
                "run `make build` first."
            )
        stage.take_current()
        try:
            _stage(settings, stage, entry)
        except OSError as error:
            raise FileError.from_unwritable(settings.processed, error.strerror or str(error)) from error
        kept_as = _keep_champion(settings, keep_as)
        # What was calibrated from the champion was so from this one.
        adopt([*inventory_folders(settings), stage.settings.model], CHAMPION, kept_as)
        hold = Hold.now(Why.PROMOTED, model_of(stage.settings), model_of(settings))
        stage.commit(keep_current=True, hold=hold)
    return Promoted(find_model(settings, CHAMPION), kept_as, hold)


def _check(settings: Settings, name: str) -> ModelEntry:
    entry, champion = find_model(settings, name), find_model(settings, CHAMPION)
    if entry.is_champion or is_copy(entry, champion):
        raise InventoryError(f"Model {name!r} is the one in service already; nothing was changed.")
    if entry.is_stale:
        raise InventoryError.from_stale(name)
    if not entry.can_score:
        raise InventoryError(
            f"Only the scores of model {name!r} are known, and the model in service has to score new applications; "
            "nothing was changed."
        )
    return entry


def _stage(settings: Settings, stage: Staging, entry: ModelEntry) -> None:
    """Replace the model, the PDs and the contributions of a staged portfolio by those of a model of the inventory."""
    made, folder = stage.settings, folder_of_model(settings, entry.name)
    rows = read_rows(settings, entry.name)
    shutil.rmtree(made.model, ignore_errors=True)
    made.model.mkdir()
    for name in IN_MODEL:
        if (folder / name).is_file():
            shutil.copy2(folder / name, made.model / name)
    definition = load_definition(settings)
    manifest = _opened(settings, definition, made.model, entry.name)
    if manifest.definition.digest != definition.digest:
        manifest = _restated(definition, made.model)
    origin = {"applications": manifest.training_data_sha256, "definition": manifest.definition.digest}
    keep(made, MODEL, [MANIFEST, *manifest.files], {**origin, "seed": manifest.seed})
    before = read_parquet(made.predictions)
    frame = before.with_columns(rows[PROBABILITY], rows[FOLD])
    is_imported = entry.how == AS_IMPORTED
    source = replace(
        read_source(made.predictions), digest=predictions_digest(manifest), is_imported=is_imported, taken=""
    )
    write_predictions(frame, made.predictions, source)
    keep(made, PREDICTIONS, [made.predictions.name], made_from_model(made, load_record(made), ONNX))
    _stage_contributions(settings, made, entry)
    check_predicted(made, definition)
    if not belongs_together(made):
        raise HoldError.from_unfit(str(folder), "its model, its scores and the applications do not belong together")


def _restated(definition: Definition, directory: Path) -> Manifest:
    """The model in the words in force; what is said of it stays as it is."""
    # Brings libraries that only training needs besides.
    from inference.model.build import restate_model

    said = read_bytes(directory / ENTRY)
    manifest = restate_model(definition, directory)
    (directory / ENTRY).write_bytes(said)
    return manifest


def _opened(settings: Settings, definition: Definition, directory: Path, name: str) -> Manifest:
    """The manifest of a staged model, which opens and has all its files."""
    try:
        ScoringSession.open(directory, definition, provider=settings.provider)
        manifest = Manifest.load(directory)
        for file in manifest.files:
            if read_verified(directory, manifest, file) is None:
                raise HoldError.from_unfit(str(folder_of_model(settings, name)), f"{file} is missing")
    except HoldError:
        raise
    except ScoreroomError as error:
        folder = str(folder_of_model(settings, name))
        raise HoldError.from_unfit(folder, str(error).replace(str(directory), "its model").rstrip(".")) from None
    return manifest


def _stage_contributions(settings: Settings, made: Settings, entry: ModelEntry) -> None:
    # Those of the champion before are of other trees.
    made.contributions.unlink(missing_ok=True)
    place = contributions_of_model(settings, entry.name)
    if not entry.can_explain or not place.is_file():
        return
    shutil.copy2(place, made.contributions)
    keep(made, CONTRIBUTIONS, [made.contributions.name], made_from_model(made, load_record(made), TEXT))


def _keep_champion(settings: Settings, keep_as: str) -> str:
    """Add the champion to the inventory and say under which name, which is its own where it is there already."""
    champion = find_model(settings, CHAMPION)
    copies = _copies(settings)
    if copies and (not keep_as or keep_as in copies):
        return keep_as or copies[0]
    today = now()[:10]
    name = keep_as or _free_name(settings, f"{champion.kind}-{today}")
    files = {
        file: read_bytes(settings.model / file)
        for file in IN_MODEL
        if file != ENTRY and (settings.model / file).is_file()
    }
    entry = replace(champion, name=name, said=f"The champion until {today}. {champion.said}")
    publish(settings, entry, files, read_rows(settings, CHAMPION))
    if champion.can_explain and settings.contributions.is_file():
        with write_atomically(contributions_of_model(settings, name)) as part:
            shutil.copy2(settings.contributions, part)
    return name


def _copies(settings: Settings) -> list[str]:
    """What the inventory calls the champion already."""
    champion = find_model(settings, CHAMPION)
    return [entry.name for entry in kept_models(settings)[0] if is_copy(entry, champion)]


def _free_name(settings: Settings, name: str) -> str:
    """`name`, or the first that is free of it with a number behind."""
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    return next(each for each in names if not is_there(folder_of_model(settings, each)))

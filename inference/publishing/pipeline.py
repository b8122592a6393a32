"""From nothing, or from a dropped file, to a scored portfolio: the steps in order, each only when it is stale.

A product is stale when it is not what was built (`data.store.records`), or what it was made from is not what it would
be made from now.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import polars as pl

from data.definition.at_hand import load_definition
from data.definition.definition import Definition
from data.definition.errors import Place, shown
from data.errors import FileError, ScoreroomError
from data.files.convert import convert, scan_applications, write_applications
from data.files.raw import find_raw
from data.predictions.table import (
    FOLD,
    ID,
    OUTCOME,
    PROBABILITY,
    PredictionsSource,
    check_columns,
    check_rows,
    make_predictions,
    write_predictions,
)
from data.predictions.table import read_source as read_predictions_source
from data.quality.kept import are_kept, keep_oddities
from data.settings import PROFILE, Settings
from data.store.opening import check_readable, is_there, reading
from data.store.records import (
    APPLICATIONS,
    CONTRIBUTIONS,
    MODEL,
    PREDICTIONS,
    QUALITY,
    FileRecord,
    PortfolioRecord,
    is_intact,
    keep,
    load_record,
    look_at,
)
from data.store.storage import check_file_place, read_parquet
from inference.errors import HoldError, InferenceError
from inference.explain.contributions import build_contributions, digest_of_ids, digest_of_model, read_header
from inference.features.definition_features import feature_set
from inference.model.artifact import CALIBRATOR, MANIFEST, ONNX, TEXT, Manifest, is_whole
from inference.model.training_settings import LEAST_IN_FOLD, TrainingSettings
from inference.publishing.imported import import_score, imported_are_fresh
from inference.publishing.staging import Hold, Say, Staging, has_leftovers, read_hold, silent, staging

# Of the values that do not occur, so many are named.
_MOST_NAMED = 5
EMBEDDED = "Embedded portfolio (synthetic)"
# What the steps are called while they run; reading applications from a file names it.
MAKING, TRAINING, TAKING_OVER = "Making the portfolio", "Training and checking the model", "Taking over the definition"
WRITING, EXPLAINING = "Writing the predictions", "Explaining every prediction"
LOOKING_THROUGH = "Looking through the data"
_MADE_IN = {
    TRAINING: MODEL,
    TAKING_OVER: MODEL,
    WRITING: PREDICTIONS,
    EXPLAINING: CONTRIBUTIONS,
    LOOKING_THROUGH: QUALITY,
}

Advance = Callable[[int, int], None]
Progress = Callable[[str], AbstractContextManager[Advance]]
Origin = Mapping[str, str | int]


def build(
    settings: Settings,
    progress: Progress,
    *,
    say: Say = silent,
    release: bool = False,
    on_usable: Callable[[], None] = lambda: None,
) -> tuple[str, ...]:
    """Build what is missing, damaged or stale and name the steps that ran; `progress` shows each while it runs.

    Applications come from `application_train.*` in the raw folder where there is one, else they are synthetic. What is
    built takes its place as a whole at the end, and the portfolio before it is kept where the model is another one.
    Where no contributions are in service, the rest takes its place before they are computed, which `on_usable` is told.
    Where another build is under way, this one waits for it and `say`s so. Where builds are held (`publishing.Hold`),
    only contributions and data quality are built again; `release` ends that.

    Raises:
        ScoreroomError: the dropped file is wrong, or a place cannot be written.
        HoldError: builds are held and what is held is damaged.
    """
    if not release and is_settled(settings):
        return ()
    with staging(settings, say) as stage:
        stage.take_current()
        hold = None if release else read_hold(settings)
        done: tuple[str, ...] = ()
        if hold is None:
            done = _build_stale(stage.settings, progress)
        elif not belongs_together(stage.settings):
            raise HoldError(f"The portfolio in service is damaged, and nothing was built. {hold.notice()}")
        is_waiting = bool(done) or release
        # Nobody loses contributions who has none.
        if not is_there(settings.contributions):
            if is_waiting:
                _put_in_service(settings, stage, hold)
                stage.begin_again()
                is_waiting = False
            on_usable()
        added = _build_added_if_stale(stage.settings, progress)
        if added or is_waiting:
            _put_in_service(settings, stage, hold)
        return (*done, *added)


def _put_in_service(settings: Settings, stage: Staging, hold: Hold | None) -> None:
    changed = model_of(stage.settings) != model_of(settings)
    stage.commit(keep_current=changed and belongs_together(settings), hold=hold)


def product_of(title: str) -> str:
    """What the step called `title` while it runs makes."""
    return _MADE_IN.get(title, APPLICATIONS)


def is_current(settings: Settings) -> bool:
    """Whether building from the data and settings at hand would change nothing.

    Raises:
        ScoreroomError: the dropped file cannot be read.
    """
    definition, record = load_definition(settings), load_record(settings)
    origin = _origin(settings, definition)
    look_at(settings, record)
    if not _applications_are_fresh(settings, record, origin):
        return False
    if not are_kept(settings, record, definition):
        return False
    if why_no_model(settings, definition):
        return imported_are_fresh(settings, record, definition)
    return _predictions_are_fresh(settings, record, definition) and _contributions_are_fresh(settings, record)


def belongs_together(settings: Settings) -> bool:
    """Whether model, applications and predictions are what was built, and belong to one another."""
    record = load_record(settings)
    if not all(is_intact(settings, record, name) for name in (APPLICATIONS, MODEL, PREDICTIONS)):
        return False
    try:
        manifest = Manifest.load(settings.model)
        digest = read_predictions_source(settings.predictions).digest
        is_of_data = manifest.training_data_sha256 == _sha256(settings.applications)
        is_of_model = is_of_data and digest == predictions_digest(manifest)
    except ScoreroomError:
        return False
    return is_of_model and is_whole(settings.model, manifest, allow_pickle=settings.allow_pickle)


def model_of(settings: Settings) -> str:
    """What the published model is told apart by in short, empty where there is none that can be opened."""
    try:
        return Manifest.load(settings.model).files[ONNX].sha256[:12]
    except (InferenceError, KeyError):
        return ""


def is_settled(settings: Settings) -> bool:
    """Whether `build` would do nothing, not even clear up.

    Raises:
        ScoreroomError: the dropped file cannot be read.
    """
    if read_hold(settings) is None:
        settled = is_current(settings)
    else:
        record = load_record(settings)
        settled = (
            belongs_together(settings)
            and _contributions_are_fresh(settings, record)
            and are_kept(settings, record, load_definition(settings))
        )
    # A folder that may only be read keeps what others left in it.
    return settled and not (has_leftovers(settings) and os.access(settings.processed, os.W_OK))


def _build_stale(settings: Settings, progress: Progress) -> tuple[str, ...]:
    done = []
    definition = load_definition(settings)
    record = load_record(settings)
    look_at(settings, record)
    origin = _origin(settings, definition)
    if not _applications_are_fresh(settings, record, origin):
        done.append(APPLICATIONS)
        check_file_place(settings.applications)
        _build_applications(settings, origin, progress)
    if reason := why_no_model(settings, definition):
        if not imported_are_fresh(settings, load_record(settings), definition):
            done.append(PREDICTIONS)
            import_score(settings, definition, reason)
        return tuple(done)
    if not _predictions_are_fresh(settings, load_record(settings), definition):
        done.append(PREDICTIONS)
        check_file_place(settings.predictions)
        _build_predictions(settings, definition, progress)
    return tuple(done)


def _build_added_if_stale(settings: Settings, progress: Progress) -> tuple[str, ...]:
    """Build what the dashboard opens without: contributions, and what is odd about the data."""
    done, definition = [], load_definition(settings)
    is_explained = not why_no_model(settings, definition)
    if is_explained and not _contributions_are_fresh(settings, load_record(settings)):
        done.append(CONTRIBUTIONS)
        check_file_place(settings.contributions)
        _build_contributions(settings, progress)
    if not are_kept(settings, load_record(settings), definition):
        done.append(QUALITY)
        check_file_place(settings.quality)
        with progress(LOOKING_THROUGH) as advance:
            keep_oddities(settings, definition, advance)
    return tuple(done)


def source_of(settings: Settings) -> Path | None:
    """The file that the applications come from: the definition's, or what was dropped; None where they are synthetic.

    Raises:
        DefinitionError: a portfolio's definition names no file.
        FileError: the definition cannot be read, or two files were dropped.
    """
    if settings.portfolio is None:
        return find_raw(settings.raw)
    file = load_definition(settings).table.file
    if not file:
        raise Place(settings.definition, ("table", "file")).error(
            "is not said", 'name the file that the applications come from, such as file = "loans.csv"'
        )
    return settings.portfolio / file


def why_no_model(settings: Settings, definition: Definition) -> str:
    """Why no model can be trained on the applications that were built, in one sentence; empty where one can be."""
    target = definition.target
    if target is None:
        return "No model was trained: the definition names no outcome ([outcome] in portfolio.toml)."
    column = scan_applications(settings.applications, definition).select(pl.col(target).cast(pl.Int64))
    n_bad, n_known = (
        column.select(pl.col(target).sum().alias("bad"), pl.col(target).count().alias("n")).collect().row(0)
    )
    least = LEAST_IN_FOLD * TrainingSettings().folds
    if min(n_bad, n_known - n_bad) >= least:
        return ""
    return (
        f"No model was trained: {n_known - n_bad:,} good and {n_bad:,} bad outcomes are known, "
        f"and at least {least} of each are needed."
    )


def _origin(settings: Settings, definition: Definition) -> Origin:
    """What the application table is to be made from."""
    raw, said = source_of(settings), stored_form_digest(definition)
    if raw is not None:
        check_readable(raw)
        return {"kind": "file", "sha256": _digest_of(raw), "definition": said}
    return {
        "definition": said,
        "kind": "synthetic",
        "rows": settings.rows,
        "seed": settings.seed,
        "profile": _digest_of(PROFILE),
    }


def stored_form_digest(definition: Definition) -> str:
    """What converting a table depends on of a definition: form of the file, columns, outcome; no labels."""
    columns = [
        (c.name, str(c.dtype), c.kind, c.minimum, c.maximum, c.levels, c.nullable, c.special_values)
        for c in definition.columns
    ]
    said = repr((definition.table, columns, definition.outcome, definition.id, definition.left_out))
    return hashlib.sha256(said.encode()).hexdigest()


def _digest_of(path: Path) -> str:
    """SHA-256 of a file that nothing here can build again."""
    try:
        return FileRecord.of_file(path).sha256
    except FileError as error:
        raise FileError.from_unreadable(path, f"cannot be read ({error.reason})", "put it back") from None


def _applications_are_fresh(settings: Settings, record: PortfolioRecord, origin: Origin) -> bool:
    if not is_intact(settings, record, APPLICATIONS) or record.products[APPLICATIONS].made_from != origin:
        return False
    try:
        table = scan_applications(settings.applications, load_definition(settings))
        rows = table.select(pl.len()).collect().item()
    except FileError:
        return False
    # Whoever changes the table and the record alike is found out by the model, which tells what it was trained on.
    return rows == origin.get("rows", rows) and _model_data(settings) in (None, _sha256(settings.applications))


def _model_data(settings: Settings) -> str | None:
    """SHA-256 of the table that the published model was trained on; None where no model tells."""
    try:
        return Manifest.load(settings.model).training_data_sha256
    except InferenceError:
        return None


def _sha256(path: Path) -> str:
    return FileRecord.of_file(path).sha256


def _build_applications(settings: Settings, origin: Origin, progress: Progress) -> None:
    raw = source_of(settings)
    if raw is not None:
        with progress(f"Reading {raw.name}") as advance:
            definition = load_definition(settings)
            convert(raw, settings.applications, definition, progress=advance)
            if settings.portfolio is not None:
                _check_outcome(settings, definition)
    else:
        from data.home_credit.synthetic import make_applications

        with progress(MAKING) as advance:
            frame = make_applications(settings.rows, seed=settings.seed, progress=advance)
            # The file stays the same byte for byte, and so the model that names its digest, whatever is redefined.
            made_of = {name: value for name, value in origin.items() if name != "definition"}
            write_applications(frame, load_definition(settings), settings.applications, made_of)
    keep(settings, APPLICATIONS, [settings.applications.name], origin)


def _check_outcome(settings: Settings, definition: Definition) -> None:
    """Raise DefinitionError where none of the values that are good, or none that are bad, occurs in the table."""
    if definition.outcome is None:
        return
    outcomes = scan_applications(settings.applications, definition).select(definition.outcome.column).collect()
    for kind, values, stored in (("bad", definition.outcome.bad, 1), ("good", definition.outcome.good, 0)):
        if not (outcomes.to_series() == stored).any():
            listed = ", ".join(shown(value) for value in values[:_MOST_NAMED])
            raise Place(settings.definition, ("outcome", kind)).error(
                f"is {listed}, and no row of {definition.outcome.column} says that",
                "write values as the table has them, or leave [outcome] out",
            )


def _predictions_are_fresh(settings: Settings, record: PortfolioRecord, definition: Definition) -> bool:
    if not _is_predicted(settings, record, definition):
        return False
    try:
        check_predicted(settings, definition)
        return Manifest.load(settings.model).definition.digest == definition.digest
    except ScoreroomError:
        return False


def _is_predicted(settings: Settings, record: PortfolioRecord, definition: Definition) -> bool:
    """Whether model and out-of-fold PDs are those that training would give, whatever else the definition says now."""
    if not is_intact(settings, record, MODEL) or not is_intact(settings, record, PREDICTIONS):
        return False
    try:
        if record.products[PREDICTIONS].made_from != made_from_model(settings, record, ONNX):
            return False
        manifest = Manifest.load(settings.model)
        digest = read_predictions_source(settings.predictions).digest
    except ScoreroomError:
        return False
    current = manifest.was_trained_from(_sha256(settings.applications), feature_set(definition), settings.seed)
    # Predictions belong to one model: those of another, left over from an interrupted build, are stale too.
    return (
        current
        and is_whole(settings.model, manifest, allow_pickle=settings.allow_pickle)
        and digest == predictions_digest(manifest)
    )


def check_predicted(settings: Settings, definition: Definition) -> None:
    """Raise DamageError unless predictions that the record knows can be right: somebody may have written both."""
    path = settings.predictions
    with reading(path):
        table = pl.scan_parquet(path, glob=False)
        check_columns(path, table.collect_schema(), definition)
        rows = table.select(ID, OUTCOME, PROBABILITY, FOLD).collect()
    check_rows(path, rows, definition, scan_applications(settings.applications, definition))


def predictions_digest(manifest: Manifest) -> str:
    """What a table of predictions is told apart by: the model, its data, and the columns carried along."""
    # The definition says which columns are carried along; the same graph under another calibration is another model.
    told = [manifest.files[ONNX].sha256, manifest.training_data_sha256, manifest.definition.digest]
    told += [manifest.files[CALIBRATOR].sha256] if CALIBRATOR in manifest.files else []
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _build_predictions(settings: Settings, definition: Definition, progress: Progress) -> None:
    # Both bring libraries that take longer to import than a second start may take in all.
    from inference.model.build import publish_model, restate_model

    applications = read_parquet(settings.applications)
    raw = source_of(settings)
    digest = _sha256(settings.applications)
    kept = _kept_predictions(settings, definition, applications)
    with progress(TRAINING if kept is None else TAKING_OVER) as advance:
        if kept is None:
            published = publish_model(
                applications, definition, settings.model, data_digest=digest, seed=settings.seed, progress=advance
            )
            manifest = published.manifest
            probabilities, folds = published.of_rows(applications[definition.target or ""].is_null())
        else:
            manifest = restate_model(definition, settings.model)
            probabilities, folds = kept[PROBABILITY], kept[FOLD]
        origin: Origin = {"applications": digest, "definition": definition.digest, "seed": settings.seed}
        keep(settings, MODEL, [MANIFEST, *manifest.files], origin)
    with progress(WRITING) as advance:
        frame = make_predictions(applications, definition, probabilities, folds)
        name = EMBEDDED if raw is None else raw.name if settings.portfolio is None else definition.name
        n_open = frame[OUTCOME].null_count()
        source = PredictionsSource(name, predictions_digest(manifest), is_imported=False, n_open=n_open)
        write_predictions(frame, settings.predictions, source)
        keep(settings, PREDICTIONS, [settings.predictions.name], made_from_model(settings, load_record(settings), ONNX))
        advance(1, 1)


def _kept_predictions(settings: Settings, definition: Definition, applications: pl.DataFrame) -> pl.DataFrame | None:
    """The PDs and folds that are there, in the order of `applications`; None where a model has to be trained."""
    if not _is_predicted(settings, load_record(settings), definition):
        return None
    kept = read_parquet(settings.predictions)
    # The record vouches for the file, and whoever writes both can write anything.
    types = [kept.schema.get(name) for name in (ID, PROBABILITY, FOLD)]
    if None in types or not kept.schema[PROBABILITY].is_float() or not kept.schema[FOLD].is_integer():
        return None
    if not kept[ID].equals(applications[definition.id], check_names=False):
        return None
    is_usable = kept[PROBABILITY].is_between(0, 1).fill_null(value=False)
    is_usable &= kept[FOLD].is_null() == applications[definition.target or ""].is_null()
    return kept if is_usable.all() else None


def made_from_model(settings: Settings, record: PortfolioRecord, name: str) -> Origin:
    """What is made of the applications and of the model's file `name`, which need not be there any more."""
    files = record.products[MODEL].files
    return {APPLICATIONS: _sha256(settings.applications), name: files[name].sha256 if name in files else ""}


def _contributions_are_fresh(settings: Settings, record: PortfolioRecord) -> bool:
    """Whether there is nothing to do; a model whose text was taken away still scores, but cannot be explained."""
    if not is_there(settings.model / TEXT):
        return True
    if not is_intact(settings, record, CONTRIBUTIONS):
        return False
    definition = load_definition(settings)
    table = scan_applications(settings.applications, definition)
    ids = table.select(definition.id).collect().to_series()
    try:
        if record.products[CONTRIBUTIONS].made_from != made_from_model(settings, record, TEXT):
            return False
        header = read_header(settings.contributions)
        with reading(settings.contributions):
            table = pl.scan_parquet(settings.contributions, glob=False)
            n_rows = table.select(pl.len()).collect().item()
            is_table = header.has_columns(table.collect_schema()) and n_rows == len(ids)
    except ScoreroomError:
        return False
    is_of_model = header.digest == digest_of_model(Manifest.load(settings.model))
    return is_table and is_of_model and header.ids_digest == digest_of_ids(ids)


def _build_contributions(settings: Settings, progress: Progress) -> None:
    with progress(EXPLAINING) as advance:
        definition = load_definition(settings)
        features = Manifest.load(settings.model).features_in(definition)
        applications = read_parquet(settings.applications)
        build_contributions(applications, features, settings.model, settings.contributions, advance)
        keep(
            settings,
            CONTRIBUTIONS,
            [settings.contributions.name],
            made_from_model(settings, load_record(settings), TEXT),
        )

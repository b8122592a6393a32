"""A calibrated score as a model of the portfolio: its files, proven over all applications, and its lineage."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.definition.at_hand import load_definition
from data.definition.writing import definition_text
from data.predictions.table import FOLD, ID, OUTCOME, PROBABILITY
from data.settings import DEFINITION, Settings
from data.store.opening import reading
from data.store.records import APPLICATIONS, FileRecord, check_built
from data.store.storage import read_parquet
from inference.calibrating.calibrator import Calibrator, Lineage, to_json
from inference.calibrating.composing import compose, narrowed, scaled_text
from inference.calibrating.curves import Bands, Floats
from inference.calibrating.out_of_fold import Calibrated, Request, falling_bands
from inference.calibrating.words import said_of
from inference.errors import ArtifactError, ExportError
from inference.features.encoding import FeatureSet
from inference.inventory.entry import ModelEntry, ModelKind
from inference.inventory.store import check_free, find_model, folder_of_model, now, of_manifest, publish, read_rows
from inference.model.artifact import CALIBRATOR, MANIFEST, ONNX, TEXT, Manifest, read_text, read_verified
from inference.model.decision import DEFAULT_CUTOFF
from inference.model.measures import quality
from inference.model.parity import Parity, check_parity
from inference.model.session import CHUNK_ROWS, OnnxBackend

Advance = Callable[[int, int], None]
Progress = Callable[[str], AbstractContextManager[Advance]]
_OF_PARENT = ("oof_", "oot_", "parity_")


def publish_calibrated(
    settings: Settings,
    name: str,
    parent: str,
    calibrated: Calibrated,
    request: Request,
    progress: Progress,
    *,
    where: tuple[str, ...] = (),
    folds: tuple[str, NDArray[np.uint8]],
    replaces: bool = False,
) -> ModelEntry:
    """Add `calibrated`, made of the PDs of the model `parent` in the order of the predictions, to the inventory.

    Where the parent can score, the calibrated model can: its graph with the calibrator behind it is compared with both
    over all applications first. A graph that cannot carry the calibrator leaves a model that cannot, which says so.
    `where` are the cohort's conditions, `folds` says which folds they were, with each row's.

    Raises:
        InventoryError: the name is not free, or there is no such parent.
        ParityError: the composed model differs from the calibrator; nothing is published.
        ScoreroomError: the applications or the parent are damaged, or a place cannot be written.
    """
    check_free(settings, name, replaces=replaces)
    above, rows = find_model(settings, parent), read_rows(settings, parent)
    lineage = lineage_of(parent, rows[PROBABILITY], calibrated, request, where, folds[0])
    calibrator = calibrated.calibrator
    files = {CALIBRATOR: to_json(calibrator, lineage)}
    facts: dict[str, Any] = {"n_features": above.n_features}
    said = said_of(parent, calibrated, request, where)
    if above.can_score and not (isinstance(calibrator.curve, Bands) and calibrator.curve.levels):
        try:
            with progress(f"Checking {name} over all applications") as advance:
                files |= _scoring_files(settings, parent, calibrated, files[CALIBRATOR], advance)
            facts |= of_manifest(Manifest.of_json(files[MANIFEST]))
        except ExportError as error:
            said = f"{said} Only these PDs are known of it: {error}"
    facts["is_monotone"] = above.is_monotone and _keeps_direction(calibrator)
    own_folds = pl.Series(folds[1], dtype=pl.UInt8).set(pl.Series(~calibrated.is_fitted), None)
    trained = rows[FOLD].null_count() < rows.height
    scores = pl.DataFrame(
        {ID: rows[ID], PROBABILITY: calibrated.pds, FOLD: rows[FOLD] if trained else own_folds},
        schema_overrides={FOLD: pl.UInt8},
    )
    entry = ModelEntry(
        name=name,
        kind=ModelKind.CALIBRATED,
        how=above.how,
        said=said,
        data_sha256=above.data_sha256,
        made_at=now(),
        parent=parent,
        **facts,
    )
    return publish(settings, entry, files, scores, replaces=replaces)


def lineage_of(
    parent: str, scores: pl.Series, calibrated: Calibrated, request: Request, where: tuple[str, ...], folds: str
) -> Lineage:
    """What `calibrated` was made of: the `scores` of `parent` (PDs, or places of a score that is none), and how."""
    return Lineage(
        parent=parent,
        parent_scores_sha256=hashlib.sha256(scores.cast(pl.Float64).to_numpy().tobytes()).hexdigest(),
        where=where,
        n_resolved=int(calibrated.is_fitted.sum()),
        n_bad=calibrated.n_bad,
        default_rate=calibrated.default_rate,
        mean_pd=calibrated.mean_pd,
        folds=folds,
        target_rate=request.target_rate,
        prior_shift=calibrated.prior_shift,
    )


def _scoring_files(
    settings: Settings, parent: str, calibrated: Calibrated, told: bytes, advance: Advance
) -> dict[str, bytes]:
    """The files that let the calibrated model score, proven, with a manifest of its own."""
    folder, definition = folder_of_model(settings, parent), load_definition(settings)
    before, calibrator = Manifest.load(folder), calibrated.calibrator
    above = read_verified(folder, before, ONNX)
    if above is None:
        raise ArtifactError.from_no_model_file(folder, (ONNX,))
    files = {CALIBRATOR: told, DEFINITION: definition_text(definition).encode()}
    metadata = {**OnnxBackend(above).metadata, "model_sha256": "", "calibrator_sha256": FileRecord.of(told).sha256}
    if calibrator.is_affine and TEXT in before.files:
        files[TEXT] = scaled_text(read_text(folder, before), calibrator).encode()
        metadata["model_sha256"] = FileRecord.of(files[TEXT]).sha256
    files[ONNX] = compose(above, calibrator, metadata)
    models = above, files[ONNX], files.get(TEXT)
    parity = _prove(settings, models, calibrator, before.features_in(definition), advance)
    manifest = replace(
        before,
        # Those of the parent's own comparisons are not this model's.
        metrics={
            **{name: value for name, value in before.metrics.items() if not name.startswith(_OF_PARENT)},
            **_measured(settings, calibrated.pds),
            "parity_rows": parity.n_rows,
            "parity_max_abs": parity.max_abs,
            "parity_flips": parity.flips,
        },
        first_later="",
        files={name: FileRecord.of(content) for name, content in files.items()},
    )
    return {**files, MANIFEST: manifest.to_signed_json()}


def _prove(
    settings: Settings,
    models: tuple[bytes, bytes, bytes | None],
    calibrator: Calibrator,
    features: FeatureSet,
    advance: Advance,
) -> Parity:
    """Compare the composed graph with the parent's and the calibrator over all applications, and the trees on some.

    `models` are both graphs, and the trees' text where there is one.

    Raises:
        ParityError: a PD differs by more than 1e-5, or a decision changes.
    """
    check_built(settings, APPLICATIONS)
    with reading(settings.applications):
        applications = read_parquet(settings.applications)
    parent, model, reference = OnnxBackend(models[0]), OnnxBackend(models[1]), narrowed(calibrator)
    expected, found = [], []
    for n_done, part in enumerate(applications.iter_slices(CHUNK_ROWS)):
        matrix = features.matrix(part)
        expected.append(reference.pds(parent.predict(matrix).astype(np.float64)).astype(np.float32))
        found.append(model.predict(matrix))
        if not n_done and models[2] is not None:
            # They are the parent's, moved: what could be wrong of them shows in any part.
            check_parity(_by_trees(models[2], matrix), found[0], DEFAULT_CUTOFF)
        advance(min((n_done + 1) * CHUNK_ROWS, applications.height), applications.height)
    return check_parity(np.concatenate(expected), np.concatenate(found), DEFAULT_CUTOFF)


def _by_trees(text: bytes, matrix: NDArray[np.float32]) -> Floats:
    import lightgbm as lgb

    return np.asarray(lgb.Booster(model_str=text.decode()).predict(matrix, num_threads=2), dtype=np.float64)


def _measured(settings: Settings, pds: Floats) -> dict[str, float]:
    """What a manifest says of PDs and outcomes; nothing where both outcomes do not occur."""
    with reading(settings.predictions):
        outcomes = read_parquet(settings.predictions)[OUTCOME]
    known = outcomes.is_not_null().to_numpy()
    is_bad = outcomes.drop_nulls().cast(pl.UInt8).to_numpy()
    if not 0 < is_bad.sum() < is_bad.size:
        return {}
    measured = quality(is_bad, pds[known])
    return {
        "n_rows": measured.n_rows,
        "default_rate": measured.default_rate,
        "oof_auc": measured.roc_auc,
        "oof_ece": measured.calibration_error,
        "oof_log_loss": measured.log_loss,
        "oof_mean_pd": measured.mean_probability,
    }


def _keeps_direction(calibrator: Calibrator) -> bool:
    """Whether a riskier score never gets a lower PD."""
    return not (isinstance(calibrator.curve, Bands) and falling_bands(calibrator.curve))

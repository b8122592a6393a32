"""Train, export, compare and publish: a model directory appears whole and proven, or not at all."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.definition.definition import Definition
from data.definition.writing import definition_text
from data.settings import DEFINITION
from data.store.records import FileRecord
from data.store.signing import key_in_force
from data.store.storage import write_atomically
from inference.features.definition_features import feature_set
from inference.model.artifact import (
    MANIFEST,
    ONNX,
    PICKLE,
    TEXT,
    DefinitionRecord,
    Manifest,
    check_place,
    feature_records,
    read_verified,
)
from inference.model.decision import BAND_EDGES, DEFAULT_CUTOFF
from inference.model.export import export_onnx
from inference.model.parity import Parity, check_parity
from inference.model.session import CHUNK_ROWS, OnnxBackend
from inference.model.training_settings import TrainingSettings

if TYPE_CHECKING:
    from inference.model.out_of_time import OutOfTime
    from inference.model.training import TrainedModel

Advance = Callable[[int, int], None]
_LIBRARIES = ("lightgbm", "numpy", "onnx", "onnxmltools", "onnxruntime", "polars", "scikit-learn")
_PRODUCT = "scoreroom"
_TRAINED, _EXPORTED, _PROVEN, _ALL = 880, 910, 990, 1_000


@dataclass(frozen=True)
class PublishedModel:
    """A model directory and the predictions that came with it, in the order of the table.

    `ids` (as stored), `probabilities` (float32, out of fold) and `folds` (uint8) are of the rows whose outcome is
    known. The others, which the model did not see, have its own PDs: `open_probabilities` (float32).
    """

    directory: Path
    manifest: Manifest
    ids: NDArray[Any]
    probabilities: NDArray[np.float32]
    folds: NDArray[np.uint8]
    open_probabilities: NDArray[np.float32]


def publish_model(
    applications: pl.DataFrame,
    definition: Definition,
    directory: Path,
    *,
    data_digest: str,
    seed: int,
    settings: TrainingSettings | None = None,
    progress: Advance | None = None,
) -> PublishedModel:
    """Train on `applications`, whose file has the SHA-256 `data_digest`, and publish the model in `directory`.

    Raises:
        FeatureError, TrainingError: the table cannot be trained on.
        ParityError: the exported model differs from the trained one; what was published before stays.
        ArtifactError: the directory holds something else than a model.
        FileError: the directory cannot be written, or the signing key in force cannot be read.
        SigningKeyError: the signing key in force is malformed, or others may read it.
    """
    # Training brings LightGBM, two seconds that a program which only asks about a model need not wait for.
    from inference.model.out_of_time import measure_later
    from inference.model.training import train, with_outcome

    check_place(directory)
    # A key that cannot be used is said before the work, not after it.
    key_in_force()
    steps = _Steps(progress)
    everybody, applications = applications, with_outcome(applications, definition)
    model = train(applications, feature_set(definition), seed=seed, settings=settings, progress=steps.training)
    files = _model_files(model, _metadata(model.features.digest, data_digest))
    files[DEFINITION] = definition_text(definition).encode()
    steps.reached(_EXPORTED)
    parity = _parity(model, files[ONNX], applications)
    steps.reached(_PROVEN)
    later = measure_later(applications, model.features, model.settings, seed)
    manifest = _manifest(model, parity, later, files, data_digest)
    _write(directory, {**files, MANIFEST: manifest.to_signed_json()})
    steps.reached(_ALL)
    return PublishedModel(
        directory,
        manifest,
        applications[definition.id].to_numpy(),
        model.probabilities.astype(np.float32),
        model.folds,
        _open_probabilities(everybody, definition, model, files[ONNX]),
    )


def restate_model(definition: Definition, directory: Path) -> Manifest:
    """Publish the model in `directory` again in the words and rules of `definition`, on which training does not depend.

    Raises:
        ArtifactError: the directory holds no model, or a file of it is not the published one.
        FileError: the directory cannot be written, or the signing key in force cannot be read.
    """
    before = Manifest.load(directory)
    found = {name: read_verified(directory, before, name) for name in before.files}
    # Somebody may have taken a model file away.
    files = {name: content for name, content in found.items() if content is not None}
    files[DEFINITION] = definition_text(definition).encode()
    records = {**before.files, DEFINITION: FileRecord.of(files[DEFINITION])}
    manifest = replace(before.for_definition(feature_set(definition)), files=records)
    _write(directory, {**files, MANIFEST: manifest.to_signed_json()})
    return manifest


def _model_files(model: TrainedModel, metadata: Mapping[str, str]) -> dict[str, bytes]:
    text = model.booster.model_to_string().encode()
    digest = FileRecord.of(text).sha256
    return {
        ONNX: export_onnx(model.booster, len(model.features.names), {**metadata, "model_sha256": digest}),
        TEXT: text,
        PICKLE: pickle.dumps(model.classifier),
    }


def _metadata(features_digest: str, data_digest: str) -> dict[str, str]:
    return {
        "product": f"{_PRODUCT} {_version(_PRODUCT)}",
        "features_sha256": features_digest,
        "training_data_sha256": data_digest,
    }


def _open_probabilities(
    applications: pl.DataFrame, definition: Definition, model: TrainedModel, content: bytes
) -> NDArray[np.float32]:
    """PDs of the applications without an outcome by the bytes published."""
    open_rows = applications.filter(pl.col(definition.target or "").is_null())
    exported = OnnxBackend(content)
    parts = [exported.predict(model.features.matrix(part)) for part in open_rows.iter_slices(CHUNK_ROWS)]
    return np.concatenate([np.zeros(0, dtype=np.float32), *parts])


def _parity(model: TrainedModel, content: bytes, applications: pl.DataFrame) -> Parity:
    """Compare on every row, in parts: the bytes compared are the bytes published."""
    exported = OnnxBackend(content)
    native_parts, exported_parts = [], []
    for part in applications.iter_slices(CHUNK_ROWS):
        matrix = model.features.matrix(part)
        native_parts.append(np.asarray(model.booster.predict(matrix, num_threads=model.settings.threads)))
        exported_parts.append(exported.predict(matrix))
    return check_parity(np.concatenate(native_parts), np.concatenate(exported_parts), DEFAULT_CUTOFF)


def _manifest(
    model: TrainedModel, parity: Parity, later: OutOfTime | None, files: Mapping[str, bytes], data_digest: str
) -> Manifest:
    measured, definition = model.quality, model.features.definition
    return Manifest(
        product_version=_version(_PRODUCT),
        training_data_sha256=data_digest,
        seed=model.seed,
        settings=asdict(model.settings),
        features=feature_records(model.features),
        features_sha256=model.features.digest,
        directions=dict(model.features.directions),
        libraries={name: _version(name) for name in _LIBRARIES},
        metrics={
            "n_rows": measured.n_rows,
            "trees": model.trees,
            "default_rate": measured.default_rate,
            "oof_auc": measured.roc_auc,
            "oof_ece": measured.calibration_error,
            "oof_log_loss": measured.log_loss,
            "oof_mean_pd": measured.mean_probability,
            "parity_rows": parity.n_rows,
            "parity_max_abs": parity.max_abs,
            "parity_flips": parity.flips,
            **({} if later is None else later.metrics()),
        },
        cutoff=DEFAULT_CUTOFF,
        band_edges=BAND_EDGES,
        sufficiency=definition.sufficiency,
        definition=DefinitionRecord.of(model.features),
        levers=tuple(lever.column for lever in definition.levers),
        first_later="" if later is None else later.first_later,
        files={name: FileRecord.of(content) for name, content in files.items()},
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        # The product itself, run from a checkout that pip did not install.
        return "not installed"


def _write(directory: Path, files: Mapping[str, bytes]) -> None:
    with write_atomically(directory) as part:
        part.mkdir()
        for name, content in files.items():
            (part / name).write_bytes(content)


class _Steps:
    """Progress over training, export, comparison and writing, in parts of a whole that roughly follow their times."""

    def __init__(self, progress: Advance | None) -> None:
        self._progress = progress

    def training(self, done: int, total: int) -> None:
        self.reached(_TRAINED * done // total)

    def reached(self, part: int) -> None:
        if self._progress:
            self._progress(part, _ALL)

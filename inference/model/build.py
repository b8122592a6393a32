"""Train, export, compare and publish: a model directory appears whole and proven, or not at all."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.definition.definition import Definition
from data.definition.writing import definition_text
from data.settings import DEFINITION
from data.store.records import FileRecord
from data.store.signing import key_in_force
from data.store.storage import write_atomically
from inference.features.choice import EVERYTHING, FeatureChoice
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
    import lightgbm as lgb

    from inference.features.encoding import FeatureSet
    from inference.model.measures import Quality
    from inference.model.out_of_time import OutOfTime

Advance = Callable[[int, int], None]
_LIBRARIES = ("lightgbm", "numpy", "onnx", "onnxmltools", "onnxruntime", "polars", "scikit-learn")
_PRODUCT = "scoreroom"
# Of the comparison with the export; the PDs do not depend on it.
_THREADS = 2
_TRAINED, _EXPORTED, _PROVEN, _MADE, _ALL = 880, 910, 990, 999, 1_000


class Trained(Protocol):
    """A forest grown on all rows with an outcome, and for each of them the PD of one that did not see it.

    `probabilities` is float64 and `folds` uint8, both of shape (rows,) in the order of the table, open rows left out;
    `settings` is a dataclass.
    """

    @property
    def features(self) -> FeatureSet: ...
    @property
    def booster(self) -> lgb.Booster: ...
    @property
    def probabilities(self) -> NDArray[np.float64]: ...
    @property
    def folds(self) -> NDArray[np.uint8]: ...
    @property
    def trees(self) -> int: ...
    @property
    def quality(self) -> Quality: ...
    @property
    def settings(self) -> Any: ...
    @property
    def seed(self) -> int: ...


@dataclass(frozen=True)
class MadeModel:
    """A model that was proven: its `files` by name, its manifest among them, and the predictions that came with it.

    `ids` (as stored), `probabilities` (float32, out of fold) and `folds` (uint8) are of the rows whose outcome is
    known, in the order of the table. The others, which the model did not see, have its own PDs: `open_probabilities`
    (float32).
    """

    files: Mapping[str, bytes]
    manifest: Manifest
    ids: NDArray[Any]
    probabilities: NDArray[np.float32]
    folds: NDArray[np.uint8]
    open_probabilities: NDArray[np.float32]

    def of_rows(self, is_open: pl.Series) -> tuple[pl.Series, pl.Series]:
        """The PD and the fold of every row: out of fold, or where it `is_open` by the whole model and in no fold."""
        known = ~is_open.to_numpy()
        probabilities, folds = np.empty(known.size, dtype=np.float32), np.zeros(known.size, dtype=np.uint8)
        probabilities[known], probabilities[~known] = self.probabilities, self.open_probabilities
        folds[known] = self.folds
        return pl.Series(probabilities), pl.Series(folds).set(is_open, None)


@dataclass(frozen=True)
class PublishedModel(MadeModel):
    """A model that was made, in its `directory`."""

    directory: Path


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
        ArtifactError: the directory holds something else than a model.
        FileError: the directory cannot be written.
        ScoreroomError: as `make_model`; what was published before stays.
    """
    check_place(directory)
    steps = _Steps(progress)
    made = make_model(
        applications,
        definition,
        data_digest=data_digest,
        seed=seed,
        settings=settings,
        progress=lambda done, total: steps.reached(_MADE * done // total),
    )
    _write(directory, made.files)
    steps.reached(_ALL)
    return PublishedModel(**vars(made), directory=directory)


def make_model(
    applications: pl.DataFrame,
    definition: Definition,
    *,
    data_digest: str,
    seed: int,
    settings: TrainingSettings | None = None,
    choice: FeatureChoice = EVERYTHING,
    progress: Advance | None = None,
) -> MadeModel:
    """Train on `applications`, whose file has the SHA-256 `data_digest`, with the features of `choice`; write nothing.

    Raises:
        FeatureError, TrainingError: the table cannot be trained on.
        ParityError: the exported model differs from the trained one.
        FileError: the signing key in force cannot be read.
        SigningKeyError: the signing key in force is malformed, or others may read it.
    """
    # Training brings LightGBM, two seconds that a program which only asks about a model need not wait for.
    from inference.model.out_of_time import measure_later
    from inference.model.training import train, with_outcome

    # A key that cannot be used is said before the work, not after it.
    key_in_force()
    steps = _Steps(progress)
    known, features = with_outcome(applications, definition), feature_set(definition, choice)
    model = train(known, features, seed=seed, settings=settings, progress=steps.training)
    made = prove_model(
        model,
        applications,
        data_digest=data_digest,
        files={PICKLE: pickle.dumps(model.classifier)},
        later=lambda: measure_later(known, features, model.settings, seed),
        choice=choice,
        reached=steps.reached,
    )
    steps.reached(_ALL)
    return made


def prove_model(
    model: Trained,
    applications: pl.DataFrame,
    *,
    data_digest: str,
    files: Mapping[str, bytes],
    later: Callable[[], OutOfTime | None] = lambda: None,
    choice: FeatureChoice = EVERYTHING,
    reached: Callable[[int], None] = lambda _: None,
) -> MadeModel:
    """Export a forest trained on `applications`, compare both over all of them, and describe it in a manifest.

    `files` are further ones by name; `later` measures it out of time. `reached` takes thousandths of the whole.

    Raises:
        ScoreroomError: as `make_model`.
    """
    from inference.model.training import with_outcome

    definition = model.features.definition
    known = with_outcome(applications, definition)
    text = model.booster.model_to_string().encode()
    metadata = _metadata(model.features.digest, data_digest, FileRecord.of(text).sha256)
    onnx = export_onnx(model.booster, len(model.features.names), metadata)
    made = {ONNX: onnx, TEXT: text, **files, DEFINITION: definition_text(definition).encode()}
    reached(_EXPORTED)
    parity = _parity(model, onnx, known)
    reached(_PROVEN)
    manifest = replace(_manifest(model, parity, later(), made, data_digest), choice=choice)
    return MadeModel(
        {**made, MANIFEST: manifest.to_signed_json()},
        manifest,
        known[definition.id].to_numpy(),
        model.probabilities.astype(np.float32),
        model.folds,
        _open_probabilities(applications, model, onnx),
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
    manifest = replace(before.for_definition(before.features_in(definition)), files=records)
    _write(directory, {**files, MANIFEST: manifest.to_signed_json()})
    return manifest


def _metadata(features_digest: str, data_digest: str, model_digest: str) -> dict[str, str]:
    return {
        "product": f"{_PRODUCT} {_version(_PRODUCT)}",
        "features_sha256": features_digest,
        "training_data_sha256": data_digest,
        "model_sha256": model_digest,
    }


def _open_probabilities(applications: pl.DataFrame, model: Trained, content: bytes) -> NDArray[np.float32]:
    """PDs of the applications without an outcome by the bytes published."""
    open_rows = applications.filter(pl.col(model.features.definition.target or "").is_null())
    exported = OnnxBackend(content)
    parts = [exported.predict(model.features.matrix(part)) for part in open_rows.iter_slices(CHUNK_ROWS)]
    return np.concatenate([np.zeros(0, dtype=np.float32), *parts])


def _parity(model: Trained, content: bytes, applications: pl.DataFrame) -> Parity:
    """Compare on every row, in parts: the bytes compared are the bytes published."""
    exported = OnnxBackend(content)
    native_parts, exported_parts = [], []
    for part in applications.iter_slices(CHUNK_ROWS):
        matrix = model.features.matrix(part)
        native_parts.append(np.asarray(model.booster.predict(matrix, num_threads=_THREADS)))
        exported_parts.append(exported.predict(matrix))
    return check_parity(np.concatenate(native_parts), np.concatenate(exported_parts), DEFAULT_CUTOFF)


def _manifest(
    model: Trained, parity: Parity, later: OutOfTime | None, files: Mapping[str, bytes], data_digest: str
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

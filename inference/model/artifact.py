"""The model directory: what is in it, its manifest, and reading a file only if it is the one that was published."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import orjson

from data.definition.definition import Definition, Sufficiency
from data.errors import DamageError
from data.settings import DEFINITION
from data.store.opening import is_there, read_bytes
from data.store.records import FileRecord
from data.store.signing import SigningError, check_signed, signed
from data.typed import read_typed
from inference.errors import ArtifactError
from inference.features.choice import EVERYTHING, FeatureChoice
from inference.features.definition_features import feature_set
from inference.features.encoding import FeatureSet, level_codes
from inference.model.decision import BAND_EDGES, DEFAULT_CUTOFF
from inference.model.training_settings import TrainingSettings

MANIFEST = "manifest.json"
ONNX, TEXT, PICKLE = "model.onnx", "model.txt", "model.pkl"
# What models of the inventory may have besides: what is said of them, their PDs, a scorecard's table, a calibration.
ENTRY, SCORES, CARD, CALIBRATOR = "entry.json", "scores.parquet", "card.json", "calibrator.json"
# In the order in which a session tries them.
MODEL_FILES = (ONNX, TEXT, PICKLE)
WITHOUT_PICKLE = (ONNX, TEXT)
SCHEMA_VERSION = 4
_PURPOSE = "scoreroom.manifest"
_MOST_READS = 100
# Settings that change how long training takes and nothing else.
_WITHOUT_EFFECT = frozenset({"threads"})
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FeatureRecord:
    """One column of the model's matrix as the manifest says it; `levels` are the codes of a category.

    `constraint` is 1 where the PD may only rise with it, -1 where it may only fall, else 0.
    """

    name: str
    label: str
    sources: tuple[str, ...]
    levels: Mapping[str, float]
    constraint: int


@dataclass(frozen=True, slots=True)
class DefinitionRecord:
    """The definition that a model was made for; `training_digest` is of what training depends on alone."""

    name: str
    digest: str
    training_digest: str

    @classmethod
    def of(cls, features: FeatureSet) -> DefinitionRecord:
        """The record of the definition that the features are of."""
        return cls(features.definition.name, features.definition.digest, training_digest(features))


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that is known about a published model.

    `metrics` are those of out-of-fold predictions (`oof_`), of the comparison with the export (`parity_`), and, where
    applications have dates, of the later ones by a model of the earlier ones (`oot_`), the later ones beginning with
    `first_later`; `levers` are the columns that an applicant can change;
    `directions` are the raw fields with which the PD may only rise (1) or only fall (-1); `choice` says which of the
    definition's features the model does not see;
    `cutoff` is the PD from which an application is declined, `band_edges` the PDs between risk bands,
    `sufficiency` what has to be known of an application for it to be scored.
    """

    product_version: str
    training_data_sha256: str
    seed: int
    settings: Mapping[str, Any]
    features: tuple[FeatureRecord, ...]
    features_sha256: str
    directions: Mapping[str, int]
    libraries: Mapping[str, str]
    metrics: Mapping[str, float]
    cutoff: float
    band_edges: tuple[float, ...]
    sufficiency: Sufficiency
    definition: DefinitionRecord
    levers: tuple[str, ...] = ()
    first_later: str = ""
    files: Mapping[str, FileRecord] = field(default_factory=dict)
    choice: FeatureChoice = EVERYTHING
    schema_version: int = SCHEMA_VERSION

    @property
    def identity(self) -> str:
        """What the model is told apart by, whatever words it is described in: a digest over its files."""
        told = sorted((name, each.sha256) for name, each in self.files.items() if name != DEFINITION)
        return hashlib.sha256(repr(told).encode()).hexdigest()

    def features_in(self, definition: Definition) -> FeatureSet:
        """The features of the model as `definition` says them."""
        return feature_set(definition, self.choice)

    def was_trained_from(self, training_data_sha256: str, features: FeatureSet, seed: int) -> bool:
        """Whether training again from these, with the settings in force, would give the same model and figures."""
        settings = {name: value for name, value in self.settings.items() if name not in _WITHOUT_EFFECT}
        wanted = {
            name: value
            for name, value in asdict(self._settings_for(features.definition)).items()
            if name not in _WITHOUT_EFFECT
        }
        made_from = (self.training_data_sha256, self.features_sha256, self.definition.training_digest, self.seed)
        given = (training_data_sha256, features.digest, training_digest(features), seed)
        # The comparison with the export counts decisions at the cutoff.
        is_decided_alike = (self.cutoff, self.band_edges) == (DEFAULT_CUTOFF, BAND_EDGES)
        return made_from == given and settings == wanted and is_decided_alike

    def for_definition(self, features: FeatureSet) -> Manifest:
        """The same model in the words and under the rules of another definition on which training does not depend."""
        definition = features.definition
        return replace(
            self,
            features=feature_records(features),
            sufficiency=definition.sufficiency,
            definition=DefinitionRecord.of(features),
            levers=tuple(lever.column for lever in definition.levers),
        )

    def _settings_for(self, definition: Definition) -> TrainingSettings:
        return TrainingSettings().for_definition(definition, int(self.metrics.get("n_rows", 0)))

    def to_json(self) -> bytes:
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2)

    def to_signed_json(self) -> bytes:
        """The manifest as it is published: signed where a key is in force.

        Raises:
            FileError, SigningKeyError: the key cannot be read.
        """
        return orjson.dumps(signed(asdict(self), _PURPOSE), option=orjson.OPT_INDENT_2)

    @classmethod
    def load(cls, directory: Path) -> Manifest:
        """The manifest of a model directory.

        Raises:
            ArtifactError: the file is missing, is not a manifest, has another schema version, or is not signed with
                the key in force.
            FileError, SigningKeyError: the key cannot be read.
        """
        path = directory / MANIFEST
        read = _read(path)
        if read is None:
            raise ArtifactError.from_missing(directory)
        return cls.of_json(read, path)

    @classmethod
    def of_json(cls, content: bytes, path: Path = Path(MANIFEST)) -> Manifest:
        """The manifest that `to_signed_json` wrote, which lies or is to lie at `path`.

        Raises:
            ArtifactError: as `load`.
            FileError, SigningKeyError: the key cannot be read.
        """
        directory = path.parent
        try:
            parsed = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise ArtifactError.from_unreadable(path, f"it is not JSON: {error}") from None
        version = parsed.get("schema_version") if isinstance(parsed, dict) else None
        if version != SCHEMA_VERSION:
            raise ArtifactError(
                f"{directory}: its manifest has schema version {version!r}, but this program reads {SCHEMA_VERSION}; "
                "build the model again with this program."
            )
        try:
            return _checked(read_typed(cls, check_signed(parsed, _PURPOSE, path)))
        except SigningError as error:
            raise ArtifactError(str(error)) from None
        except ValueError as error:
            raise ArtifactError.from_unreadable(path, f"a part is missing or wrong: {error}") from None


def _checked(manifest: Manifest) -> Manifest:
    edges, signs = manifest.band_edges, {-1, 0, 1}
    if not 0 <= manifest.cutoff <= 1 or not edges or list(edges) != sorted({0.0, *edges, 1.0})[1:-1]:
        raise ValueError("the cutoff or the band edges are no rising PDs")
    if not {feature.constraint for feature in manifest.features} | set(manifest.directions.values()) <= signs:
        raise ValueError("a direction is not -1, 0 or 1")
    # What is no forest has no trees as text.
    if ONNX not in manifest.files:
        raise ValueError("the files are not those of a model")
    return manifest


def training_digest(features: FeatureSet) -> str:
    """SHA-256 of what a model depends on of a definition: what it sees and in which directions, outcome, id and date.

    Settings of training are compared by themselves; columns that no feature is made of, words, units, currency, groups,
    rules and levers do not count.
    """
    definition = features.definition
    said = repr((features.digest, definition.outcome, definition.id, definition.roles.date))
    return hashlib.sha256(said.encode()).hexdigest()


def feature_records(features: FeatureSet) -> tuple[FeatureRecord, ...]:
    """The feature list in the words of a manifest."""
    return tuple(
        FeatureRecord(f.name, f.label, f.sources, level_codes(f), constraint)
        for f, constraint in zip(features.features, features.constraints, strict=True)
    )


def read_verified(directory: Path, manifest: Manifest, name: str) -> bytes | None:
    """The bytes of a published file, or None where it is missing.

    They are read once and hashed before anyone interprets them: what was checked is what is used.

    Raises:
        ArtifactError: the file is not the one that the manifest describes, or cannot be read.
    """
    path = directory / name
    content = _read(path)
    if content is None:
        return None
    expected = manifest.files.get(name)
    record = FileRecord.of(content)
    if record != expected:
        published = f"{expected.sha256[:12]}..." if expected else "no such file"
        raise ArtifactError(
            f"{path}: is not the file that was published (SHA-256 {record.sha256[:12]}..., the manifest says "
            f"{published}); it was not opened; run `make build` again."
        )
    return content


def _read(path: Path) -> bytes | None:
    """What stands in `path`, or None where there is no such file."""
    try:
        return read_bytes(path)
    except DamageError as error:
        if not is_there(path):
            return None
        raise ArtifactError.from_unreadable(path, error.reason) from None


def read_text(directory: Path, manifest: Manifest) -> str:
    """The published trees as LightGBM writes them.

    Raises:
        ArtifactError: they are missing, altered or no text.
    """
    content = read_verified(directory, manifest, TEXT)
    if content is None:
        raise ArtifactError.from_no_model_file(directory, (TEXT,))
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise ArtifactError.from_unreadable(directory / TEXT, str(error)) from None


def read_published(directory: Path, read: Callable[[], T]) -> T:
    """What `read` returns of a model directory, all from one model: again where another was published meanwhile.

    Raises:
        ArtifactError: as `read`.
    """
    for _ in range(_MOST_READS):
        before = _version(directory)
        try:
            found = read()
        except ArtifactError:
            if _version(directory) == before:
                raise
        else:
            if _version(directory) == before:
                return found
    return read()


def _version(directory: Path) -> tuple[int, ...] | None:
    try:
        found = directory.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_ctime_ns


def is_whole(directory: Path, manifest: Manifest, *, allow_pickle: bool = False) -> bool:
    """Whether at least one model file is there that may be opened, and none that is there was altered."""
    try:
        found = {name for name in MODEL_FILES if read_verified(directory, manifest, name) is not None}
    except ArtifactError:
        return False
    return not found.isdisjoint(MODEL_FILES if allow_pickle else WITHOUT_PICKLE)


def check_place(directory: Path) -> None:
    """Raise ArtifactError where publishing would take the place of a folder that holds something else than a model."""
    if not is_there(directory):
        return
    try:
        is_foreign = any(directory.iterdir()) and not (directory / MANIFEST).is_file()
    except OSError as error:
        raise ArtifactError.from_unreadable(directory, error.strerror or str(error)) from None
    if is_foreign:
        raise ArtifactError(
            f"{directory}: holds files but no model, and publishing replaces the whole folder; "
            "name another one (SCOREROOM_MODEL) or empty it."
        )

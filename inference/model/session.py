"""ScoringSession: a published model, checked and loaded, that turns applications into PDs."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import onnxruntime as ort
import polars as pl
from numpy.typing import NDArray

from data.definition.at_hand import load_definition
from data.definition.definition import Definition
from data.predictions.scores import exact_score
from data.settings import Settings
from data.store.records import MODEL, check_built
from inference.errors import ArtifactError, FeatureError, ProviderError
from inference.features.encoding import FeatureSet
from inference.model.artifact import (
    MODEL_FILES,
    ONNX,
    PICKLE,
    TEXT,
    WITHOUT_PICKLE,
    Manifest,
    read_published,
    read_verified,
    training_digest,
)
from inference.model.sufficiency import SufficiencyRule

if TYPE_CHECKING:
    import lightgbm as lgb

CPU = "CPUExecutionProvider"
CHUNK_ROWS = 32_768


class Backend(Protocol):
    """A loaded model: float32 (rows, features) -> float32 PDs of shape (rows,). Safe from many threads."""

    name: str

    def predict(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]: ...


class OnnxBackend:
    """The model in ONNX Runtime.

    One thread of its own and no spinning: handing a single row to a second thread costs more than it saves, so
    large matrices are shared out over Python threads instead (ONNX Runtime lets go of the interpreter while it runs).
    """

    name = ONNX

    def __init__(self, content: bytes, provider: str = CPU) -> None:
        available = ort.get_available_providers()
        if provider not in available:
            raise ProviderError(
                f"The execution provider {provider!r} is not available; available here: {', '.join(available)}."
            )
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(content, options, providers=[provider])
        self._input = self._session.get_inputs()[0].name
        self._outputs = [self._session.get_outputs()[0].name]
        self.metadata: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map

    def predict(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        result: NDArray[np.float32] = self._session.run(self._outputs, {self._input: matrix})[0]
        return result.ravel()


class LightGbmBackend:
    """The model in LightGBM itself, from its text or from the pickled scikit-learn wrapper."""

    def __init__(self, name: str, booster: lgb.Booster) -> None:
        self.name = name
        self._booster = booster

    def predict(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(self._booster.predict(matrix, num_threads=1), dtype=np.float32)


class ScoringSession:
    """A model ready to score; valid from construction, immutable, and safe from many threads at once.

    `backend` names the file in use; `fallback_reason` says why it is not `model.onnx`, and is empty where it is.
    """

    def __init__(
        self,
        model: Backend,
        manifest: Manifest,
        features: FeatureSet,
        *,
        threads: int = 1,
        fallback_reason: str = "",
    ) -> None:
        self.manifest = manifest
        self.features = features
        self.sufficiency = SufficiencyRule(manifest.sufficiency, features.definition)
        self.backend = model.name
        self.fallback_reason = fallback_reason
        self._model = model
        self._threads = threads

    @property
    def definition(self) -> Definition:
        """The definition of the table that the model is for."""
        return self.features.definition

    @classmethod
    def open(
        cls,
        directory: Path,
        definition: Definition,
        *,
        provider: str = CPU,
        threads: int = 1,
        allow_pickle: bool = False,
    ) -> ScoringSession:
        """Load the model of a directory: `model.onnx`, where that is missing `model.txt`, then `model.pkl` if allowed.

        `threads` is how many parts of a large matrix are scored at once; a single row always takes one. Unpickling runs
        whatever the file says, so `allow_pickle` is for directories that nobody else can write to.

        Raises:
            ArtifactError: no model there, one trained for another outcome or on other features, a file that is not
                the published one, or nothing but a pickle that may not be opened.
            FileError, SigningKeyError: the signing key in force cannot be read.
            ProviderError: `provider` is not available here; the message lists those that are.
        """
        directory = Path(directory)
        allowed = MODEL_FILES if allow_pickle else WITHOUT_PICKLE

        def read() -> tuple[Manifest, FeatureSet, str, bytes]:
            manifest = Manifest.load(directory)
            features = manifest.features_in(definition)
            trained = (manifest.features_sha256, manifest.definition.training_digest)
            if trained != (features.digest, training_digest(features)):
                if manifest.definition.digest != definition.digest:
                    raise ArtifactError(
                        f"{directory}: the model was built for another definition ({manifest.definition.name}), not "
                        f"for the one in use ({definition.name}); run `make build` again, or open it with its own."
                    )
                raise ArtifactError.from_other_features(directory)
            return manifest, features, *_first_model_file(directory, manifest, allowed)

        manifest, features, name, content = read_published(directory, read)
        model = _load(directory / name, content, provider, len(features.names))
        return cls(model, manifest, features, threads=threads, fallback_reason=_reason(directory, name))

    @classmethod
    def open_built(cls, settings: Settings, *, threads: int = 1) -> ScoringSession:
        """Load the model of the portfolio, after making sure that it is what was built.

        Raises:
            DamageError: a file of it is another one than was built.
            ArtifactError, ProviderError: as `open`.
        """
        check_built(settings, MODEL)
        return cls.open(
            settings.model,
            load_definition(settings),
            provider=settings.provider,
            threads=threads,
            allow_pickle=settings.allow_pickle,
        )

    def score(self, application: Mapping[str, object]) -> float:
        """PD of one application, the decimal that its float32 names; a column that is not given counts as missing.

        Raises:
            FeatureError: a key that is no column of the table, or a value of the wrong type.
        """
        return self.score_row(self.features.row(application))

    def score_row(self, row: NDArray[np.float32]) -> float:
        """PD of the application whose features are `row`, shape (1, features), as `score` gives it."""
        return exact_score(self._model.predict(row)[0])

    def score_frame(self, applications: pl.DataFrame) -> NDArray[np.float32]:
        """PD of every row, float32 of shape (rows,); memory beyond the result does not grow with the rows.

        Raises:
            FeatureError: a column is absent, or is of a type that does not fit the schema.
        """
        result = np.empty(applications.height, dtype=np.float32)
        step = CHUNK_ROWS * self._threads
        for start in range(0, applications.height, step):
            part = self.features.matrix(applications.slice(start, step))
            result[start : start + len(part)] = self.score_matrix(part)
        return result

    def score_matrix(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        """PD of every row of a feature matrix: float32 (rows, features) -> float32 (rows,).

        Raises:
            FeatureError: the matrix is not as wide as the feature list.
        """
        if matrix.ndim != 2 or matrix.shape[1] != len(self.features.names):
            raise FeatureError.from_width(matrix.shape[-1], len(self.features.names))
        if self._threads == 1 or len(matrix) <= CHUNK_ROWS:
            return self._model.predict(matrix)
        parts = [matrix[start : start + CHUNK_ROWS] for start in range(0, len(matrix), CHUNK_ROWS)]
        with ThreadPoolExecutor(self._threads) as pool:
            return np.concatenate(list(pool.map(self._model.predict, parts)))


def _first_model_file(directory: Path, manifest: Manifest, allowed: Sequence[str]) -> tuple[str, bytes]:
    for name in allowed:
        content = read_verified(directory, manifest, name)
        if content is not None:
            return name, content
    if PICKLE not in allowed and (directory / PICKLE).exists():
        raise ArtifactError(
            f"{directory}: {' and '.join(allowed)} are missing, and model.pkl is not opened because a pickle can run "
            "any code; run `make build` again, or set SCOREROOM_ALLOW_PICKLE=1 if nobody else can write there."
        )
    raise ArtifactError.from_no_model_file(directory, MODEL_FILES)


def _reason(directory: Path, name: str) -> str:
    missing = MODEL_FILES[: MODEL_FILES.index(name)]
    return f"{' and '.join(missing)} missing in {directory}; using {name}, which is slower" if missing else ""


def _load(path: Path, content: bytes, provider: str, width: int) -> Backend:
    """The model in `content`, proven to take a matrix of `width` columns and to give PDs."""
    try:
        model = _backend(path.name, content, provider)
        answers = np.asarray(model.predict(np.zeros((2, width), dtype=np.float32)))
    except ProviderError:
        raise
    except Exception as error:
        # ONNX Runtime, LightGBM and pickle each have errors of their own for what is no model.
        reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
        raise ArtifactError.from_unreadable(path, f"it is no model: {reason}") from error
    if answers.shape != (2,) or not np.all((answers >= 0) & (answers <= 1)):
        raise ArtifactError.from_unreadable(path, "it is no model: what it gives are no PDs")
    return model


def _backend(name: str, content: bytes, provider: str) -> Backend:
    if name == ONNX:
        return OnnxBackend(content, provider)
    return LightGbmBackend(name, _from_text(content) if name == TEXT else _from_pickle(content))


def _from_text(content: bytes) -> lgb.Booster:
    import lightgbm as lgb

    return lgb.Booster(model_str=content.decode())


def _from_pickle(content: bytes) -> lgb.Booster:
    import pickle

    # Only bytes whose digest the manifest holds come this far (artifact.read_verified), and only where that is allowed:
    # whoever can write the file can write the manifest too.
    classifier: Any = pickle.load(io.BytesIO(content))  # noqa: S301
    booster: lgb.Booster = classifier.booster_
    return booster

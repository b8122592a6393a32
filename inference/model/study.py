"""Studies behind the model's choices: what a setting buys for its time, and what leaving attributes out costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data import schema
from data.definition.columns import Sensitivity
from inference.features.encoding import FeatureSet, raw_feature
from inference.features.feature_list import FEATURES
from inference.model.export import export_onnx
from inference.model.measures import quality
from inference.model.session import OnnxBackend
from inference.model.training import assign_folds, out_of_fold, outcomes, train
from inference.model.training_settings import TrainingSettings

Advance = Callable[[int, int], None]
_TIMED_ROWS = 500
# The least of these is what the row takes; the rest is what else the machine did.
_REPEATS = 5
CANDIDATES = (
    TrainingSettings(trees=150, leaves=15, learning_rate=0.1),
    TrainingSettings(trees=500, leaves=8, learning_rate=0.1),
    TrainingSettings(trees=500, leaves=15, learning_rate=0.05),
    TrainingSettings(trees=300, leaves=31, learning_rate=0.05),
    TrainingSettings(trees=600, leaves=31, learning_rate=0.03),
    TrainingSettings(trees=600, leaves=63, learning_rate=0.02),
)


@dataclass(frozen=True, slots=True)
class SettingResult:
    """What one setting reached; `row_us` is ONNX Runtime's time for one row in microseconds, one thread."""

    settings: TrainingSettings
    trees: int
    roc_auc: float
    calibration_error: float
    row_us: float
    onnx_bytes: int
    train_s: float


@dataclass(frozen=True, slots=True)
class AddedColumnsResult:
    """Out-of-fold AUC per seed without and with `columns` as features of their own."""

    n_rows: int
    columns: tuple[str, ...]
    seeds: tuple[int, ...]
    auc_without: tuple[float, ...]
    auc_with: tuple[float, ...]

    @property
    def mean_cost(self) -> float:
        """AUC lost by leaving them out, averaged over the seeds; negative where the model is better without them."""
        return fmean(self.auc_with) - fmean(self.auc_without)


def compare_settings(
    applications: pl.DataFrame,
    *,
    seed: int,
    candidates: Iterable[TrainingSettings] = CANDIDATES,
    progress: Advance | None = None,
) -> list[SettingResult]:
    """Train with each setting: quality out of fold against size and time of the exported model."""
    candidates = tuple(candidates)
    rows = FEATURES.matrix(applications.head(_TIMED_ROWS))
    results = []
    for done, settings in enumerate(candidates, start=1):
        results.append(_try_setting(applications, settings, seed, rows))
        if progress:
            progress(done, len(candidates))
    return results


def _try_setting(
    applications: pl.DataFrame, settings: TrainingSettings, seed: int, rows: NDArray[np.float32]
) -> SettingResult:
    start = time.perf_counter()
    model = train(applications, seed=seed, settings=settings)
    seconds = time.perf_counter() - start
    content = export_onnx(model.booster, rows.shape[1], {})
    measured = model.quality
    return SettingResult(
        settings,
        model.trees,
        measured.roc_auc,
        measured.calibration_error,
        _row_us(OnnxBackend(content), rows),
        len(content),
        seconds,
    )


def _row_us(backend: OnnxBackend, rows: NDArray[np.float32]) -> float:
    times = []
    for index in range(len(rows)):
        row = rows[index : index + 1]
        times.append(min(_ns(backend, row) for _ in range(_REPEATS)))
    return median(times) / 1e3


def _ns(backend: OnnxBackend, row: NDArray[np.float32]) -> int:
    start = time.perf_counter_ns()
    backend.predict(row)
    return time.perf_counter_ns() - start


METHODS = ("", "basic", "intermediate", "advanced")


@dataclass(frozen=True, slots=True)
class DirectionsResult:
    """Figures out of fold with one way of keeping the directions; `method` is LightGBM's, empty where none are kept."""

    method: str
    trees: int
    roc_auc: float
    log_loss: float
    calibration_error: float
    train_s: float


def compare_directions(
    applications: pl.DataFrame,
    *,
    seed: int,
    settings: TrainingSettings | None = None,
    progress: Advance | None = None,
) -> list[DirectionsResult]:
    """Train out of fold on the same folds without directions, then with them by each of LightGBM's methods."""
    target = outcomes(applications)
    grown = (settings or TrainingSettings()).for_rows(applications.height)
    folds, matrix = assign_folds(target, grown.folds, seed), FEATURES.matrix(applications)
    results = []
    for done, method in enumerate(METHODS, start=1):
        start = time.perf_counter()
        constraints = FEATURES.constraints if method else ()
        kept = replace(grown, monotone_method=method)
        held_out = out_of_fold(matrix, target, folds, kept, seed, constraints)
        found = quality(target, held_out.probabilities)
        seconds = time.perf_counter() - start
        results.append(
            DirectionsResult(method, held_out.trees, found.roc_auc, found.log_loss, found.calibration_error, seconds)
        )
        if progress:
            progress(done, len(METHODS))
    return results


PROTECTED = tuple(column.name for column in schema.COLUMNS if column.sensitivity is Sensitivity.PROTECTED)


def measure_added_columns(
    applications: pl.DataFrame,
    columns: Iterable[str],
    *,
    seeds: Iterable[int],
    settings: TrainingSettings | None = None,
    progress: Advance | None = None,
) -> AddedColumnsResult:
    """Out-of-fold AUC without and with the given columns as features, on the same folds, for each seed."""
    names = tuple(columns)
    seeds = tuple(seeds)
    target = outcomes(applications)
    grown = (settings or TrainingSettings()).for_rows(applications.height)
    without = FEATURES.matrix(applications)
    extra = FeatureSet(schema.DEFINITION, (raw_feature(schema.column(name)) for name in names)).matrix(applications)
    aucs: list[tuple[float, ...]] = []
    free = (0,) * extra.shape[1]
    for seed in seeds:
        pair = ((without, FEATURES.constraints), (np.hstack([without, extra]), (*FEATURES.constraints, *free)))
        aucs.append(tuple(_auc(matrix, target, seed, grown, constraints) for matrix, constraints in pair))
        if progress:
            progress(len(aucs), len(seeds))
    auc_without, auc_with = zip(*aucs, strict=True)
    return AddedColumnsResult(applications.height, names, seeds, auc_without, auc_with)


def _auc(
    matrix: NDArray[np.float32],
    target: NDArray[np.uint8],
    seed: int,
    settings: TrainingSettings,
    constraints: Sequence[int],
) -> float:
    folds = assign_folds(target, settings.folds, seed)
    return quality(target, out_of_fold(matrix, target, folds, settings, seed, constraints).probabilities).roc_auc

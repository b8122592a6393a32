"""Applications -> a LightGBM model and an out-of-fold PD for every row.

The only module that imports LightGBM at import time, which takes two seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

import lightgbm as lgb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from data import schema
from inference.errors import TrainingError
from inference.features.encoding import FeatureSet
from inference.features.feature_list import FEATURES
from inference.model.measures import Quality, quality
from inference.model.training_settings import TrainingSettings

Advance = Callable[[int, int], None]
_REPORT_EVERY = 10
# A float32 holds every multiple of its grid exactly below 2**24 steps of it.
_EXACT_STEPS = 2.0**24


@dataclass(frozen=True)
class TrainedModel:
    """The model grown on all rows, and for every row the PD of a model that did not see it.

    `probabilities` is float64 and `folds` uint8, both of shape (rows,) in the order of the table.
    """

    classifier: lgb.LGBMClassifier
    features: FeatureSet
    probabilities: NDArray[np.float64]
    folds: NDArray[np.uint8]
    trees: int
    quality: Quality
    settings: TrainingSettings
    seed: int

    @property
    def booster(self) -> lgb.Booster:
        return self.classifier.booster_


def train(
    applications: pl.DataFrame,
    *,
    seed: int,
    settings: TrainingSettings | None = None,
    features: FeatureSet = FEATURES,
    progress: Advance | None = None,
) -> TrainedModel:
    """Train on all rows, and once for each fold without it.

    Raises:
        FeatureError: the table lacks a column.
        TrainingError: an outcome is missing, or there are too few of one kind.
    """
    settings = settings or TrainingSettings()
    target = outcomes(applications)
    folds = assign_folds(target, settings.folds, seed)
    matrix = features.matrix(applications)
    report = _Report(progress, settings.trees * (settings.folds + 1))
    grown = settings.for_rows(target.size)
    held_out = out_of_fold(matrix, target, folds, grown, seed, features.constraints, report)
    classifier = _fit_classifier(matrix, target, features, replace(grown, trees=held_out.trees), seed, report)
    measured = quality(target, held_out.probabilities)
    return TrainedModel(classifier, features, held_out.probabilities, folds, held_out.trees, measured, settings, seed)


def outcomes(applications: pl.DataFrame) -> NDArray[np.uint8]:
    """Observed outcomes as 0 and 1, shape (rows,).

    Raises:
        TrainingError: one is missing.
    """
    if schema.TARGET not in applications.columns:
        raise TrainingError.from_missing_target(applications.height)
    column = applications[schema.TARGET]
    if column.null_count():
        raise TrainingError.from_missing_target(column.null_count())
    return column.cast(pl.UInt8).to_numpy()


def assign_folds(target: NDArray[np.uint8], folds: int, seed: int) -> NDArray[np.uint8]:
    """Fold of each row, shape (rows,): shuffled, and each fold with the same share of defaults up to one row.

    Raises:
        TrainingError: fewer than `folds` rows of one outcome.
    """
    n_bad = int(target.sum())
    if min(n_bad, target.size - n_bad) < folds:
        raise TrainingError.from_target(target.size - n_bad, n_bad, folds)
    result = np.empty(target.size, dtype=np.uint8)
    random = np.random.default_rng(seed)
    for outcome in (0, 1):
        rows = np.flatnonzero(target == outcome)
        result[random.permutation(rows)] = np.arange(rows.size) % folds
    return result


@dataclass(frozen=True)
class HeldOut:
    """PD of each row by a model trained on the other folds (float64, shape (rows,)), and how many trees these had."""

    probabilities: NDArray[np.float64]
    trees: int


def out_of_fold(
    matrix: NDArray[np.float32],
    target: NDArray[np.uint8],
    folds: NDArray[np.uint8],
    settings: TrainingSettings,
    seed: int,
    constraints: Sequence[int] = (),
    report: Callable[[lgb.callback.CallbackEnv], None] | None = None,
) -> HeldOut:
    """Train without each fold in turn and predict it; `constraints` are those of `FeatureSet`.

    All folds stop at the number of trees, at most `settings.trees`, that has the least mean log-loss on the rows held
    out: a small table would otherwise be learnt by heart.
    """
    parameters = settings.parameters(seed, constraints)
    # Binned once for all folds: bin edges depend on feature values alone, never on an outcome.
    binned = lgb.Dataset(matrix, target, params=parameters).construct()
    held_out = [folds == fold for fold in range(settings.folds)]

    def grow(rows: NDArray[np.bool_]) -> tuple[lgb.Booster, NDArray[np.float64]]:
        return _grow(binned, rows, {**parameters, "n_jobs": 1}, settings.trees, report)

    # Folds side by side with a thread each: threads that share one fold wait for each other after every split, and
    # with another busy process on the machine that takes many times as long.
    with ThreadPoolExecutor(settings.threads) as pool:
        boosters, losses = zip(*pool.map(grow, held_out), strict=True)
    weights = [np.count_nonzero(rows) for rows in held_out]
    trees = int(np.average(losses, axis=0, weights=weights).argmin()) + 1
    result = np.empty(target.size, dtype=np.float64)
    for rows, booster in zip(held_out, boosters, strict=True):
        result[rows] = booster.predict(matrix[rows], num_iteration=trees, num_threads=settings.threads)
    return HeldOut(result, trees)


def _grow(
    binned: lgb.Dataset,
    held_out: NDArray[np.bool_],
    parameters: dict[str, Any],
    trees: int,
    report: Callable[[lgb.callback.CallbackEnv], None] | None,
) -> tuple[lgb.Booster, NDArray[np.float64]]:
    """A booster that did not see the rows held out, and its log-loss on them after each tree."""
    seen: dict[str, dict[str, list[float]]] = {}
    callbacks = [lgb.record_evaluation(seen), *([report] if report else [])]
    parts = [binned.subset(np.flatnonzero(rows).tolist()) for rows in (~held_out, held_out)]
    booster = lgb.train(
        {**parameters, "metric": "binary_logloss"}, parts[0], trees, [parts[1]], ["held out"], callbacks=callbacks
    )
    return booster, np.asarray(seen["held out"]["binary_logloss"])


def _fit_classifier(
    matrix: NDArray[np.float32],
    target: NDArray[np.uint8],
    features: FeatureSet,
    settings: TrainingSettings,
    seed: int,
    report: Callable[[lgb.callback.CallbackEnv], None],
) -> lgb.LGBMClassifier:
    classifier = lgb.LGBMClassifier(n_estimators=settings.trees, **settings.parameters(seed, features.constraints))
    classifier.fit(matrix, target, feature_name=list(features.names), callbacks=[report])
    round_leaves(classifier.booster_)
    return classifier


def round_leaves(booster: lgb.Booster) -> None:
    """Round every leaf to a grid on which float32 sums are exact, so that any backend adds up to the same log-odds.

    The grid is the finest power of two of which 2**24 steps cover the largest sum that the trees can give (about
    2e-6 in log-odds): far below what a PD is known to, and it makes the order of additions irrelevant.
    """
    leaves = [
        [booster.get_leaf_output(tree["tree_index"], leaf) for leaf in range(tree["num_leaves"])]
        for tree in booster.dump_model()["tree_info"]
    ]
    largest = sum(max(map(abs, values)) for values in leaves)
    if not largest:
        return
    step = 2.0 ** math.ceil(math.log2(largest / _EXACT_STEPS))
    for tree, values in enumerate(leaves):
        for leaf, value in enumerate(values):
            booster.set_leaf_output(tree, leaf, round(value / step) * step)


class _Report:
    """LightGBM callback that counts trees over all folds and the final model."""

    def __init__(self, progress: Advance | None, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0
        self._lock = Lock()

    def __call__(self, _: lgb.callback.CallbackEnv) -> None:
        with self._lock:
            self._done += 1
        if self._progress and (self._done % _REPORT_EVERY == 0 or self._done == self._total):
            self._progress(self._done, self._total)

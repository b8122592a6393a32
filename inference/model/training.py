"""Applications -> a LightGBM model and an out-of-fold PD for every row.

The only module that imports LightGBM at import time, which takes two seconds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from threading import Event, Lock
from typing import Any

import lightgbm as lgb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.definition.definition import Definition
from data.files.convert import resolved
from inference.errors import TrainingError
from inference.features.encoding import FeatureSet
from inference.model.measures import Quality, quality
from inference.model.training_settings import LEAST_IN_FOLD, TrainingSettings

Advance = Callable[[int, int], None]
Report = Callable[[lgb.callback.CallbackEnv], None]
# A fifth of what a model is trained on chooses how many trees it gets; growing stops when it gained nothing so long.
_INNER_PARTS, _PATIENCE = 5, 50
_REPORT_EVERY = 10
_LOOK_S = 0.2
# LightGBM takes no other name for a feature than one of these.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]+")
# A float32 holds every multiple of its grid exactly below 2**24 steps of it.
_EXACT_STEPS = 2.0**24


@dataclass(frozen=True)
class TrainedModel:
    """The model grown on all rows with an outcome, and for each of them the PD of a model that did not see it.

    `probabilities` is float64 and `folds` uint8, both of shape (rows,) in the order of the table, open rows left out.
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
    features: FeatureSet,
    *,
    seed: int,
    settings: TrainingSettings | None = None,
    progress: Advance | None = None,
) -> TrainedModel:
    """Train on all rows with an outcome, and once for each fold without it.

    `settings` are those of the definition where none are given.

    Raises:
        FeatureError: the table lacks a column.
        TrainingError: there is no outcome, or there are too few of one kind.
    """
    applications = with_outcome(applications, features.definition)
    settings = settings or TrainingSettings().for_definition(features.definition, applications.height)
    target = outcomes(applications, features.definition)
    check_enough(target, settings.folds)
    folds = assign_folds(target, settings.folds, seed)
    matrix = features.matrix(applications)
    grown = settings.for_rows(target.size)
    report = _Report(progress, grown.most_grown)
    held_out = out_of_fold(matrix, target, folds, grown, seed, features.constraints, report)
    classifier = _fit_classifier(matrix, target, features, replace(grown, trees=held_out.trees), seed, report)
    measured = quality(target, held_out.probabilities)
    return TrainedModel(classifier, features, held_out.probabilities, folds, held_out.trees, measured, settings, seed)


def with_outcome(applications: pl.DataFrame, definition: Definition) -> pl.DataFrame:
    """The rows whose outcome is known; the others are open.

    Raises:
        TrainingError: there is no outcome at all.
    """
    name = definition.target
    if name is None or name not in applications.columns:
        raise TrainingError("The table has no outcome to learn from; name its column in [outcome] of portfolio.toml.")
    # Without open rows nothing is copied.
    return resolved(applications.lazy(), definition).collect() if applications[name].null_count() else applications


def outcomes(applications: pl.DataFrame, definition: Definition) -> NDArray[np.uint8]:
    """Observed outcomes of the rows that have one as 0 and 1, shape (rows,).

    Raises:
        TrainingError: there is no outcome at all.
    """
    known = with_outcome(applications, definition)
    return known[definition.target or ""].cast(pl.UInt8).to_numpy()


def check_enough(target: NDArray[np.uint8], folds: int) -> None:
    """Raise TrainingError where some fold would hold fewer than five rows of one outcome."""
    n_bad = int(target.sum())
    if min(n_bad, target.size - n_bad) < LEAST_IN_FOLD * folds:
        raise TrainingError.from_target(target.size - n_bad, n_bad, folds, LEAST_IN_FOLD * folds)


def assign_folds(target: NDArray[np.uint8], folds: int, seed: int) -> NDArray[np.uint8]:
    """Fold of each row, shape (rows,): shuffled, and each fold with the same share of defaults up to one row.

    Raises:
        TrainingError: fewer than `folds` rows of one outcome.
    """
    n_bad = int(target.sum())
    if min(n_bad, target.size - n_bad) < folds:
        raise TrainingError.from_target(target.size - n_bad, n_bad, folds, folds)
    result = np.empty(target.size, dtype=np.uint8)
    random = np.random.default_rng(seed)
    for outcome in (0, 1):
        rows = np.flatnonzero(target == outcome)
        result[random.permutation(rows)] = np.arange(rows.size) % folds
    return result


@dataclass(frozen=True)
class HeldOut:
    """PD of each row by a model trained on the other folds (float64, shape (rows,)), and the trees of each of these.

    `trees` is what a model grown on all rows gets: their mean, rounded.
    """

    probabilities: NDArray[np.float64]
    trees_by_fold: tuple[int, ...]

    @property
    def trees(self) -> int:
        return round(sum(self.trees_by_fold) / len(self.trees_by_fold))


def out_of_fold(
    matrix: NDArray[np.float32],
    target: NDArray[np.uint8],
    folds: NDArray[np.uint8],
    settings: TrainingSettings,
    seed: int,
    constraints: Sequence[int] = (),
    report: Report | None = None,
) -> HeldOut:
    """Train without each fold in turn and predict it; `constraints` are those of `FeatureSet`.

    How many trees a fold's model has is chosen on a part of the rows that it is trained on, so that no figure is
    measured on rows that chose it; see `choose_trees`.
    """
    parameters = settings.parameters(seed, constraints)
    # Binned once for all folds: bin edges depend on feature values alone, never on an outcome.
    binned = lgb.Dataset(matrix, target, params=parameters).construct()

    alone = {**parameters, "n_jobs": 1}
    reports = [_stop_when(stopped := Event()), *([report] if report else [])]

    def choose(fold: int) -> int:
        seen = np.flatnonzero(folds != fold)
        return settings.fixed_trees or choose_trees(binned, target, seen, settings, alone, seed + fold, reports)

    def predict(fold: int, trees: Future[int]) -> NDArray[np.float64]:
        held_out = folds == fold
        booster = lgb.train(alone, _part(binned, np.flatnonzero(~held_out)), trees.result(), callbacks=reports)
        return np.asarray(booster.predict(matrix[held_out], num_threads=1))

    # Side by side with a thread each: threads that share one model wait for each other after every split, and with
    # another busy process on the machine that takes many times as long. Numbers of trees are chosen first, so that two
    # threads have five pieces of work each; they are taken in order, so none waits for one that has not begun.
    with ThreadPoolExecutor(settings.threads) as pool:
        trees = [pool.submit(choose, fold) for fold in range(settings.folds)]
        predicted = [pool.submit(predict, fold, chosen) for fold, chosen in enumerate(trees)]
        try:
            _gather(predicted)
        except BaseException:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    result = np.empty(target.size, dtype=np.float64)
    for fold, probabilities in enumerate(predicted):
        result[folds == fold] = probabilities.result()
    return HeldOut(result, tuple(chosen.result() for chosen in trees))


def _gather(futures: Collection[Future[Any]]) -> None:
    """Wait until all are done or one has failed, which is raised; a signal is noticed meanwhile."""
    while futures:
        done, futures = wait(futures, timeout=_LOOK_S)
        for each in done:
            each.result()


def _stop_when(stopped: Event) -> Report:
    """A callback that ends training after the tree at hand: whoever waits for it has gone."""

    def look(_: lgb.callback.CallbackEnv) -> None:
        if stopped.is_set():
            raise CancelledError

    return look


def grow(
    matrix: NDArray[np.float32],
    target: NDArray[np.uint8],
    settings: TrainingSettings,
    seed: int,
    constraints: Sequence[int] = (),
) -> tuple[lgb.Booster, int]:
    """A booster grown on all rows given, and its number of trees, chosen as `choose_trees` does."""
    parameters = settings.parameters(seed, constraints)
    binned = lgb.Dataset(matrix, target, params=parameters).construct()
    trees = settings.fixed_trees or choose_trees(binned, target, np.arange(target.size), settings, parameters, seed)
    return lgb.train(parameters, binned, trees), trees


def choose_trees(
    binned: lgb.Dataset,
    target: NDArray[np.uint8],
    rows: NDArray[np.intp],
    settings: TrainingSettings,
    parameters: Mapping[str, Any],
    seed: int,
    reports: Sequence[Report] = (),
) -> int:
    """The number of trees with the least log-loss on a fifth of `rows`, grown on the others; `settings.trees` at most.

    The fifth has the share of defaults of all `rows`. A small table would otherwise be learnt by heart.
    """
    inner = assign_folds(target[rows], _INNER_PARTS, seed)
    losses: dict[str, dict[str, list[float]]] = {}
    callbacks: list[Report] = [
        lgb.record_evaluation(losses),
        lgb.early_stopping(_PATIENCE, verbose=False),
        *reports,
    ]
    lgb.train(
        {**parameters, "metric": "binary_logloss"},
        _part(binned, rows[inner != 0]),
        settings.trees,
        [_part(binned, rows[inner == 0])],
        ["inner"],
        callbacks=callbacks,
    )
    return int(np.argmin(losses["inner"]["binary_logloss"])) + 1


def _part(binned: lgb.Dataset, rows: NDArray[np.intp]) -> lgb.Dataset:
    return binned.subset(rows.tolist())


def _fit_classifier(
    matrix: NDArray[np.float32],
    target: NDArray[np.uint8],
    features: FeatureSet,
    settings: TrainingSettings,
    seed: int,
    report: Report,
) -> lgb.LGBMClassifier:
    classifier = lgb.LGBMClassifier(n_estimators=settings.trees, **settings.parameters(seed, features.constraints))
    classifier.fit(matrix, target, feature_name=plain_names(features.names), callbacks=[report])
    round_leaves(classifier.booster_)
    return classifier


def plain_names(names: Sequence[str]) -> list[str]:
    """The features' names in the model's text, each that LightGBM does not take replaced by its place."""
    taken = set(names)
    plain = [name if _PLAIN_NAME.fullmatch(name) else f"~{place}" for place, name in enumerate(names)]
    return [name if name in taken else f"feature_{name[1:]}" for name in plain]


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
    step = exact_step(largest)
    for tree, values in enumerate(leaves):
        for leaf, value in enumerate(values):
            booster.set_leaf_output(tree, leaf, round(value / step) * step)


def exact_step(largest: float) -> float:
    """The finest power of two of which float32 adds multiples up to `largest` exactly."""
    return 2.0 ** math.ceil(math.log2(largest / _EXACT_STEPS))


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

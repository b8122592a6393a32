"""Applications -> a scorecard, and an out-of-fold PD for every row; each fold has bins and a regression of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import get_context

import lightgbm as lgb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from inference.features.encoding import FeatureSet
from inference.model.measures import Quality, quality
from inference.model.training import assign_folds, check_enough, outcomes, plain_names, with_outcome
from inference.scorecard.binning import Bins, fit_bins
from inference.scorecard.card import Card
from inference.scorecard.cells import Counts, Source, make_cells, sources
from inference.scorecard.forest import forest_text
from inference.scorecard.making import card_trees, make_card
from inference.scorecard.regression import Regression, fit_regression, log_odds
from inference.scorecard.settings import ScorecardSettings

Advance = Callable[[int, int], None]
Task = tuple[Source, NDArray[np.float32], Counts, ScorecardSettings]

# With fewer bins to fit, starting processes takes longer than they save.
_LEAST_TASKS = 200
_CHUNK = 20


@dataclass(frozen=True)
class TrainedScorecard:
    """The scorecard of all rows with an outcome, and for each of them the PD of one that did not see it.

    `text` is the same as a LightGBM model of `features`. `probabilities` is float64 and `folds` uint8, both of shape
    (rows,) in the order of the table, open rows left out.
    """

    card: Card
    text: str
    features: FeatureSet
    probabilities: NDArray[np.float64]
    folds: NDArray[np.uint8]
    quality: Quality
    settings: ScorecardSettings
    seed: int

    @cached_property
    def booster(self) -> lgb.Booster:
        return lgb.Booster(model_str=self.text)

    @property
    def trees(self) -> int:
        return len(self.card.characteristics)


def train_scorecard(
    applications: pl.DataFrame,
    features: FeatureSet,
    *,
    seed: int,
    settings: ScorecardSettings | None = None,
    progress: Advance | None = None,
) -> TrainedScorecard:
    """Make a scorecard of all rows with an outcome, and one without each fold; folds are those of `training.train`.

    Raises:
        FeatureError: the table lacks a column.
        TrainingError: there is no outcome, too few of one kind, a setting makes no scorecard, or no feature is of use.
    """
    settings = settings or ScorecardSettings()
    settings.check()
    applications = with_outcome(applications, features.definition)
    target = outcomes(applications, features.definition)
    check_enough(target, settings.folds)
    folds = assign_folds(target, settings.folds, seed)
    matrix = features.matrix(applications)
    with ThreadPoolExecutor(settings.threads) as pool:
        cells = list(pool.map(lambda each: make_cells(each, matrix, target, folds), sources(features)))
    # All rows, then without each fold.
    counts = [[each.counts.sum(axis=0) - gone for gone in [0, *each.counts]] for each in cells]
    tasks = [
        (each.source, each.lows, own[part], settings)
        for part in range(settings.folds + 1)
        for each, own in zip(cells, counts, strict=True)
    ]
    bins = _fit_all(tasks, settings.threads, progress)
    parts = [bins[start : start + len(cells)] for start in range(0, len(bins), len(cells))]
    labels = [features.features[each.source.place].label for each in cells]
    codes = [each.codes for each in cells]

    def fit(part: int) -> tuple[Regression, NDArray[np.float64]]:
        seen = np.flatnonzero(folds != part - 1) if part else np.arange(target.size)
        regression = fit_regression(parts[part], [own[seen] for own in codes], target[seen], labels, settings)
        held_out = np.flatnonzero(folds == part - 1)
        return regression, log_odds(regression, parts[part], codes, held_out)

    with ThreadPoolExecutor(settings.threads) as pool:
        (whole, _), *held_out = pool.map(fit, range(settings.folds + 1))
    probabilities = np.empty(target.size)
    for fold, (_, odds) in enumerate(held_out):
        probabilities[folds == fold] = 1 / (1 + np.exp(-odds))
    card = make_card(features, cells, parts[0], whole, settings)
    text = forest_text(card_trees(card, features), plain_names(features.names))
    if progress:
        progress(len(tasks), len(tasks))
    return TrainedScorecard(card, text, features, probabilities, folds, quality(target, probabilities), settings, seed)


def _fit_all(tasks: Sequence[Task], threads: int, progress: Advance | None) -> list[Bins]:
    """The bins of each task; in processes where there are many, since optbinning holds the interpreter."""

    def counted(found: Bins) -> Bins:
        result.append(found)
        if progress:
            progress(min(len(result), len(tasks) - 1), len(tasks))
        return found

    result: list[Bins] = []
    if threads == 1 or len(tasks) < _LEAST_TASKS:
        for task in tasks:
            counted(fit_bins(*task))
        return result
    with ProcessPoolExecutor(threads, mp_context=get_context("spawn")) as pool:
        for found in pool.map(_fit_one, tasks, chunksize=_CHUNK):
            counted(found)
    return result


def _fit_one(task: Task) -> Bins:
    return fit_bins(*task)

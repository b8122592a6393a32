"""Applications -> a scorecard, and an out-of-fold PD for every row; each fold has bins and a regression of its own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from inference.features.encoding import FeatureSet
from inference.model.measures import Quality, quality
from inference.model.training import assign_folds, check_enough, outcomes, plain_names, with_outcome
from inference.scorecard.binning import Bins, fit_bins
from inference.scorecard.card import Card
from inference.scorecard.cells import make_cells, sources
from inference.scorecard.forest import forest_text
from inference.scorecard.making import card_trees, make_card
from inference.scorecard.regression import Regression, fit_regression, log_odds
from inference.scorecard.settings import ScorecardSettings

if TYPE_CHECKING:
    import lightgbm as lgb

Advance = Callable[[int, int], None]

# No fold is left out.
_NONE = -1
# What a regression takes, in features that are binned.
_REGRESSION = 200


@dataclass(frozen=True)
class TrainedScorecard:
    """The scorecard of all rows with an outcome, and for each of them the PD of one that did not see it.

    `text` is the same as a LightGBM model of `features`, those that the card asks; `unused` are the others that were
    given. `probabilities` is float64 and `folds` uint8, both of shape
    (rows,) in the order of the table, open rows left out.
    """

    card: Card
    text: str
    features: FeatureSet
    unused: tuple[str, ...]
    probabilities: NDArray[np.float64]
    folds: NDArray[np.uint8]
    quality: Quality
    settings: ScorecardSettings
    seed: int

    @cached_property
    def booster(self) -> lgb.Booster:
        import lightgbm as lgb

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
    labels = [features.features[each.source.place].label for each in cells]
    codes = [each.codes for each in cells]
    steps = _Steps(progress, (settings.folds + 1) * (len(cells) + _REGRESSION))

    def fit(left_out: int) -> tuple[list[Bins], Regression, NDArray[np.float64]]:
        bins = []
        for each in cells:
            counts = each.counts.sum(axis=0) - (each.counts[left_out] if left_out >= 0 else 0)
            bins.append(fit_bins(each.source, each.lows, counts, settings))
            steps.done(1)
        seen, held_out = np.flatnonzero(folds != left_out), np.flatnonzero(folds == left_out)
        regression = fit_regression(bins, [own[seen] for own in codes], target[seen], labels, settings)
        steps.done(_REGRESSION)
        return bins, regression, log_odds(regression, bins, codes, held_out)

    # Parts side by side with a thread each: threads that share one regression spin while they wait for each other.
    with _own_interrupts(), threadpool_limits(1), ThreadPoolExecutor(settings.threads) as pool:
        (bins, whole, _), *others = pool.map(fit, range(_NONE, settings.folds))
    probabilities = np.empty(target.size)
    for fold, (_, _, odds) in enumerate(others):
        probabilities[folds == fold] = 1 / (1 + np.exp(-odds))
    card = make_card(features, cells, bins, whole, settings)
    used = _used(features, card)
    text = forest_text(card_trees(card, used), plain_names(used.names))
    unused = tuple(name for name in features.names if name not in used.names)
    return TrainedScorecard(
        card, text, used, unused, probabilities, folds, quality(target, probabilities), settings, seed
    )


@contextmanager
def _own_interrupts() -> Iterator[None]:
    """Give SIGINT back to Python: OR-Tools takes it for a solver, and then leaves it to end the process on the spot."""
    try:
        yield
    finally:
        handler = signal.getsignal(signal.SIGINT)
        if handler is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, handler)


def _used(features: FeatureSet, card: Card) -> FeatureSet:
    """The features that the card asks."""
    asked = {each.feature for each in card.characteristics}
    asked |= {line.indicator for each in card.characteristics for line in each.bins}
    kept = tuple(feature for feature in features.features if feature.name in asked)
    if len(kept) == len(features.features):
        return features
    seen = {column for feature in kept for column in feature.sources}
    directions = {column: direction for column, direction in features.directions.items() if column in seen}
    return FeatureSet(features.definition, kept, directions)


class _Steps:
    """Progress in steps that several threads take."""

    def __init__(self, progress: Advance | None, total: int) -> None:
        self._progress, self._total, self._taken = progress, total, 0
        self._lock = threading.Lock()

    def done(self, steps: int) -> None:
        with self._lock:
            self._taken += steps
            if self._progress:
                self._progress(self._taken, self._total)

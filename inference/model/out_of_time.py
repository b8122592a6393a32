"""A model of the earlier applications, measured on the later ones: what a portfolio with dates can show besides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from inference.features.encoding import FeatureSet
from inference.model.measures import Quality, quality
from inference.model.training import grow, outcomes
from inference.model.training_settings import TrainingSettings

# The latest dates that hold at least this share of the applications are kept back.
LATER_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class TimeSplit:
    """Which rows are the later ones (bool, shape (rows,)), and the first date among these as the table words it."""

    is_later: NDArray[np.bool_]
    first_later: str


@dataclass(frozen=True, slots=True)
class OutOfTime:
    """Figures of the later applications by a model of the earlier ones; `n_earlier` were trained on."""

    first_later: str
    n_earlier: int
    trees: int
    quality: Quality

    def metrics(self) -> dict[str, float]:
        """The figures as a manifest names them."""
        return {
            "oot_auc": self.quality.roc_auc,
            "oot_log_loss": self.quality.log_loss,
            "oot_default_rate": self.quality.default_rate,
            "oot_mean_pd": self.quality.mean_probability,
            "oot_rows": self.quality.n_rows,
            "oot_earlier_rows": self.n_earlier,
        }


def measure_later(
    applications: pl.DataFrame, features: FeatureSet, settings: TrainingSettings, seed: int
) -> OutOfTime | None:
    """The later applications by a model of the earlier ones; every row has an outcome.

    Returns None where the definition names no date, there is one date only, or either part has too few of one outcome.
    """
    date = features.definition.roles.date
    split = split_in_time(applications[date]) if date and date in applications.columns else None
    if split is None:
        return None
    target = outcomes(applications, features.definition)
    n_earlier = int((~split.is_later).sum())
    own = replace(settings, fixed_trees=0).for_rows(n_earlier)
    return measure_out_of_time(features.matrix(applications), target, split, own, seed, features.constraints)


def split_in_time(dates: pl.Series) -> TimeSplit | None:
    """The latest dates or periods of `dates` that hold at least a fifth of the rows, never a part of one.

    Returns None where there is only one date. Rows without a date are earlier ones, so that the later ones are known
    to be later.
    """
    counts = dates.drop_nulls().value_counts(name="n").sort(dates.name, descending=True)
    if counts.height < 2:
        return None
    enough = int((counts["n"].cum_sum() >= LATER_SHARE * dates.len()).arg_max() or 0)
    # The earliest date is never kept back: nothing would be left to train on.
    first = counts[dates.name][min(enough, counts.height - 2)]
    return TimeSplit((dates >= first).fill_null(value=False).to_numpy(), str(first))


def measure_out_of_time(
    matrix: NDArray[np.float32],
    target: NDArray[np.uint8],
    split: TimeSplit,
    settings: TrainingSettings,
    seed: int,
    constraints: Sequence[int] = (),
) -> OutOfTime | None:
    """Train on the earlier rows and measure the PDs of the later ones; `settings` are those for the earlier rows.

    Returns None where either part has fewer applications of one outcome than there are folds.
    """
    earlier, later = np.flatnonzero(~split.is_later), np.flatnonzero(split.is_later)
    fewest = min(int((target[rows] == kind).sum()) for rows in (earlier, later) for kind in (0, 1))
    if fewest < settings.folds:
        return None
    booster, trees = grow(matrix[earlier], target[earlier], settings, seed, constraints)
    found = np.asarray(booster.predict(matrix[later], num_threads=settings.threads))
    return OutOfTime(split.first_later, int(earlier.size), trees, quality(target[later], found))

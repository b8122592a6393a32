"""A cohort's score calibrated: its rows as the calibrators take them, and every figure before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from dashboard.cohort.filters import Filters
from dashboard.metrics.column_counts import select_rows
from dashboard.metrics.counts import BoolArray, FloatArray, count_scores
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.evaluation import Assumptions, Evaluation
from dashboard.report.catalogue import CALIBRATION, DEFAULT_RATE, MEAN_PD, ROC_AUC, Metric
from data.predictions.scores import ScoreGrid, make_score_grid
from data.predictions.table import FOLD, ID, OUTCOME, PD_BIN, PROBABILITY, WEIGHT, CohortKind, Predictions
from inference.calibrating.errors import CalibrationError
from inference.calibrating.folding import N_FOLDS, hashed_folds
from inference.calibrating.out_of_fold import Calibrated, Request, Scored, calibrate
from inference.calibrating.words import notices

FIGURES: tuple[Metric, ...] = (DEFAULT_RATE, MEAN_PD, ROC_AUC, *CALIBRATION)
OF_PREDICTIONS = "folds of the predictions"


@dataclass(frozen=True, slots=True, eq=False)
class Recalibration:
    """A score calibrated on a cohort; `before` and `after` are of the same applications, those with a known outcome.

    `folds` says which folds held them out, and `rows` holds each row's.
    """

    rows: Scored
    request: Request
    calibrated: Calibrated
    before: Evaluation
    after: Evaluation
    folds: str

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences that belong beside the figures."""
        return notices(self.rows, self.calibrated, self.request)

    def figures(self) -> Mapping[str, tuple[Estimate, Estimate]]:
        """Each figure by name, before and after."""
        return {metric.name: (metric.of(self.before), metric.of(self.after)) for metric in FIGURES}


def recalibrate(
    predictions: Predictions,
    filters: Filters,
    request: Request,
    assumptions: Assumptions,
    *,
    grade: str = "",
    n_folds: int = N_FOLDS,
    seed: int = 0,
) -> Recalibration:
    """Calibrate the shown score of `predictions` (prepared) on the cohort of `filters`.

    Folds are those of the predictions where these have any; otherwise each application's is told by its id. With a
    `grade`, the column of that name is what becomes a PD.

    Raises:
        CalibrationError: the cohort is cut by the outcome, a grade is missing, or the score cannot be calibrated.
        ScoreroomError: a column cannot be had of the application table.
    """
    if filters.is_cut_by_outcome:
        raise CalibrationError("The cohort is chosen by its outcomes, which a calibration would learn; remove that.")
    frame = predictions.holding([*filters.needed, *([grade] if grade else [])])
    cohort = select_rows(frame, filters.expression())
    in_cohort = np.ones(frame.height, dtype=bool) if cohort is None else np.asarray(cohort)
    if grade:
        scores, levels = _graded(predictions, frame, grade)
        request = replace(request, edges=tuple(at - 0.5 for at in range(1, len(levels))), levels=levels)
    else:
        scores = _scores(predictions)
    folds, whose = _folds(frame, in_cohort, n_folds, seed)
    rows = Scored(
        scores=scores,
        is_bad=frame[OUTCOME].fill_null(value=False).to_numpy(),
        is_resolved=frame[OUTCOME].is_not_null().to_numpy(),
        in_cohort=in_cohort,
        folds=folds,
        weights=frame[WEIGHT].to_numpy() if WEIGHT in frame.columns else None,
        is_pd=predictions.scale is None,
        is_safer_higher=predictions.scale is not None and predictions.scale.higher == "safer" and not grade,
    )
    done = calibrate(rows, request)
    shown = in_cohort & rows.is_resolved if done.is_fitted.any() else in_cohort
    before = _evaluated(frame, predictions.grid, shown, assumptions, predictions.why_no_pd)
    is_bad = rows.is_bad if done.is_fitted.any() else None
    grid = make_score_grid(done.pds, is_bad)
    own = frame.with_columns(pl.Series(PROBABILITY, done.pds), pl.Series(PD_BIN, grid.bins(done.pds)))
    return Recalibration(rows, request, done, before, _evaluated(own, grid, shown, assumptions, ""), whose)


def _evaluated(
    frame: pl.DataFrame, grid: ScoreGrid | None, shown: BoolArray, assumptions: Assumptions, reason: str
) -> Evaluation:
    """The results for the `shown` rows, on the grid of the whole table as its own pages count them."""
    return Evaluation(count_scores(frame.filter(pl.Series(shown)), grid), assumptions, why_no_pd=reason)


def plain(estimate: Estimate) -> dict[str, Any]:
    """An estimate as JSON holds it."""
    told = {"value": estimate.value, "low": estimate.low, "high": estimate.high}
    return told if estimate.is_defined else {**told, "reason": estimate.explanation}


def _scores(predictions: Predictions) -> FloatArray:
    """The shown score: PDs, or where it is none the score in its own unit."""
    places, scale = predictions.frame[PROBABILITY], predictions.scale
    return (places if scale is None else scale.scores(places)).to_numpy()


def _graded(predictions: Predictions, frame: pl.DataFrame, name: str) -> tuple[FloatArray, tuple[str, ...]]:
    """Each row's place among the grades, and these in their order."""
    column = predictions.filter_columns.get(name)
    if column is None or column.kind is not CohortKind.LEVELS:
        raise CalibrationError(f"--grade {name}: is not a column of levels of these predictions.")
    if n_missing := frame[name].null_count():
        raise CalibrationError(
            f"--grade {name}: {n_missing:,} of {frame.height:,} rows have none; leave them out first."
        )
    used = frame[name].cast(pl.String).unique().to_list()
    levels = tuple(level for level in column.levels if level in used)
    if len(levels) < 2:
        raise CalibrationError(f"--grade {name}: all rows have the same one.")
    places = frame[name].cast(pl.String).replace_strict(levels, range(len(levels)), return_dtype=pl.Float64)
    return places.to_numpy(), levels


def _folds(
    frame: pl.DataFrame, in_cohort: np.ndarray[Any, np.dtype[np.bool_]], n_folds: int, seed: int
) -> tuple[np.ndarray[Any, np.dtype[np.uint8]], str]:
    if FOLD in frame.columns:
        known = frame[FOLD].filter(pl.Series(in_cohort)).drop_nulls()
        # A cohort of one fold has no other to learn from.
        if known.n_unique() > 1:
            return frame[FOLD].fill_null(0).to_numpy(), OF_PREDICTIONS
    ids = frame[ID] if ID in frame.columns else pl.Series(range(frame.height), dtype=pl.Int64)
    return hashed_folds(ids, n_folds=n_folds, seed=seed), f"{n_folds} folds by id, seed {seed}"

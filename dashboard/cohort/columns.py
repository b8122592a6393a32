"""Columns added to every table of predictions on loading, so that cohorts can be cut by them.

They come from PD, outcome and fold: the PD's bin and risk band, and outcome and fold in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from dashboard.words.score_words import as_places
from data.predictions.pieces import recoded
from data.predictions.scale import Scale
from data.predictions.scores import ScoreGrid, make_score_grid
from data.predictions.table import (
    FOLD,
    FOLD_NAME,
    OBSERVED,
    OUTCOME,
    PD_BAND,
    PD_BIN,
    PROBABILITY,
    CohortColumn,
    CohortKind,
    Predictions,
)
from inference.model.decision import BAND_EDGES, risk_band

PREDICTION, OUTCOME_GROUP = "Prediction", "Outcome"
# Of an application whose outcome is not known yet, where a table holds any.
REPAID, DEFAULTED, NOT_KNOWN = "Repaid", "Defaulted", "Open"
BANDS = tuple(risk_band(edge, BAND_EDGES) for edge in (0.0, *BAND_EDGES))


def prepare(predictions: Predictions, *, cutoffs: Iterable[float] = ()) -> Predictions:
    """Add to `predictions` the grid of PDs, and each row's bin, risk band, and outcome and fold in words.

    At `cutoffs`, with any number of digits, counts equal those of the rows.
    """
    has_outcomes, outcomes = predictions.source.has_outcomes, predictions.frame[OUTCOME]
    has_open = has_outcomes and bool(outcomes.null_count())
    frame, grid = _binned(predictions, cutoffs)
    folds = sorted(frame[FOLD].drop_nulls().unique().to_list()) if FOLD in frame.columns else []
    levels = (REPAID, DEFAULTED, NOT_KNOWN) if has_open else (REPAID, DEFAULTED)
    observed = [_observed(levels)] if has_outcomes else []
    frame = frame.with_columns(*observed, *([_fold(frame[FOLD], folds)] if folds else []))
    return replace(
        predictions,
        frame=frame,
        cohort_columns=(
            *predictions.cohort_columns,
            *_described(frame, folds, levels, predictions.roles, predictions.scale),
        ),
        grid=grid,
    )


def prepare_again(predictions: Predictions) -> Predictions:
    """Make anew what `prepare` derived from PDs that others have taken the place of since."""
    frame, grid = _binned(predictions, ())
    described = (
        _described_pd(frame, predictions.roles, predictions.scale) if column.name == PROBABILITY else column
        for column in predictions.cohort_columns
    )
    return replace(predictions, frame=frame, cohort_columns=tuple(described), grid=grid)


def _binned(predictions: Predictions, cutoffs: Iterable[float]) -> tuple[pl.DataFrame, ScoreGrid]:
    """The frame with each PD's bin and risk band, and the grid of the bins."""
    pds, outcomes = predictions.frame[PROBABILITY].to_numpy(), predictions.frame[OUTCOME]
    defaulted = outcomes.fill_null(value=False).to_numpy() if predictions.source.has_outcomes else None
    grid = make_score_grid(pds, defaulted, cutoffs=cutoffs)
    bins = grid.bins(pds)
    return predictions.frame.with_columns(pl.Series(PD_BIN, bins), _band(bins, grid)), grid


def _band(bins: npt.NDArray[np.uint16], grid: ScoreGrid) -> pl.Series:
    # Bands part where cutoffs do, and there bins do too: all PDs of a bin are in the band of its edge.
    bands = np.searchsorted(BAND_EDGES, grid.edges, side="right").astype(np.uint8)
    return pl.Series(PD_BAND, recoded(bins, bands)).cat.to(pl.Enum(BANDS))


def _observed(levels: Sequence[str]) -> pl.Expr:
    return pl.col(OUTCOME).cast(pl.UInt8).fill_null(2).cat.to(pl.Enum(levels)).alias(OBSERVED)


def _fold(numbers: pl.Series, folds: list[int]) -> pl.Series:
    place = np.zeros(256, dtype=np.uint8)
    place[folds] = range(len(folds))
    codes = pl.Series(FOLD_NAME, recoded(numbers.fill_null(0).to_numpy(), place))
    codes = codes.set(numbers.is_null(), None) if numbers.null_count() else codes
    return codes.cat.to(pl.Enum([str(fold) for fold in folds]))


def _described(
    frame: pl.DataFrame, folds: list[int], outcomes: tuple[str, ...], roles: Mapping[str, str], scale: Scale | None
) -> list[CohortColumn]:
    bands = _bands_in_words()
    described = [
        _described_pd(frame, roles, scale),
        CohortColumn(
            PD_BAND, "Risk band", bands if scale is None else as_places(bands), PREDICTION, CohortKind.LEVELS, BANDS
        ),
    ]
    if folds:
        names = tuple(str(fold) for fold in folds)
        text = "The part of the portfolio that was held out when its scores were predicted."
        taken = roles.get("fold", "")
        described.append(CohortColumn(FOLD_NAME, "Fold", text, PREDICTION, CohortKind.LEVELS, names, taken_from=taken))
    if OBSERVED not in frame.columns:
        return described
    text = "What happened: payment difficulties (default) or none."
    if NOT_KNOWN in outcomes:
        text += " Open is what is not known yet."
    described.append(
        CohortColumn(
            OBSERVED,
            "Observed outcome",
            text,
            OUTCOME_GROUP,
            CohortKind.LEVELS,
            outcomes,
            taken_from=roles.get("outcome", ""),
        )
    )
    return described


def _described_pd(frame: pl.DataFrame, roles: Mapping[str, str], scale: Scale | None) -> CohortColumn:
    pds = frame[PROBABILITY]
    name, told = "PD", "Predicted probability of default."
    if scale is not None:
        name = as_places(name)
        told = f"Place of the score from {scale.score(0):g} (0 %, safest) to {scale.score(1):g} (100 %, riskiest)."
    return CohortColumn(
        PROBABILITY,
        name,
        told,
        PREDICTION,
        CohortKind.RANGE,
        minimum=float(str(pds.min() or 0.0)),
        maximum=float(str(pds.max() or 0.0)),
        taken_from=roles.get("probability", ""),
    )


def _bands_in_words() -> str:
    ends = [f"{100 * edge:g} %" for edge in BAND_EDGES]
    return f"By PD: A below {ends[0]}, then from {', '.join(ends[:-1])} and, the last, {BANDS[-1]}, from {ends[-1]} on."

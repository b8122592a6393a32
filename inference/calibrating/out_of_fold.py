"""Calibrating a table's scores: what each row gets from a curve that has not seen its outcome, and the final curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.calibrating.calibrator import Calibrator, check_floor, check_rate, prior_shift, shifted, solve_shift
from inference.calibrating.curves import Bands, Curve, Floats
from inference.calibrating.errors import CalibrationError
from inference.calibrating.fitting import Method, Sample, check_outcomes, equal_bands, fit_curve

N_BANDS = 10


@dataclass(frozen=True, slots=True)
class Request:
    """How a score is to become a PD.

    `edges` part the bands of `grades` (where there are none, ten bands of about equally many applications), and
    `levels` are the grades that scores are the places of.
    """

    method: Method
    target_rate: float | None = None
    floor: float = 0.0
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """A table's rows: `scores` (PDs, or where they are not in a unit of their own), and what is known of each row.

    `is_bad` says who defaulted where `is_resolved`, `weights` how often a row counts (None: each once), `folds` its
    fold, and `in_cohort` whether it is of the cohort that is calibrated on. All have one value a row.
    """

    scores: Floats
    is_bad: NDArray[np.bool_]
    is_resolved: NDArray[np.bool_]
    in_cohort: NDArray[np.bool_]
    folds: NDArray[np.uint8]
    weights: Floats | None = None
    is_pd: bool = True
    is_safer_higher: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """The final `calibrator`, for new applications, and the `pds` of all rows.

    Rows that the calibrator was fitted on have the PD of a curve that was fitted without their fold; the others the
    final one's. `is_fitted` says which (those of the cohort with a known outcome), `n_bad` how many of them defaulted;
    `default_rate` is theirs, None where there are none, and `mean_pd` that of the PDs of the rows that a target is for.
    `prior_shift` is Elkan's from that rate to the target.
    """

    calibrator: Calibrator
    pds: Floats
    is_fitted: NDArray[np.bool_]
    n_bad: int
    default_rate: float | None
    mean_pd: float
    prior_shift: float | None = None


def calibrate(rows: Scored, request: Request) -> Calibrated:
    """Calibrate the scores of `rows` as `request` says.

    The target rate holds for the PDs that the cohort's rows get here: those with a known outcome, or all where none
    is known, counted by their weights.

    Raises:
        CalibrationError: the cohort is too small, nothing fits, or no shift reaches the target.
    """
    check_floor(request.floor)
    if request.target_rate is not None:
        check_rate(request.target_rate)
    elif request.method is Method.TARGET:
        raise CalibrationError.from_no_rate()
    fitted = rows.in_cohort & rows.is_resolved
    fitted &= True if rows.weights is None else rows.weights > 0
    counted = fitted if fitted.any() else rows.in_cohort
    if not counted.any():
        raise CalibrationError("No applications match the cohort; remove a condition.")
    curve, log_odds = _curves(rows, request, fitted)
    weights = None if rows.weights is None else rows.weights[counted]
    rate, shift, target, by_bayes = None, 0.0, request.target_rate, None
    if fitted.any():
        rate = float(np.average(rows.is_bad[fitted], weights=weights))
    if target is not None:
        shift = solve_shift(log_odds[counted], target, floor=request.floor, weights=weights)
        by_bayes = prior_shift(rate, target) if rate and rate < 1 else None
    calibrator = Calibrator(request.method, curve, shift, request.floor)
    pds = shifted(log_odds, shift, request.floor)
    mean_pd = float(np.average(pds[counted], weights=weights))
    return Calibrated(calibrator, pds, fitted, int(rows.is_bad[fitted].sum()), rate, mean_pd, by_bayes)


def _curves(rows: Scored, request: Request, fitted: NDArray[np.bool_]) -> tuple[Curve, Floats]:
    """The final curve, and the log-odds of all rows, each fitted one's by a curve that has not seen its fold."""
    edges = request.edges
    if request.method is Method.GRADES and not edges:
        edges = equal_bands(rows.scores[fitted], N_BANDS)

    def fit(chosen: NDArray[np.bool_]) -> Curve:
        if request.method is not Method.TARGET:
            check_outcomes(rows.is_bad[chosen])
        return fit_curve(
            request.method,
            Sample.of(rows.scores[chosen], rows.is_bad[chosen], None if rows.weights is None else rows.weights[chosen]),
            is_pd=rows.is_pd,
            is_safer_higher=rows.is_safer_higher,
            edges=edges,
            levels=request.levels,
        )

    curve = fit(fitted)
    log_odds = curve.log_odds(rows.scores)
    if request.method is not Method.TARGET:
        for fold in np.unique(rows.folds[fitted]):
            held_out = fitted & (rows.folds == fold)
            log_odds[held_out] = fit(fitted & ~held_out).log_odds(rows.scores[held_out])
    return curve, log_odds


def falling_bands(bands: Bands, *, is_safer_higher: bool = False) -> tuple[int, ...]:
    """The bands whose default rate lies below that of the next safer one; empty where rates are monotone."""
    rates = bands.pds[::-1] if is_safer_higher else bands.pds
    falling = [at for at in range(1, len(rates)) if rates[at] < rates[at - 1]]
    return tuple(len(rates) - 1 - at for at in falling) if is_safer_higher else tuple(falling)

"""Weighted logistic regression on one or two columns, by Newton's method; Platt and beta calibration are made of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inference.calibrating.curves import Floats
from inference.calibrating.errors import CalibrationError

_MAX_STEPS, _TOLERANCE = 100, 1e-14
_COARSE = 4_096
# Coefficients of standardised columns beyond this belong to outcomes that a line separates.
_LARGEST = 1e3
# So do outcomes that surprise nobody, in log-likelihood by weight.
_CERTAIN = 1e-8


@dataclass(frozen=True, slots=True)
class LogisticFit:
    """The maximum of the likelihood: an intercept, a slope a column, and the log-likelihood there."""

    intercept: float
    slopes: tuple[float, ...]
    log_likelihood: float


def fit_logistic(columns: Floats, total: Floats, bad: Floats) -> LogisticFit:
    """Fit the log-odds of default to `columns` (k, n); each of n places holds `total` weight of which `bad` defaulted.

    The line of maximum likelihood, without a penalty.

    Raises:
        CalibrationError: the fit does not settle, which is the case where a line separates the outcomes.
    """
    centre = (columns @ total) / total.sum()
    spread = np.sqrt(((columns - centre[:, None]) ** 2 @ total) / total.sum())
    if not np.all(spread > 0):
        raise CalibrationError.from_one_score()
    # Standardised, so that the steps are well conditioned whatever the columns' unit.
    design = np.vstack([np.ones(total.size), (columns - centre[:, None]) / spread[:, None]])
    at = np.zeros(len(design))
    if total.size > 2 * _COARSE:
        # Steps over a few thousand places cost next to nothing, and end so near that two or three over all are left.
        near = fit_logistic(*_coarse(columns, total, bad))
        at[1:] = np.array(near.slopes) * spread
        at[0] = near.intercept + np.array(near.slopes) @ centre
    else:
        at[0] = np.log(bad.sum() / (total.sum() - bad.sum()))
    best, fitted = _likelihood(design, total, bad, at)
    for _ in range(_MAX_STEPS):
        gradient = design @ (bad - total * fitted)
        information = (design * (total * fitted * (1 - fitted))) @ design.T
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            raise CalibrationError.from_unsettled() from None
        is_last = gradient @ step <= _TOLERANCE * max(1.0, abs(best))
        at, best, fitted = _uphill(design, total, bad, at, step, best)
        if is_last:
            # Newton squares the error: after one more step from there, nothing but rounding is left.
            if best > -_CERTAIN * total.sum():
                raise CalibrationError.from_separation()
            slopes = at[1:] / spread
            return LogisticFit(float(at[0] - slopes @ centre), tuple(slopes.tolist()), best)
        if np.abs(at[1:]).max(initial=0.0) > _LARGEST:
            raise CalibrationError.from_separation()
    raise CalibrationError.from_unsettled()


def _coarse(columns: Floats, total: Floats, bad: Floats) -> tuple[Floats, Floats, Floats]:
    """The same with neighbouring places as one, at their mean."""
    starts = np.linspace(0, total.size, _COARSE, endpoint=False).astype(np.intp)
    weight = np.add.reduceat(total, starts)
    return np.add.reduceat(columns * total, starts, axis=1) / weight, weight, np.add.reduceat(bad, starts)


def _uphill(
    design: Floats, total: Floats, bad: Floats, at: Floats, step: Floats, best: float
) -> tuple[Floats, float, Floats]:
    # The likelihood is concave, so that a step which is short enough climbs; a whole one may overshoot. The slack is
    # rounding's, which near the top is all that is left to compare.
    share, slack = 1.0, _TOLERANCE * abs(best) * len(total)
    while True:
        there = at + share * step
        found, fitted = _likelihood(design, total, bad, there)
        if found >= best - slack or share < _TOLERANCE:
            return there, found, fitted
        share /= 2


def _likelihood(design: Floats, total: Floats, bad: Floats, at: Floats) -> tuple[float, Floats]:
    """The log-likelihood at some coefficients, and the fitted PDs there, of which both take one exponential."""
    log_odds = at @ design
    shrunk = np.exp(-np.abs(log_odds))
    losses = np.maximum(log_odds, 0.0) + np.log1p(shrunk)
    return float(bad @ log_odds - total @ losses), np.where(log_odds >= 0, 1.0, shrunk) / (1 + shrunk)

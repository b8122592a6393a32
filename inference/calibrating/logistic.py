"""Weighted logistic regression on one or two columns, by Newton's method; Platt and beta calibration are made of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inference.calibrating.curves import Floats, expit
from inference.calibrating.errors import CalibrationError

_MAX_STEPS, _TOLERANCE = 100, 1e-14
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
    rate = bad.sum() / total.sum()
    at = np.zeros(len(design))
    at[0] = np.log(rate / (1 - rate))
    best = _log_likelihood(design, total, bad, at)
    for _ in range(_MAX_STEPS):
        fitted = expit(at @ design)
        gradient = design @ (bad - total * fitted)
        information = (design * (total * fitted * (1 - fitted))) @ design.T
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            raise CalibrationError.from_unsettled() from None
        if gradient @ step <= _TOLERANCE * max(1.0, abs(best)):
            # Newton squares the error: one more step from here leaves nothing but rounding.
            at = at + step
            slopes = at[1:] / spread
            best = _log_likelihood(design, total, bad, at)
            if best > -_CERTAIN * total.sum():
                raise CalibrationError.from_separation()
            return LogisticFit(float(at[0] - slopes @ centre), tuple(slopes.tolist()), best)
        at, best = _uphill(design, total, bad, at, step, best)
        if np.abs(at[1:]).max(initial=0.0) > _LARGEST:
            raise CalibrationError.from_separation()
    raise CalibrationError.from_unsettled()


def _uphill(design: Floats, total: Floats, bad: Floats, at: Floats, step: Floats, best: float) -> tuple[Floats, float]:
    # The likelihood is concave, so that a step which is short enough climbs; a whole one may overshoot.
    share = 1.0
    while True:
        there = at + share * step
        found = _log_likelihood(design, total, bad, there)
        if found >= best or share < _TOLERANCE:
            return there, found
        share /= 2


def _log_likelihood(design: Floats, total: Floats, bad: Floats, at: Floats) -> float:
    log_odds = at @ design
    return float((bad * log_odds - total * np.logaddexp(0, log_odds)).sum())

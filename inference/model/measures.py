"""How well PDs separate and how well they are calibrated, from the exact rows; the few figures a manifest states."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CALIBRATION_BINS = 20


@dataclass(frozen=True, slots=True)
class Quality:
    """Figures over `n_rows` applications; `calibration_error` is the mean gap over equal-count bins, weighted."""

    n_rows: int
    default_rate: float
    mean_probability: float
    roc_auc: float
    calibration_error: float
    log_loss: float


def quality(target: NDArray[np.uint8], probabilities: NDArray[np.float64]) -> Quality:
    """All figures at once; `target` (0 or 1) and `probabilities` have shape (rows,)."""
    from sklearn.metrics import log_loss, roc_auc_score

    return Quality(
        n_rows=int(target.size),
        default_rate=float(target.mean()),
        mean_probability=float(probabilities.mean()),
        roc_auc=float(roc_auc_score(target, probabilities)),
        calibration_error=calibration_error(target, probabilities),
        log_loss=float(log_loss(target, probabilities)),
    )


def calibration_error(
    target: NDArray[np.uint8], probabilities: NDArray[np.float64], bins: int = CALIBRATION_BINS
) -> float:
    """Expected calibration error: sum over equal-count bins of |defaults - sum of PD|, divided by the rows."""
    order = np.argsort(probabilities, kind="stable")
    gaps = (target - probabilities)[order]
    return float(sum(abs(part.sum()) for part in np.array_split(gaps, bins)) / target.size)

"""Which features a scorecard keeps, and the logistic regression on their weights of evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.errors import TrainingError
from inference.scorecard.binning import Bins, Floats
from inference.scorecard.settings import ScorecardSettings

_MOST_STEPS = 100
_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Regression:
    """The log-odds of default: `intercept` and the sum of each kept feature's weight of evidence times its coefficient.

    `kept` are places in the list of features, `coefficients` are in their order and below 0; `dropped` says of every
    other place why it is left out.
    """

    kept: tuple[int, ...]
    intercept: float
    coefficients: tuple[float, ...]
    dropped: dict[int, str]


def fit_regression(
    bins: Sequence[Bins],
    codes: Sequence[NDArray[np.uint16]],
    target: NDArray[np.uint8],
    labels: Sequence[str],
    settings: ScorecardSettings,
) -> Regression:
    """Choose features and fit them; `codes` are the cell of each row for each feature, `target` 1 for a default.

    Features go in three steps: information value too low; weights of evidence too like those of a better feature; a
    coefficient above 0, with which more evidence for repayment would raise the PD (all such go, then the rest is fitted
    again, until there is none).

    Raises:
        TrainingError: no feature is left.
    """
    from sklearn.linear_model import LogisticRegression

    dropped = {
        place: f"information value below {settings.least_iv:g}"
        for place, each in enumerate(bins)
        if each.total_iv < settings.least_iv or not each.woe.any()
    }
    kept = sorted(set(range(len(bins))) - dropped.keys(), key=lambda place: -bins[place].total_iv)
    matrix = woe_matrix([bins[place] for place in kept], [codes[place] for place in kept])
    alike = _alike(matrix, settings.most_correlation)
    for at, better in alike.items():
        dropped[kept[at]] = f"correlates above {settings.most_correlation:g} with {labels[kept[better]]}"
    matrix = np.delete(matrix, list(alike), axis=1)
    kept = [place for at, place in enumerate(kept) if at not in alike]
    model = LogisticRegression(
        C=settings.inverse_penalty, solver="newton-cholesky", max_iter=_MOST_STEPS, tol=_TOLERANCE
    )
    while kept:
        model.fit(matrix, target)
        wrong = model.coef_[0] >= 0
        if not wrong.any():
            break
        for place in np.array(kept)[wrong]:
            dropped[int(place)] = "its coefficient has the wrong sign"
        kept = [place for place, is_wrong in zip(kept, wrong, strict=True) if not is_wrong]
        matrix = matrix[:, ~wrong]
    if not kept:
        raise TrainingError(
            f"No feature has an information value of {settings.least_iv:g} or more and the right sign, so there is no "
            "scorecard; lower least_iv or add columns."
        )
    return Regression(tuple(kept), float(model.intercept_[0]), tuple(model.coef_[0].tolist()), dropped)


def woe_matrix(bins: Sequence[Bins], codes: Sequence[NDArray[np.uint16]]) -> Floats:
    """Weights of evidence of each row's bins: float64 (rows, features)."""
    n_rows = codes[0].size if codes else 0
    matrix = np.empty((n_rows, len(bins)), order="F")
    for at, (each, own) in enumerate(zip(bins, codes, strict=True)):
        np.take(each.woe[each.of_cells], own, out=matrix[:, at])
    return matrix


def log_odds(
    regression: Regression, bins: Sequence[Bins], codes: Sequence[NDArray[np.uint16]], rows: NDArray[np.intp]
) -> Floats:
    """Log-odds of default of some `rows`, out of the cells that they fall in: float64 (rows,)."""
    result = np.full(rows.size, regression.intercept)
    for place, coefficient in zip(regression.kept, regression.coefficients, strict=True):
        result += coefficient * bins[place].woe[bins[place].of_cells][codes[place][rows]]
    return result


def _alike(matrix: Floats, most: float) -> dict[int, int]:
    """Columns that correlate above `most`, either way, with an earlier one that stays, each with that one."""
    if matrix.shape[1] < 2:
        return {}
    correlations = np.abs(np.corrcoef(matrix, rowvar=False))
    result: dict[int, int] = {}
    for at in range(1, matrix.shape[1]):
        stays = [i for i in range(at) if i not in result]
        nearest = stays[int(np.argmax(correlations[at, stays]))]
        if correlations[at, nearest] > most:
            result[at] = nearest
    return result

"""Curves fitted to scores and outcomes: Platt's, isotonic, beta and by band; weights count as often as they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from inference.calibrating.curves import IDENTITY, SMALLEST_PD, Bands, Curve, Floats, Knots, LogOddsCurve, ScoreCurve
from inference.calibrating.errors import CalibrationError
from inference.calibrating.logistic import LogisticFit, fit_logistic

# Fewer of either outcome fix no curve.
LEAST_OUTCOMES = 10


class Method(StrEnum):
    """How a score becomes a PD."""

    PLATT = "platt"
    ISOTONIC = "isotonic"
    BETA = "beta"
    GRADES = "grades"
    TARGET = "target"


@dataclass(frozen=True, slots=True)
class Sample:
    """Scores with the weight that stands on each and the part of it that defaulted; scores rise and are distinct."""

    scores: Floats
    total: Floats
    bad: Floats

    @classmethod
    def of(cls, scores: Floats, is_bad: NDArray[np.bool_], weights: Floats | None = None) -> Sample:
        """The sample of these rows; those of no weight are left out."""
        given = np.ones(scores.size) if weights is None else weights
        distinct, places = np.unique(scores, return_inverse=True)
        total: Floats = np.bincount(places, given, distinct.size).astype(np.float64)
        bad: Floats = np.bincount(places, given * is_bad, distinct.size).astype(np.float64)
        used = total > 0
        return cls(distinct[used], total[used], bad[used])

    @property
    def rate(self) -> float:
        """The default rate."""
        return float(self.bad.sum() / self.total.sum())


def check_outcomes(is_bad: NDArray[np.bool_]) -> None:
    """Raise CalibrationError where there are fewer than ten of either outcome."""
    n_bad = int(is_bad.sum())
    if min(n_bad, is_bad.size - n_bad) < LEAST_OUTCOMES:
        raise CalibrationError.from_few(is_bad.size - n_bad, n_bad, LEAST_OUTCOMES)


def fit_curve(
    method: Method,
    sample: Sample,
    *,
    is_pd: bool = True,
    is_safer_higher: bool = False,
    edges: Sequence[float] = (),
    levels: Sequence[str] = (),
) -> Curve:
    """The curve of `method`; a shift to a target begins with the score as it is.

    Scores are PDs, or where they are not (`is_pd`) in a unit of their own, whose higher end may be the safer one.
    `edges` are those of bands, and `levels` the grades that bands stand for.

    Raises:
        CalibrationError: the score is no PD and the method needs one, it ranks the wrong way round, or nothing fits.
    """
    if not is_pd and method in (Method.TARGET, Method.BETA):
        raise CalibrationError.from_points(method.value)
    match method:
        case Method.TARGET:
            return IDENTITY
        case Method.PLATT:
            return fit_platt(sample) if is_pd else fit_score(sample, is_safer_higher=is_safer_higher)
        case Method.BETA:
            return fit_beta(sample)
        case Method.ISOTONIC:
            return fit_isotonic(sample, is_safer_higher=is_safer_higher)
        case Method.GRADES:
            return fit_bands(sample, edges, levels)


def fit_platt(sample: Sample) -> LogOddsCurve:
    """The line on the log-odds of the PD that is most likely: the intercept and slope of the page Calibration.

    Raises:
        CalibrationError: the outcomes are separated, or PDs rank the wrong way round.
    """
    pds = np.clip(sample.scores, SMALLEST_PD, 1 - SMALLEST_PD)
    fit = _line(np.log(pds) - np.log1p(-pds), sample)
    if fit.slopes[0] <= 0:
        raise CalibrationError.from_reversed(f"a slope of {fit.slopes[0]:.4g} on its log-odds")
    return LogOddsCurve(fit.intercept, fit.slopes[0], fit.slopes[0])


def fit_score(sample: Sample, *, is_safer_higher: bool) -> ScoreCurve:
    """The line on the score itself that is most likely.

    Raises:
        CalibrationError: the outcomes are separated, or the score ranks the wrong way round.
    """
    fit = _line(sample.scores, sample)
    if fit.slopes[0] * (-1 if is_safer_higher else 1) <= 0:
        raise CalibrationError.from_reversed(f"log-odds change by {fit.slopes[0]:.4g} a point")
    return ScoreCurve(fit.intercept, fit.slopes[0])


def fit_beta(sample: Sample) -> LogOddsCurve:
    """Beta calibration: the most likely curve of ln p and -ln(1 - p) with slopes that are not negative.

    The likelihood is concave, so that its maximum has either both slopes or one of them, the other being 0: all are
    fitted, and of those without a negative slope the likeliest is taken. Source: Kull, Silva Filho and Flach (2017).

    Raises:
        CalibrationError: the outcomes are separated, or PDs rank the wrong way round.
    """
    pds = np.clip(sample.scores, SMALLEST_PD, 1 - SMALLEST_PD)
    _check_overlap(pds, sample)
    columns = np.vstack([np.log(pds), -np.log1p(-pds)])
    found: list[tuple[float, LogOddsCurve]] = []
    for used in ([0, 1], [0], [1]):
        fit = fit_logistic(columns[used], sample.total, sample.bad)
        slopes = dict(zip(used, fit.slopes, strict=True))
        if all(slope >= 0 for slope in slopes.values()):
            curve = LogOddsCurve(fit.intercept, slopes.get(0, 0.0), slopes.get(1, 0.0))
            if len(used) == 2:
                return curve
            found.append((fit.log_likelihood, curve))
    if not found:
        raise CalibrationError.from_reversed("neither logarithm of its PD rises with the default rate")
    return max(found, key=lambda each: each[0])[1]


def fit_isotonic(sample: Sample, *, is_safer_higher: bool = False) -> Knots:
    """The monotone curve of least squares, by scikit-learn (pool adjacent violators).

    Source: Zadrozny and Elkan (2002), KDD.

    Raises:
        CalibrationError: it is level, so that the score tells nothing.
    """
    from sklearn.isotonic import IsotonicRegression

    if sample.scores.size < 2:
        raise CalibrationError.from_one_score()
    model = IsotonicRegression(y_min=0, y_max=1, increasing=not is_safer_higher, out_of_bounds="clip")
    model.fit(sample.scores, sample.bad / sample.total, sample_weight=sample.total)
    scores, pds = np.asarray(model.X_thresholds_, np.float64), np.asarray(model.y_thresholds_, np.float64)
    if pds[0] == pds[-1]:
        raise CalibrationError.from_reversed("the isotonic fit is level")
    return Knots(tuple(scores.tolist()), tuple(np.clip(pds, 0, 1).tolist()))


def fit_bands(sample: Sample, edges: Sequence[float], levels: Sequence[str] = ()) -> Bands:
    """The default rate of each band; one without an observation has that of the nearest band below it, or above.

    Raises:
        ValueError: edges do not rise.
    """
    empty = Bands(tuple(map(float, edges)), (0.0,) * (len(edges) + 1), tuple(levels))
    places = empty.places(sample.scores)
    total = np.bincount(places, sample.total, len(edges) + 1)
    bad = np.bincount(places, sample.bad, len(edges) + 1)
    used = np.flatnonzero(total)
    nearest = used[np.maximum(np.searchsorted(used, np.arange(total.size), side="right") - 1, 0)]
    rates = np.clip(bad[nearest] / total[nearest], 0, 1)
    return Bands(empty.edges, tuple(rates.tolist()), empty.levels)


def equal_bands(scores: Floats, n_bands: int) -> tuple[float, ...]:
    """Edges of up to `n_bands` bands of about equally many of these scores, each edge one of them."""
    ordered = np.sort(scores)
    edges = ordered[np.arange(1, n_bands) * ordered.size // n_bands]
    return tuple(np.unique(edges[edges > ordered[0]]).tolist())


def _line(column: Floats, sample: Sample) -> LogisticFit:
    _check_overlap(column, sample)
    return fit_logistic(column[None, :], sample.total, sample.bad)


def _check_overlap(column: Floats, sample: Sample) -> None:
    # Without overlap of the outcomes the likelihood grows with the slope for ever.
    of_good, of_bad = column[sample.bad < sample.total], column[sample.bad > 0]
    if column.max() == column.min():
        raise CalibrationError.from_one_score()
    if of_good.max() <= of_bad.min() or of_bad.max() <= of_good.min():
        raise CalibrationError.from_separation()

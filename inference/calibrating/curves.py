"""Curves from a score to a PD: logistic in the score or in its PD's logarithms, knots, and bands. Pure and frozen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

# The log-odds of a PD of 0 or 1 are infinite: none is taken as surer than one in a million, as the metrics have it.
SMALLEST_PD = 1e-6


@dataclass(frozen=True, slots=True)
class LogOddsCurve:
    """logit = `intercept` + `of_log_pd` ln p - `of_log_rest` ln(1 - p) of a PD p: beta calibration's family.

    With equal slopes it is Platt's line on the log-odds, and with slopes of 1 a shift of them. Source: Kull, Silva
    Filho and Flach (2017), AISTATS (PMLR 54).
    """

    intercept: float
    of_log_pd: float
    of_log_rest: float

    @property
    def is_affine(self) -> bool:
        """Whether it is a line on the log-odds of the PD."""
        return self.of_log_pd == self.of_log_rest

    def log_odds(self, scores: Floats) -> Floats:
        """The log-odds of the calibrated PDs."""
        pds = np.clip(scores, SMALLEST_PD, 1 - SMALLEST_PD)
        return self.intercept + self.of_log_pd * np.log(pds) - self.of_log_rest * np.log1p(-pds)


@dataclass(frozen=True, slots=True)
class ScoreCurve:
    """logit = `intercept` + `slope` x score: Platt's line on a score that is no probability, in the score's own unit.

    Source: Platt (1999), Advances in Large Margin Classifiers, without his smoothing of the outcomes.
    """

    intercept: float
    slope: float

    def log_odds(self, scores: Floats) -> Floats:
        """The log-odds of the calibrated PDs."""
        return self.intercept + self.slope * scores


@dataclass(frozen=True, slots=True)
class Knots:
    """Straight lines between (`scores`, `pds`), and level beyond the ends: an isotonic fit as scikit-learn predicts it.

    Raises:
        ValueError: scores do not rise, PDs turn, or one is no probability.
    """

    scores: tuple[float, ...]
    pds: tuple[float, ...]

    def __post_init__(self) -> None:
        steps = np.diff(self.pds)
        if not self.scores or len(self.scores) != len(self.pds) or not np.all(np.diff(self.scores) > 0):
            raise ValueError("the knots' scores do not rise")
        if not _are_pds(self.pds) or not (np.all(steps >= 0) or np.all(steps <= 0)):
            raise ValueError("the knots' PDs turn, or are no probabilities")

    def log_odds(self, scores: Floats) -> Floats:
        """The log-odds of the calibrated PDs, infinite for a PD of 0 or 1."""
        return logit(np.interp(scores, self.scores, self.pds))


@dataclass(frozen=True, slots=True)
class Bands:
    """One PD for each band of the score: `edges` part them, and a score at an edge belongs to the band above it.

    Of grades, bands are the grades' places in `levels`, and edges lie between them.

    Raises:
        ValueError: edges do not rise, or there is not one PD a band.
    """

    edges: tuple[float, ...]
    pds: tuple[float, ...]
    levels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.pds) != len(self.edges) + 1 or not np.all(np.diff(self.edges) > 0) or not _are_pds(self.pds):
            raise ValueError("the bands' edges do not rise, or do not each part two PDs")
        if self.levels and len(self.levels) != len(self.pds):
            raise ValueError("there is not one PD for each grade")

    def places(self, scores: Floats) -> NDArray[np.int64]:
        """The band of each score."""
        return np.searchsorted(self.edges, scores, side="right").astype(np.int64)

    def log_odds(self, scores: Floats) -> Floats:
        """The log-odds of the calibrated PDs, infinite for a PD of 0 or 1."""
        return logit(np.asarray(self.pds, dtype=np.float64)[self.places(scores)])


Curve: TypeAlias = LogOddsCurve | ScoreCurve | Knots | Bands
IDENTITY = LogOddsCurve(0.0, 1.0, 1.0)


def logit(pds: Floats) -> Floats:
    """Log-odds; infinite of 0 and 1."""
    with np.errstate(divide="ignore"):
        result: Floats = np.log(pds) - np.log1p(-pds)
    return result


def expit(log_odds: Floats) -> Floats:
    """The PDs of log-odds; those of infinite ones are 0 and 1."""
    # Of either sign the exponential is of a number that is not positive, so that none overflows.
    shrunk = np.exp(-np.abs(log_odds))
    result: Floats = np.where(log_odds >= 0, 1.0, shrunk) / (1 + shrunk)
    return result


def _are_pds(values: Sequence[Any]) -> bool:
    return all(0 <= value <= 1 for value in values)

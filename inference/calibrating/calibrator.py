"""`Calibrator`: a curve, a shift of log-odds to a target rate, and a floor, as one value that a file holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import orjson

from data.typed import read_typed
from inference.calibrating.curves import Bands, Curve, Floats, Knots, LogOddsCurve, ScoreCurve, expit
from inference.calibrating.errors import CalibrationError
from inference.calibrating.fitting import Method

FILE = "calibrator.json"
_FORMAT = 1
_MOST_HALVINGS = 200
# Shifts beyond this make every PD that floating point can tell from 0 and 1 one of them.
_FARTHEST = 60.0
_CURVES: dict[str, type[Any]] = {
    "log-odds": LogOddsCurve,
    "score": ScoreCurve,
    "knots": Knots,
    "bands": Bands,
}


@dataclass(frozen=True, slots=True)
class Calibrator:
    """PD = max(`floor`, expit(logit(`curve`(score)) + `shift`)).

    Raises:
        CalibrationError: the floor is no PD below 1.
    """

    method: Method
    curve: Curve
    shift: float = 0.0
    floor: float = 0.0

    def __post_init__(self) -> None:
        check_floor(self.floor)

    def pds(self, scores: Floats) -> Floats:
        """The PDs of these scores (Float64), which are PDs too unless the curve is of points or grades."""
        return shifted(self.curve.log_odds(scores), self.shift, self.floor)

    @property
    def is_affine(self) -> bool:
        """Whether it is a line on the log-odds, so that contributions to these stay exact, scaled and moved."""
        return isinstance(self.curve, LogOddsCurve) and self.curve.is_affine and not self.floor

    @property
    def keeps_order(self) -> bool:
        """Whether different scores keep different PDs, so that the ranking is the score's."""
        return isinstance(self.curve, LogOddsCurve | ScoreCurve) and not self.floor


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a calibrator was made of and how: the parent and the digest of its scores, the cohort, and the folds.

    `n_resolved` applications with a known outcome and `n_bad` defaults among them fitted it, `default_rate` their
    weighted rate; `mean_pd` is of the calibrated PDs that are published for them, and `prior_shift` what Elkan's
    correction from that rate to the target would be.
    """

    parent: str
    parent_scores_sha256: str
    where: tuple[str, ...]
    n_resolved: int
    n_bad: int
    default_rate: float | None
    mean_pd: float
    folds: str
    target_rate: float | None = None
    prior_shift: float | None = None


def to_json(calibrator: Calibrator, lineage: Lineage) -> bytes:
    """Both as `calibrator.json` holds them."""
    kind = next(name for name, curve in _CURVES.items() if isinstance(calibrator.curve, curve))
    told = {"format": _FORMAT, **asdict(calibrator), "curve": {"kind": kind, **asdict(calibrator.curve)}}
    return orjson.dumps({**told, "lineage": asdict(lineage)}, option=orjson.OPT_INDENT_2)


def of_json(content: bytes) -> tuple[Calibrator, Lineage]:
    """What `to_json` wrote.

    Raises:
        CalibrationError: it is not.
    """
    try:
        told = orjson.loads(content)
        if told.pop("format") != _FORMAT:
            raise CalibrationError.from_unreadable("another format")
        curve = dict(told.pop("curve"))
        lineage = read_typed(Lineage, told.pop("lineage"))
        read = read_typed(_Told, told)
        return Calibrator(read.method, read_typed(_CURVES[curve.pop("kind")], curve), read.shift, read.floor), lineage
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, CalibrationError):
            raise
        raise CalibrationError.from_unreadable(str(error)[:120]) from None


@dataclass(frozen=True, slots=True)
class _Told:
    method: Method
    shift: float
    floor: float


def shifted(log_odds: Floats, shift: float, floor: float) -> Floats:
    """The PDs of log-odds moved by `shift`, and none below `floor`."""
    return np.maximum(expit(log_odds + shift), floor)


def solve_shift(log_odds: Floats, target: float, *, floor: float = 0.0, weights: Floats | None = None) -> float:
    """The shift of log-odds that makes the mean PD `target`, by bisection: the mean rises with the shift.

    Raises:
        CalibrationError: no shift does.
    """
    check_rate(target)

    def mean(shift: float) -> float:
        return float(np.average(shifted(log_odds, shift, floor), weights=weights))

    low, high = -_FARTHEST, _FARTHEST
    if not mean(low) < target < mean(high):
        raise CalibrationError.from_target(target, mean(low), mean(high))
    return bisect(lambda shift: mean(shift) < target, low, high)


def bisect(is_below: Callable[[float], bool], low: float, high: float) -> float:
    """The number between `low` and `high` up to which `is_below` holds, to the last bit."""
    for _ in range(_MOST_HALVINGS):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (middle, high) if is_below(middle) else (low, middle)
    return high


def prior_shift(rate: float, target: float) -> float:
    """By how much log-odds move from one default rate to another by Bayes' rule: logit(target) - logit(rate).

    It is what is right where the applications of either outcome stay what they are and only their share changes, so
    that the mean PD becomes the target among those of the other share, and not among these. Source: Elkan (2001),
    IJCAI, theorem 2; Saerens, Latinne and Decaestecker (2002), Neural Computation 14(1).
    """
    return float(np.log(target / (1 - target)) - np.log(rate / (1 - rate)))


def check_rate(rate: float, name: str = "--target-rate") -> None:
    """Raise CalibrationError unless `rate` lies between 0 and 1."""
    if not 0 < rate < 1:
        raise CalibrationError.from_range(name, rate, "a rate between 0 and 1; write 0.03 for 3 %")


def check_floor(floor: float) -> None:
    """Raise CalibrationError unless `floor` is a PD below 1."""
    if not 0 <= floor < 1:
        raise CalibrationError.from_range("--floor", floor, "a PD from 0 to below 1; write 0.0005 for 0.05 %")

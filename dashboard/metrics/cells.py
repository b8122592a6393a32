"""A measure over the cells of a table of two columns, and which of them hold too few applications to say anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from dashboard.metrics.cell_counts import CellCounts
from dashboard.metrics.counts import AnyArray, FloatArray, IntArray
from dashboard.metrics.rates import wilson_bounds
from dashboard.metrics.segments import MIN_APPLICATIONS

# A cell's interval that reaches further than this share of the whole table's own value leaves its colour to chance.
MAX_CELL_REACH = 0.5


class CellMeasure(StrEnum):
    """What is shown in a cell; the value is its label on the screen."""

    DEFAULT_RATE = "Default rate"
    BAD_RATE = "Bad rate"
    APPROVAL_RATE = "Approval rate"
    MEAN_PD = "Mean PD"
    CALIBRATION_GAP = "Calibration gap"

    @property
    def needs_cutoff(self) -> bool:
        """Whether the cutoff has a say in it."""
        return self in (CellMeasure.BAD_RATE, CellMeasure.APPROVAL_RATE)


@dataclass(frozen=True, slots=True, eq=False)
class CellGrid:
    """`measure` by cell, as shares, with its 95 % interval; arrays of shape (groups down, groups across).

    `base` is what the value is a share of: all applications, for a default rate or a calibration gap those whose
    outcome is known, and for a bad rate those of them that are approved. A value is NaN where `base` is 0; an interval
    has no width where every PD is known. `too_few` marks the cells whose value is mostly chance. `whole` is the value
    of all cells together, None where it is not defined.
    """

    measure: CellMeasure
    value: FloatArray
    low: FloatArray
    high: FloatArray
    base: IntArray
    too_few: npt.NDArray[np.bool_]
    whole: float | None


def cell_grid(cells: CellCounts, measure: CellMeasure) -> CellGrid:
    """`measure` in every cell of `cells`.

    Too few is: fewer than 30 applications, or an interval that reaches further to either side than half of the
    whole table's value (half of the rarer outcome's share above 50 %; for the calibration gap, of the default rate).
    """
    if measure in _OF_OUTCOME:
        cells = _resolved(cells)
    value, low, high, base = _MAKERS[measure](cells)
    whole_value = _MAKERS[measure](_summed(cells))[0].item()
    rate = _MAKERS[_YARDSTICK.get(measure, measure)](_summed(cells))[0].item()
    allowed = MAX_CELL_REACH * min(rate, 1 - rate)
    too_few = (base < MIN_APPLICATIONS) | ((high - low) / 2 > allowed)
    return CellGrid(measure, value, low, high, base, too_few, None if np.isnan(whole_value) else whole_value)


def _summed(cells: CellCounts) -> CellCounts:
    """All cells as one; of what is open nothing is asked any more."""
    size, bad, approved, bad_approved, pd_sum = (
        np.array([part.sum()])
        for part in (cells.applications, cells.defaults, cells.approved, cells.approved_defaults, cells.pd_sum)
    )
    return CellCounts(size, bad, approved, bad_approved, pd_sum)


def _resolved(cells: CellCounts) -> CellCounts:
    """The cells without the applications whose outcome is not known."""
    if cells.of_open is None:
        return cells
    return replace(
        cells,
        applications=cells.applications - cells.of_open.applications,
        approved=cells.approved - cells.of_open.approved,
        pd_sum=cells.pd_sum - cells.of_open.pd_sum,
        of_open=None,
    )


def _rate(part: AnyArray, base: IntArray) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
    low, high = wilson_bounds(part, base)
    value = np.divide(part, base, out=np.full(base.shape, np.nan), where=base > 0)
    return value, low, high, base


def _default_rate(cells: CellCounts) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
    return _rate(cells.defaults, cells.applications)


def _bad_rate(cells: CellCounts) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
    return _rate(cells.approved_defaults, cells.approved)


def _approval_rate(cells: CellCounts) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
    return _rate(cells.approved, cells.applications)


def _mean_pd(cells: CellCounts) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
    size = cells.applications
    mean = np.divide(cells.pd_sum, size, out=np.full(size.shape, np.nan), where=size > 0)
    return mean, mean, mean, size


def _gap(cells: CellCounts) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
    mean = _mean_pd(cells)[0]
    rate, low, high, size = _default_rate(cells)
    return mean - rate, mean - high, mean - low, size


_MAKERS: dict[CellMeasure, Callable[[CellCounts], tuple[FloatArray, FloatArray, FloatArray, IntArray]]] = {
    CellMeasure.DEFAULT_RATE: _default_rate,
    CellMeasure.BAD_RATE: _bad_rate,
    CellMeasure.APPROVAL_RATE: _approval_rate,
    CellMeasure.MEAN_PD: _mean_pd,
    CellMeasure.CALIBRATION_GAP: _gap,
}
_OF_OUTCOME = (CellMeasure.DEFAULT_RATE, CellMeasure.BAD_RATE, CellMeasure.CALIBRATION_GAP)
_YARDSTICK = {CellMeasure.CALIBRATION_GAP: CellMeasure.DEFAULT_RATE}

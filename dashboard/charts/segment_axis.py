"""The axis of a chart of segments: as long as the data need, with what does not fit on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_PAD = 0.04


@dataclass(frozen=True, slots=True)
class Axis:
    """The ends of an axis, in the unit of what is drawn."""

    low: float
    high: float

    def clipped(self, low: Floats, high: Floats) -> tuple[Floats, Floats]:
        """Ends of intervals as far as they are on the axis."""
        return np.maximum(low, self.low), np.minimum(high, self.high)

    def is_left(self, value: float) -> bool:
        """Whether `value` lies in the left half."""
        return value < (self.low + self.high) / 2


def make_axis(low: Floats, value: Floats, high: Floats, lines: Sequence[float], *, from_zero: bool) -> Axis:
    """The axis of every value and every line, and of intervals as far as they make it at most three times as long.

    The interval of a handful of applications would otherwise squeeze all the others into a corner. `from_zero` says
    that nothing is below 0. Without anything to draw, it is from 0 to 1.
    """
    fixed = np.concatenate([value, np.asarray(lines, dtype=np.float64)])
    if not fixed.size:
        return Axis(0.0, 1.0)
    first, last = float(fixed.min()), float(fixed.max())
    # With one value and no line beside it, its interval is all there is to go by.
    reach = (last - first) or float((high - low).max(initial=0.0)) or max(abs(last), 1.0)
    start = max(float(low.min(initial=first)), first - reach)
    end = min(float(high.max(initial=last)), last + reach)
    pad = _PAD * ((end - start) or reach)
    return Axis(max(start - pad, 0.0) if from_zero else start - pad, end + pad)

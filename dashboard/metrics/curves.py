"""Which points of a curve are worth drawing."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from dashboard.metrics.counts import FloatArray

Indices: TypeAlias = npt.NDArray[np.intp]

MAX_POINTS = 300


def spread_along(travelled: FloatArray, max_points: int = MAX_POINTS) -> Indices:
    """Indices of at most `max_points` points at about equal steps of `travelled`, the distance along the curve.

    `travelled` never falls. Points at which nothing was travelled since the one before are left out; the first and the
    last place are always kept.
    """
    corners = np.flatnonzero(np.diff(travelled, prepend=-1.0) > 0)
    if corners.size <= max_points:
        return corners
    # Equal steps of the distance travelled: a flat and a steep part of the curve get their points alike.
    wanted = np.linspace(travelled[0], travelled[-1], max_points)
    return np.unique(np.searchsorted(travelled, wanted, side="left"))

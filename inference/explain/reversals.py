"""How often the PD moves against a direction that the feature list declares, counted by scoring."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from inference.explain.sensitivity import field_grid
from inference.features.expressions import number
from inference.model.session import ScoringSession

GRID_POINTS = 40
_BLOCK_ROWS = 500
Advance = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Reversals:
    """What one raw field does to the PD over a grid of its values.

    `direction` is 1 where the PD may only rise with the field and -1 where it may only fall. `n_moves` counts steps
    from one value of the grid to the next over all applicants, `n_reversed` those against the direction,
    `n_with_reversal` the applicants with one; `largest` is the largest step against it, a difference of PDs.
    """

    field: str
    direction: int
    n_values: int
    n_applicants: int
    n_moves: int
    n_reversed: int
    n_with_reversal: int
    largest: float


def count_reversals(
    applications: pl.DataFrame, session: ScoringSession, *, points: int = GRID_POINTS, progress: Advance | None = None
) -> tuple[Reversals, ...]:
    """Move each directed field of each application over a grid, all else as it is, and count steps the wrong way.

    The grid are `points` values between the 0.5 % and the 99.5 % quantile of those present in `applications`, and the
    ends that the definition allows; missing and special values are no step.
    """
    directions = session.features.directions
    found = []
    for done, (name, direction) in enumerate(directions.items(), start=1):
        column = session.definition.column(name)
        ends = [end for end in (column.minimum, column.maximum) if end is not None]
        grid = np.unique(
            [*ends, *(number(name, value) for value in field_grid(column, applications[name], n=points))]
        ).tolist()
        found.append(_count(applications, session, name, direction, grid))
        if progress:
            progress(done, len(directions))
    return tuple(found)


def _count(
    applications: pl.DataFrame, session: ScoringSession, name: str, direction: int, grid: Sequence[float]
) -> Reversals:
    n_reversed = n_with = 0
    largest = 0.0
    for block in _moved(applications.select(session.features.sources), name, grid):
        steps = direction * np.diff(session.score_frame(block).reshape(-1, len(grid)).astype(np.float64), axis=1)
        wrong = steps < 0
        n_reversed += int(wrong.sum())
        n_with += int(wrong.any(axis=1).sum())
        largest = max(largest, float(-steps.min(initial=0.0)))
    n_rows = applications.height
    return Reversals(name, direction, len(grid), n_rows, n_rows * (len(grid) - 1), n_reversed, n_with, largest)


def _moved(applications: pl.DataFrame, name: str, grid: Sequence[float]) -> Iterator[pl.DataFrame]:
    values = pl.DataFrame({name: pl.Series(grid, dtype=pl.Float64)})
    for part in applications.iter_slices(_BLOCK_ROWS):
        yield part.drop(name).join(values, how="cross", maintain_order="left_right")

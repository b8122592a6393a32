"""What would change the decision: the smallest changes, of one kind or two, that bring a PD below the cutoff.

Every step of a single move is scored, so that its smallest is the smallest there is. Two moves together are scored on a
grid of 2.5 %, and the cheapest pair is then made smaller, one of the two at a time, until neither can be by any step.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from data.definition.columns import Column
from inference.explain.moves import Moves, are_possible
from inference.explain.steps import Places
from inference.explain.variants import score_variants
from inference.model.decision import declines, is_declined
from inference.model.session import ScoringSession
from inference.values import Value

Steps = dict[str, int]
# A pair that costs hardly less than one of its moves alone is only more to do.
_WORTH = 0.95


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field's value before and after."""

    name: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """Changes that together turn a decline into an approval, what they cost, and the PD after them.

    `steps` are the moves made and how far each goes, counted from 0. `cost` is the sum over them of
    |ln(after / before)| of what they move; a flag or a level costs `steps.FLAG_COST`.
    """

    changes: tuple[FieldChange, ...]
    steps: Mapping[str, int]
    cost: float
    default_probability: float


def find_changes(
    session: ScoringSession, application: Mapping[str, Value], cutoff: float, *, n: int = 6
) -> tuple[Counterfactual, ...]:
    """At most `n` changes of one move or two that bring the PD below `cutoff`, the cheapest first.

    Of each move and of each pair of moves only the cheapest change is among them, and a pair only where it is cheaper
    than either move alone by a twentieth at least: else half of it would be superfluous. Left out are changes that ask
    for all that another one asks for, and more. Every change is scored again by itself before it is given. Nothing
    where the application is approved already, where no change is found, or where the definition has no levers.

    Raises:
        FeatureError: a key that is no column of the table, or a value of the wrong type.
    """
    if not declines(session.score(application), cutoff):
        return ()
    search = _Search(session, application, cutoff)
    scored = (_verified(session, application, search, steps) for steps in search.cheapest())
    found = [each for each in scored if not declines(each.default_probability, cutoff)]
    return tuple(each for each in found if not any(_asks_less(other, each) for other in found))[:n]


def closest_change(session: ScoringSession, application: Mapping[str, Value], cutoff: float) -> Counterfactual | None:
    """The change with the lowest PD of all that `find_changes` tries; None where nothing can be changed.

    Of two moves together those on the grid are tried. The PD may lie on either side of `cutoff`.

    Raises:
        FeatureError: as `find_changes`.
    """
    search = _Search(session, application, cutoff)
    search.cheapest()
    return None if search.lowest is None else _verified(session, application, search, search.lowest[1])


class _Search:
    # The lowest PD that was met, and the steps that lead there.
    lowest: tuple[float, Steps] | None = None

    def __init__(self, session: ScoringSession, application: Mapping[str, Value], cutoff: float) -> None:
        self.moves = Moves(application, session.definition, session.features.sources)
        self._session, self._application, self._cutoff = session, application, cutoff

    def cheapest(self) -> list[Steps]:
        """The changes worth showing, the cheapest first, fewer moves first where they cost the same."""
        alone = {name: self._first(name, len(move.values), {}) for name, move in self.moves.items()}
        found = [{name: step} for name, step in alone.items() if step is not None]
        least = {name: self.moves[name].costs[step] for name, step in alone.items() if step is not None}
        for pair in combinations(self.moves, 2):
            limit = _WORTH * min(least.get(name, math.inf) for name in pair)
            if self.moves.go_together(*pair):
                found += [steps for steps in self._pair(*pair, limit) if self.cost(steps) < limit]
        return sorted(found, key=self.cost)

    def cost(self, steps: Steps) -> float:
        """What a change costs."""
        return math.fsum(float(self.moves[name].costs[step]) for name, step in steps.items())

    def _pair(self, first: str, second: str, limit: float) -> Iterator[Steps]:
        """The cheapest step of both on the grid that costs less than `limit`, made as small as it can be."""
        one, other = (self.moves[name] for name in (first, second))
        steps = [each.ravel() for each in np.meshgrid(one.coarse, other.coarse, indexing="ij")]
        costs = one.costs[steps[0]] + other.costs[steps[1]]
        near = np.flatnonzero(costs < limit)
        flips = near[self._flips({first: steps[0][near], second: steps[1][near]})]
        if not flips.size:
            return
        best = flips[np.argmin(costs[flips])]
        found = {first: int(steps[0][best]), second: int(steps[1][best])}
        is_smaller = True
        while is_smaller:
            is_smaller = False
            for name in (first, second):
                fixed = {key: step for key, step in found.items() if key != name}
                step = self._first(name, found[name], fixed)
                if step is not None:
                    found[name], is_smaller = step, True
        yield found

    def _first(self, name: str, stop: int, fixed: Steps) -> int | None:
        """The first step of a move, before `stop`, that flips the decision beside `fixed` ones."""
        steps = np.arange(stop)
        flips = np.flatnonzero(self._flips({name: steps} | {key: np.full(stop, at) for key, at in fixed.items()}))
        return int(flips[0]) if flips.size else None

    def _flips(self, chosen: Mapping[str, Places]) -> NDArray[np.bool_]:
        """Whether each change is plausible and brings the PD below the cutoff."""
        columns = self.moves.after(chosen)
        flips = are_possible(columns)
        kept = {name: values[flips].tolist() for name, values in columns.items()}
        if flips.any():
            pds = score_variants(self._session, self._application, kept)
            self._note_lowest(chosen, np.flatnonzero(flips), pds)
            flips[flips] = ~is_declined(pds, self._cutoff)
        return flips

    def _note_lowest(self, chosen: Mapping[str, Places], possible: Places, pds: NDArray[np.float32]) -> None:
        best = int(np.argmin(pds))
        if self.lowest is None or float(pds[best]) < self.lowest[0]:
            self.lowest = float(pds[best]), {name: int(steps[possible[best]]) for name, steps in chosen.items()}


def _verified(
    session: ScoringSession, application: Mapping[str, Value], search: _Search, steps: Steps
) -> Counterfactual:
    after = search.moves.after({name: np.array([step]) for name, step in steps.items()})
    changes = tuple(
        FieldChange(name, application[name], _stored(session.definition.column(name), values[0]))
        for name, values in after.items()
        if application[name] != values[0]
    )
    changed = {**application, **{change.name: change.after for change in changes}}
    return Counterfactual(changes, steps, search.cost(steps), session.score(changed))


def _asks_less(one: Counterfactual, other: Counterfactual) -> bool:
    """Whether `one` changes no field that `other` leaves alone, none of them farther, and is not the same."""
    sizes, limits = ({change.name: _size(change) for change in each.changes} for each in (one, other))
    return sizes != limits and all(size <= limits.get(name, -math.inf) for name, size in sizes.items())


def _size(change: FieldChange) -> float:
    """How far a field moves; from one level to another by 1."""
    if not isinstance(change.before, int | float) or not isinstance(change.after, int | float):
        return 1.0
    return abs(change.after - change.before)


def _stored(column: Column, value: float | str) -> Value:
    if isinstance(value, str):
        return value
    return int(value) if column.dtype.is_integer() else float(value)

"""One column's own distribution: levels of a category, or a quantile function made of atoms and short pieces.

A value becomes a small integer code, and a code becomes a value again. Codes are what the trees of
`data/home_credit/trees.py` split on and draw: 0 says that the column does not apply to the row, 1 that its value is
missing (or, for a category, its first level), and the codes above are in the order of the values.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.uint8]

# Nothing stored rests on fewer applications than this; smaller counts are rounded to the nearest five.
MIN_COUNT = 15
_ROUNDING = 5
_MISSING_CODE = 1
_FIRST_CELL = 2
_MAX_ATOMS = 100
_MAX_PIECES = 72
_SIDES: tuple[Literal["left", "right"], ...] = ("left", "right")
_MOSTLY, _NEARLY_ALL = 0.95, 0.99
_LINEAR_STEPS = (4500.0, 450.0, 45.0, 4.5, 1.0, 0.5, 1e-4, 1e-5)


def round_small(count: int) -> int:
    """A count as it is stored: itself from `MIN_COUNT` on, below that the nearest multiple of five."""
    return count if count >= MIN_COUNT else _ROUNDING * round(count / _ROUNDING)


@dataclass(frozen=True)
class Levels:
    """A category: common levels have a code each, rare ones share the last code and are split at random.

    `common` and `rare` hold level names, "" standing for a missing value; `rare_weights` are rounded counts.
    """

    common: tuple[str, ...]
    rare: tuple[str, ...]
    rare_weights: tuple[int, ...]

    @classmethod
    def fit(cls, values: list[str], *, rising: bool = False) -> Levels:
        """Learn the levels from the applicable rows' values; a pool of rare levels too small to show is dropped.

        Levels are in falling order of their counts, or in the order of their names if `rising`.
        """
        names, counts = np.unique(np.array(values, dtype=object).astype(str), return_counts=True)
        table = sorted(zip(names.tolist(), counts.tolist(), strict=True), key=lambda item: (-item[1], item[0]))
        common = tuple(name for name, count in table if count >= MIN_COUNT)
        common = tuple(sorted(common)) if rising else common
        pool = [(name, round_small(count)) for name, count in table if count < MIN_COUNT]
        pool = [item for item in pool if item[1]]
        if not common or sum(weight for _, weight in pool) < MIN_COUNT:
            pool = []
        return cls(common, tuple(name for name, _ in pool), tuple(weight for _, weight in pool))

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Levels:
        return cls(tuple(stored["common"]), tuple(stored["rare"]), tuple(stored["rare_weights"]))

    def to_json(self) -> dict[str, Any]:
        return {"common": self.common, "rare": self.rare, "rare_weights": self.rare_weights}

    @property
    def names(self) -> tuple[str, ...]:
        """Every level, at the place that `decode` refers to."""
        return self.common + self.rare

    @property
    def n_codes(self) -> int:
        return 1 + len(self.common) + bool(self.rare)

    def encode(self, values: list[str]) -> Codes:
        """Codes 1.. of level names; a level that was dropped for being too rare counts as the commonest one."""
        place = {name: 1 + i for i, name in enumerate(self.common)}
        place |= dict.fromkeys(self.rare, 1 + len(self.common))
        return np.array([place.get(value, 1) for value in values], dtype=np.uint8)

    def decode(self, codes: Codes, rng: np.random.Generator) -> NDArray[np.intp]:
        """Places in `names` of drawn codes (>= 1)."""
        places = codes.astype(np.intp) - 1
        pooled = np.flatnonzero(places == len(self.common))
        if pooled.size:
            weights = np.array(self.rare_weights, dtype=float)
            places[pooled] += rng.choice(len(self.rare), pooled.size, p=weights / weights.sum())
        return places


@dataclass(frozen=True)
class Lattice:
    """Where a column's values lie: offset plus multiples of `step`, or the same on the logit scale.

    `share` of the values keep to it, the others to multiples of `rest`; `step` 0 stands for no lattice.
    """

    step: float = 0.0
    offset: float = 0.0
    logit: bool = False
    share: float = 1.0
    decimals: int = 5
    rest: float = 0.0

    @classmethod
    def fit(cls, values: Floats) -> Lattice:
        """The coarsest known step that at least 95 % of the values keep, or a logit lattice, or none.

        Those that do not are left to the coarsest finer step that at least 99 % of all keep.
        """
        away = values[values != 0] if np.any(values) else values
        kept = {step: float(np.mean(_is_multiple(away, step))) for step in _LINEAR_STEPS}
        step = next((step for step, share in kept.items() if share >= _MOSTLY), None)
        if step is None:
            return cls._fit_logit(values)
        rest = next((finer for finer, share in kept.items() if share >= _NEARLY_ALL), 0.0)
        return cls(step, share=kept[step] if rest < step else 1.0, rest=rest if rest < step else 0.0)

    def among(self, values: Floats) -> Lattice:
        """The same with the share that these values keep of it."""
        if not self.rest or not values.size:
            return self
        return replace(self, share=round(float(np.mean(_is_multiple(values, self.step))), 3))

    @classmethod
    def _fit_logit(cls, values: Floats) -> Lattice:
        distinct = np.unique(values)
        if distinct.min() <= 0 or distinct.max() >= 1 or distinct.size * 4 > values.size:
            return cls()
        logits = np.log(distinct / (1 - distinct))
        gaps = np.diff(logits)
        middle = np.median(gaps)
        step = float(np.mean(gaps[np.abs(gaps - middle) < 0.05 * middle]))
        index = np.round((logits - logits[0]) / step)
        slope, offset = np.polyfit(index, logits, 1)
        return cls(float(slope), float(offset), logit=True)

    def snap(self, values: Floats, rng: np.random.Generator) -> Floats:
        """Values moved to the nearest point of the lattice, all or a random `share` of them."""
        if not self.step:
            return values
        if self.logit:
            inside = np.clip(values, 1e-6, 1 - 1e-6)
            index = np.round((np.log(inside / (1 - inside)) - self.offset) / self.step)
            return np.asarray(1 / (1 + np.exp(-(index * self.step + self.offset))))
        near = np.round((values - self.offset) / self.step) * self.step + self.offset
        if self.share < 1:
            other = np.round(values / self.rest) * self.rest if self.rest else values
            near = np.where(rng.random(values.size) < self.share, near, other)
        # A decimal must be the float that its text reads as, or it never equals its real twin.
        return np.asarray(np.round(near, self.decimals))


@dataclass(frozen=True)
class Marginal:
    """A quantity: pieces in rising order, each an atom (low == high) or an interval that is filled evenly.

    `counts` weigh the pieces, `first_piece` is where each cell begins, and `missing` counts those of the `n_rows`
    applicable rows that have no value.
    """

    low: Floats
    high: Floats
    counts: NDArray[np.int64]
    first_piece: NDArray[np.int64]
    missing: int
    n_rows: int
    lattice: Lattice

    @classmethod
    def fit(cls, values: Floats, *, n_cells: int, own_cell: float, lattice: Lattice | None = None) -> Marginal:
        """Learn from the applicable rows' values, NaN for a missing one.

        Columns are cut into about `n_cells` cells; an atom of at least the share `own_cell` is a cell by itself.
        The lattice is looked for where none is given.
        """
        known = np.sort(values[~np.isnan(values)])
        pieces = _pieces(known)
        low, high, counts = (np.array(part) for part in zip(*pieces, strict=True))
        first = _cells(low == high, counts, known.size / n_cells, own_cell * known.size)
        missing = round_small(values.size - known.size)
        chosen = lattice or Lattice.fit(known).among(known[~np.isin(known, low[low == high])])
        return cls(low, high, counts.astype(np.int64), first, missing, values.size, chosen)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Marginal:
        low = np.array([piece[0] if isinstance(piece, list) else piece for piece in stored["pieces"]], float)
        high = np.array([piece[1] if isinstance(piece, list) else piece for piece in stored["pieces"]], float)
        counts, first = np.array(stored["counts"], np.int64), np.array(stored["first_piece"], np.int64)
        return cls(low, high, counts, first, stored["missing"], stored["n_rows"], Lattice(**stored["lattice"]))

    def to_json(self) -> dict[str, Any]:
        pairs = zip(self.low.tolist(), self.high.tolist(), strict=True)
        return {
            "pieces": [low if low == high else [_short(low), _short(high)] for low, high in pairs],
            "counts": self.counts.tolist(),
            "first_piece": self.first_piece.tolist(),
            "missing": self.missing,
            "n_rows": self.n_rows,
            "lattice": vars(self.lattice),
        }

    @property
    def n_codes(self) -> int:
        return _FIRST_CELL + self.first_piece.size

    @property
    def spread_missing(self) -> bool:
        """Whether missing values are too few to be tied to anything else, and so are strewn at random."""
        return self.missing < MIN_COUNT

    def encode(self, values: Floats) -> Codes:
        """Codes of applicable rows; missing values that are too few to model get the code of the middle cell."""
        starts = self.low[self.first_piece].copy()
        open_left = self.low[self.first_piece] < self.high[self.first_piece]
        starts[open_left] = np.nextafter(starts[open_left], np.inf)
        cells = np.clip(np.searchsorted(starts, values, side="right") - 1, 0, starts.size - 1) + _FIRST_CELL
        blank = starts.size // 2 + _FIRST_CELL if self.spread_missing else _MISSING_CODE
        return np.where(np.isnan(values), blank, cells).astype(np.uint8)

    def decode(self, codes: Codes, within: Floats, rng: np.random.Generator) -> Floats:
        """Values of drawn codes, each at the place `within` (0 to 1) of its cell; NaN where the code says missing."""
        position = self._positions(codes, within)
        piece = np.minimum(np.searchsorted(self._ends, position, side="right"), self._ends.size - 1)
        within = (position - (self._ends[piece] - self.counts[piece])) / np.maximum(self.counts[piece], 1)
        values = self.low[piece] + np.clip(within, 0, 1) * (self.high[piece] - self.low[piece])
        free = self.low[piece] < self.high[piece]
        values[free] = self.lattice.snap(values[free], rng)
        blank = codes == _MISSING_CODE
        if self.spread_missing and self.missing:
            blank |= rng.random(codes.size) < self.missing / self.n_rows
        values[blank] = np.nan
        return values

    def _positions(self, codes: Codes, within: Floats) -> Floats:
        edges = np.append((self._ends - self.counts)[self.first_piece], self._ends[-1])
        cell = np.maximum(codes.astype(np.intp) - _FIRST_CELL, 0)
        return np.asarray(edges[cell] + within * (edges[cell + 1] - edges[cell]))

    @cached_property
    def _ends(self) -> Floats:
        return np.cumsum(self.counts).astype(float)


def _is_multiple(values: Floats, step: float) -> NDArray[np.bool_]:
    return np.asarray(np.abs(values / step - np.round(values / step)) < 1e-6 / step + 1e-9)


def _pieces(known: Floats) -> list[tuple[float, float, int]]:
    """Atoms (values that at least `MIN_COUNT` rows share) and what lies between them, in rising order."""
    distinct, counts = np.unique(known, return_counts=True)
    floor = max(MIN_COUNT, int(np.sort(counts)[-_MAX_ATOMS]) if counts.size > _MAX_ATOMS else 0)
    atoms = distinct[counts >= floor]
    size = max(MIN_COUNT + 1, 1 + int(np.count_nonzero(~np.isin(known, atoms))) // _MAX_PIECES)
    below: float | None = None
    begin = carry = 0
    pieces: list[tuple[float, float, int]] = []
    for atom in atoms.tolist():
        start, end = (int(np.searchsorted(known, atom, side=side)) for side in _SIDES)
        inner, carry = _run_pieces(known[begin:start], below, atom, size, carry)
        shown = max(MIN_COUNT, end - start + carry)
        pieces += [*inner, (atom, atom, shown)]
        below, begin, carry = atom, end, end - start + carry - shown
    inner, carry = _run_pieces(known[begin:], below, None, size, carry)
    if carry > 0 and pieces:
        low, high, count = pieces.pop()
        pieces.append((low, high, count + carry))
    least, most = _natural_bounds(known)
    bounded = [(max(low, least), min(high, most), count) for low, high, count in pieces + inner]
    return bounded or [(float(known.mean()), float(known.mean()), MIN_COUNT)]


def _natural_bounds(known: Floats) -> tuple[float, float]:
    """0 as a bound where no value crosses it, 1 where all are shares: the outermost pieces are stretched, not these."""
    least = 0.0 if known.min() >= 0 else -np.inf
    most = 0.0 if known.max() <= 0 else 1.0 if least == 0 and known.max() <= 1 else np.inf
    return float(least), float(most)


def _run_pieces(
    run: Floats, below: float | None, above: float | None, size: int, carry: int
) -> tuple[list[tuple[float, float, int]], int]:
    """Even pieces for the values between two atoms, and how many rows they leave for what comes next.

    At an open end, and where they are too few to show, the values are left to the neighbour.
    """
    n_rows = run.size + carry
    if run.size < MIN_COUNT:
        shown = 0 if below is None or above is None else max(0, _ROUNDING * round(n_rows / _ROUNDING))
        return ([(below, above, shown)] if shown and below is not None and above is not None else []), n_rows - shown
    cuts = _cuts(run, size)
    knots = [0.5 * (run[cut - 1] + run[cut]) for cut in cuts[1:-1]]
    first = below if below is not None else _far_end(run[: cuts[1]], knots[0] if knots else run.max())
    last = above if above is not None else _far_end(run[cuts[-2] :], knots[-1] if knots else run.min())
    edges = [first, *knots, last]
    sizes = [b - a for a, b in pairwise(cuts)]
    sizes[0] += carry
    parts = zip(edges, edges[1:], sizes, strict=False)
    return [(float(low), float(high), int(count)) for low, high, count in parts if count > 0], 0


def _cuts(run: Floats, size: int) -> list[int]:
    """Where to cut sorted values into pieces of at least `size` rows without splitting equal ones."""
    cuts = [0]
    for place in (np.flatnonzero(np.diff(run)) + 1).tolist():
        if place - cuts[-1] >= size and run.size - place >= size:
            cuts.append(place)
    return [*cuts, int(run.size)]


def _far_end(block: Floats, inner: float) -> float:
    """The outer edge of an evenly filled piece with this inner edge and the block's mean, not any row's value."""
    return float(2 * block.mean() - inner)


def _cells(is_atom: NDArray[np.bool_], counts: Floats, target: float, own: float) -> NDArray[np.int64]:
    first, mass = [0], 0.0
    for i, (atom, count) in enumerate(zip(is_atom, counts, strict=True)):
        alone = bool(atom) and count >= own
        if i and (mass >= target or (alone and mass)):
            first.append(i)
            mass = 0.0
        mass += max(float(count), target) if alone else float(count)
    return np.array(first, np.int64)


def _short(value: float) -> float:
    return float(f"{value:.7g}")


def average_ranks(values: Floats) -> Floats:
    """Ranks 1.. of values, NaN counting as lower than any number, ties sharing their mean."""
    filled = np.where(np.isnan(values), -np.inf, values)
    _, place, counts = np.unique(filled, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[place], dtype=float)

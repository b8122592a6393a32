"""The building figures: fourteen of them, each stored as an average, a mode and a median over the houses at an address.

Each column was normalised by its own range, so where an address has one house the three columns are one figure times
three constants, rounded to four decimals. A raw figure is often a whole number (floors, entrances, flats), which puts
the average on a lattice of 1/k. Knowing both, a triple is drawn as one average, a word on which of the three agree
("all", "mode" differs, or "none" agree), and ratios for those that differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from data.home_credit.marginals import MIN_COUNT, Floats, Lattice

# A figure that is tied to another (`TIES`) comes after it.
FAMILIES: tuple[str, ...] = (
    "YEARS_BEGINEXPLUATATION",
    "YEARS_BUILD",
    "FLOORSMAX",
    "FLOORSMIN",
    "ENTRANCES",
    "APARTMENTS",
    "ELEVATORS",
    "LIVINGAPARTMENTS",
    "LIVINGAREA",
    "BASEMENTAREA",
    "COMMONAREA",
    "LANDAREA",
    "NONLIVINGAPARTMENTS",
    "NONLIVINGAREA",
)
# Figures that are drawn by what they are to another: so many flats or lifts an entrance, so much living area a flat.
TIES: dict[str, str] = {
    "YEARS_BUILD": "YEARS_BEGINEXPLUATATION",
    "FLOORSMIN": "FLOORSMAX",
    "APARTMENTS": "ENTRANCES",
    "ELEVATORS": "ENTRANCES",
    "LIVINGAPARTMENTS": "APARTMENTS",
    "LIVINGAREA": "APARTMENTS",
    "TOTALAREA_MODE": "LIVINGAREA",
}
# The lowest floor is stored on a scale by which it is one above the highest at most addresses, and unrelated elsewhere.
_ONE_ABOVE = ("FLOORSMIN",)
_FLOOR = 1 / 24
_SINGLES = ("TOTALAREA_MODE", "FONDKAPREMONT_MODE", "HOUSETYPE_MODE", "WALLSMATERIAL_MODE", "EMERGENCYSTATE_MODE")
# Rarest first: where one of these is missing nearly everything after it is missing too.
BLANKS: tuple[str, ...] = (
    "EMERGENCYSTATE_MODE",
    "TOTALAREA_MODE",
    "YEARS_BEGINEXPLUATATION",
    "FLOORSMAX",
    "HOUSETYPE_MODE",
    "LIVINGAREA",
    "ENTRANCES",
    "APARTMENTS",
    "WALLSMATERIAL_MODE",
    "ELEVATORS",
    "NONLIVINGAREA",
    "BASEMENTAREA",
    "LANDAREA",
    "YEARS_BUILD",
    "FLOORSMIN",
    "LIVINGAPARTMENTS",
    "FONDKAPREMONT_MODE",
    "NONLIVINGAPARTMENTS",
    "COMMONAREA",
)
_DECIMALS = 4
_ROUNDING = 0.51 * 10.0**-_DECIMALS
_AGREE = 2e-4
_LATTICE_SHARE = 0.4
_NEARLY = 0.9
_COARSE = 100
# Whole numbers of floors, flats or lifts; years come in steps of a few ten-thousandths.
_WHOLE: tuple[float, ...] = tuple(range(8, 700))
_STEPS: tuple[float, ...] = tuple(1e4 / step for step in range(99, 3, -1))


@dataclass(frozen=True)
class Column:
    """One of the three columns of a figure.

    `scale` multiplies the average; `lattice` is k when the column lies on multiples of scale / k, 0 when on none, and
    `share` how many of the values do;
    `odd` are stored values that are not the float nearest to their four decimals (the published table has some).
    """

    scale: float
    lattice: float
    share: float
    odd: tuple[float, ...]

    @property
    def is_coarse(self) -> bool:
        """Whether the column has few enough values that they are better drawn as such."""
        return 0 < self.lattice < _COARSE


@dataclass(frozen=True)
class Family:
    """How the columns of one figure are tied; all in distances from 1 when `from_top`, as for years.

    `frequent` are (average, mode, median) as stored, for averages of which enough houses have just this triple.
    """

    average: Column
    mode: Column
    median: Column
    from_top: bool
    frequent: tuple[tuple[float, float, float], ...] = ()

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Family:
        columns = {kind: Column(**stored[kind]) for kind in ("average", "mode", "median")}
        frequent = tuple((row[0], row[1], row[2]) for row in stored["frequent"])
        return cls(**columns, from_top=stored["from_top"], frequent=frequent)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def lattice(self) -> Lattice | None:
        """The lattice of the average column as stored, None where it has none."""
        if not self.average.lattice:
            return None
        offset = 1.0 if self.from_top else 0.0
        return Lattice(1 / self.average.lattice, offset, share=self.average.share, decimals=_DECIMALS)

    def distance(self, stored: Floats) -> Floats:
        """A stored figure in the family's direction."""
        return 1 - stored if self.from_top else stored

    def exact(self, average: Floats, shift: Floats | float = 0.0) -> Floats:
        """The average before it was rounded to four decimals: a lattice point, or off the lattice moved by `shift`."""
        distance = self.distance(average)
        near = _on_lattice(distance, self.average)
        at_end = (distance == 0) | (distance == 1)
        fixed = at_end | (self.average.lattice > 0) & (np.abs(near - distance) <= _ROUNDING)
        return np.where(fixed, near, distance + shift)

    def triples(self, average: Floats, shift: Floats) -> tuple[Floats, Floats, Floats]:
        """The exact distance, mode and median of addresses where the three columns agree."""
        exact = self.exact(average, shift)
        mode = self.stored(exact * self.mode.scale, self.mode)
        median = self.stored(exact * self.median.scale, self.median)
        if self.frequent:
            known, modes, medians = (np.array(part) for part in zip(*self.frequent, strict=True))
            place = np.minimum(np.searchsorted(known, average), known.size - 1)
            hit = known[place] == average
            mode, median = np.where(hit, modes[place], mode), np.where(hit, medians[place], median)
        return exact, mode, median

    def stored(self, distance: Floats, column: Column) -> Floats:
        """A figure as the table holds it: in [0, 1] with four decimals."""
        figure = np.asarray(np.round(np.clip(self.distance(distance), 0.0, 1.0), _DECIMALS), dtype=np.float64)
        for value in column.odd:
            figure[figure == round(value, _DECIMALS)] = value
        return figure

    def differing(self, exact: Floats, drawn: Floats, column: Column) -> Floats:
        """A stored figure that differs from the average's; `drawn` is what `departure` reads."""
        distance = drawn if column.is_coarse else exact * column.scale * drawn
        return self.stored(_on_lattice(distance, column), column)

    def departure(self, exact: Floats, stored: Floats, column: Column) -> Floats:
        """What says how a column differs from the average: on a coarse lattice the distance itself, else a ratio."""
        distance = self.distance(stored)
        expected = exact * column.scale
        return distance if column.is_coarse else np.round(distance / np.where(expected > 0, expected, np.nan), 4)


def _on_lattice(distance: Floats, column: Column) -> Floats:
    if not column.lattice:
        return distance
    step = column.scale / column.lattice
    return np.asarray(np.round(distance / step) * step)


def fit_family(average: Floats, mode: Floats, median: Floats, *, from_top: bool) -> Family:
    """Find lattices and constants of one figure from its columns (rows where it is known)."""
    candidates = _STEPS if from_top else _WHOLE
    own = 1 - average if from_top else average
    first = Column(1.0, *_fit_lattice(own, candidates), _odd_values(average))
    exact = Family(first, first, first, from_top).exact(average)
    others = []
    for stored in (mode, median):
        distance = 1 - stored if from_top else stored
        scale = _fit_scale(exact, distance)
        others.append(Column(scale, *_fit_lattice(distance, candidates, scale), _odd_values(stored)))
    return Family(first, others[0], others[1], from_top, _frequent(average, mode, median))


def _frequent(average: Floats, mode: Floats, median: Floats) -> tuple[tuple[float, float, float], ...]:
    triples, counts = np.unique(np.column_stack([average, mode, median]), axis=0, return_counts=True)
    best: dict[float, tuple[int, tuple[float, float, float]]] = {}
    for (first, second, third), count in zip(triples.tolist(), counts.tolist(), strict=True):
        if count >= MIN_COUNT and count > best.get(first, (0,))[0]:
            best[first] = (count, (first, second, third))
    return tuple(best[first][1] for first in sorted(best))


def _odd_values(stored: Floats) -> tuple[float, ...]:
    values, counts = np.unique(stored, return_counts=True)
    odd = (values != np.round(values, _DECIMALS)) & (counts >= MIN_COUNT)
    return tuple(values[odd & (np.abs(values - np.round(values, _DECIMALS)) < 1e-9)].tolist())


def fit_families(frame: pl.DataFrame) -> dict[str, Family]:
    """`fit_family` for every figure of a real table."""
    fitted = {}
    for name in FAMILIES:
        known = frame.select(f"{name}_AVG", f"{name}_MODE", f"{name}_MEDI").drop_nulls().cast(pl.Float64)
        average, mode, median = known.to_numpy().T
        fitted[name] = fit_family(average, mode, median, from_top=name.startswith("YEARS"))
    return fitted


def _fit_lattice(distance: Floats, candidates: Sequence[float], scale: float = 1.0) -> tuple[float, float]:
    """The coarsest k whose multiples of scale / k explain nearly as many values as any k does, and how many.

    Chance is counted out; where less than `_LATTICE_SHARE` is explained there is no lattice and both are 0.
    """
    away = distance[distance > 0]
    explained = np.zeros(len(candidates))
    for i, k in enumerate(candidates):
        step = scale / k
        share = float(np.mean(np.abs(np.round(away / step) * step - away) <= _ROUNDING))
        chance = 2 * _ROUNDING / step
        explained[i] = (share - chance) / (1 - chance)
    if explained.max() < _LATTICE_SHARE:
        return 0.0, 0.0
    best = int(np.argmax(explained >= _NEARLY * explained.max()))
    return float(candidates[best]), round(float(explained[best]), 3)


def _fit_scale(exact: Floats, other: Floats) -> float:
    both = (exact > 0) & (other > 0)
    ratio, weight = other[both] / exact[both], exact[both]
    middle = float(np.median(ratio[weight >= np.median(weight)]))
    near = np.abs(ratio - middle) * weight < _AGREE
    return round(float(np.sum(other[both][near] * weight[near]) / np.sum(weight[near] ** 2)), 6)


def average_of(name: str) -> str:
    """The column that a figure is drawn as."""
    return name if name in _SINGLES else f"{name}_AVG"


def _exact(name: str, average: Floats, families: Mapping[str, Family]) -> Floats:
    return average if name in _SINGLES else families[name].exact(average)


def _tie(name: str, own: Floats, base: Floats) -> Floats:
    """What ties a figure to its base, both as exact distances: a ratio, or a floor's height; NaN where nothing does."""
    if name in _ONE_ABOVE:
        return np.where(np.abs(own - base - _FLOOR) <= 2 * _ROUNDING, round(_FLOOR, _DECIMALS), np.nan)
    return np.round(own / np.where(base > 0, base, np.nan), _DECIMALS)


def tied_figure(name: str, drawn: Mapping[str, Floats], families: Mapping[str, Family]) -> Floats:
    """A figure from its tie to another, or where nothing ties it as it was drawn alone; before it is rounded."""
    base = _exact(TIES[name], drawn[average_of(TIES[name])], families)
    tie = drawn[f"tied:{name}"]
    distance = np.clip(base + tie if name in _ONE_ABOVE else base * tie, 0.0, 1.0)
    figure = distance if name in _SINGLES else families[name].distance(distance)
    return np.where(np.isnan(tie), drawn[f"alone:{name}"], figure)


def read_building(frame: pl.DataFrame, families: Mapping[str, Family]) -> dict[str, Floats | list[str]]:
    """The building variables of `data/home_credit/variables.py` read off a real table."""
    variables: dict[str, Floats | list[str]] = {}
    for name in BLANKS:
        variables[f"no:{name}"] = ["Y" if missing else "N" for missing in frame[average_of(name)].is_null()]
    for name, base in TIES.items():
        own, other = numbers(frame, average_of(name)), numbers(frame, average_of(base))
        variables[f"tied:{name}"] = _tie(name, _exact(name, own, families), _exact(base, other, families))
        variables[f"alone:{name}"] = own
    for name, family in families.items():
        average, mode, median = (numbers(frame, f"{name}_{kind}") for kind in ("AVG", "MODE", "MEDI"))
        variables |= _read_triple(name, family, average, mode, median)
    return variables


def _read_triple(
    name: str, family: Family, average: Floats, mode: Floats, median: Floats
) -> dict[str, Floats | list[str]]:
    exact, mode_twin, median_twin = family.triples(average, np.zeros(average.size))
    mode_differs = (np.abs(mode_twin - mode) > _AGREE) & (exact > 0)
    median_differs = (np.abs(median_twin - median) > _AGREE) & (exact > 0)
    twins = np.where(median_differs, "none", np.where(mode_differs, "mode", "all"))
    return {
        f"twins:{name}": twins.tolist(),
        f"mode:{name}": family.departure(exact, mode, family.mode),
        f"medi:{name}": family.departure(exact, median, family.median),
    }


def numbers(frame: pl.DataFrame, name: str) -> Floats:
    """A column as float64, NaN for missing."""
    return frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy().astype(np.float64)

"""Whether two models name the same reasons: the strongest field, the first four, and which stand in for which."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboard.metrics.counts import BoolArray, FloatArray, IntArray
from dashboard.metrics.estimate import Estimate, normal_estimate
from dashboard.metrics.rates import share
from dashboard.metrics.weighing import effective_share
from inference.explain.all_reasons import NamedReasons

NO_REASONS = "there is no application for which both models name a field"
MOST_STAND_INS = 10

_Codes = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class ReasonsAlike:
    """How far the reasons of some applications agree, of those for which both models name a field.

    `n` is their number (the sum of their weights), `n_unnamed` that of the others. `first` is the share whose strongest
    reason is the same field; `overlap` the mean of the fields that both name over the fields that either does.
    """

    n: float
    n_unnamed: float
    first: Estimate
    overlap: Estimate


@dataclass(frozen=True, slots=True)
class StandIn:
    """The first model's strongest reason is `one` where the second's is `two`: of `n` applications.

    `n_declined` of them are declined by either model.
    """

    one: str
    two: str
    n: float
    n_declined: float


@dataclass(frozen=True, slots=True)
class ReasonAgreement:
    """The agreement over all applications and over those that either model declines, and what stands in for what.

    `n_fields` are the raw columns that each model reads, `n_shared` those that both do.
    """

    whole: ReasonsAlike
    declined: ReasonsAlike
    stand_ins: tuple[StandIn, ...]
    n_fields: tuple[int, int]
    n_shared: int


def reason_agreement(
    one: NamedReasons,
    two: NamedReasons,
    declined: BoolArray,
    *,
    places: IntArray | None = None,
    weight: FloatArray | None = None,
) -> ReasonAgreement:
    """How far two models name the same reasons.

    `places` are the rows' positions in the two models' reasons, None where they are all; `declined` says of each row
    whether either model declines it, `weight` what it counts.

    The share has Wilson's interval, the mean overlap that of a mean. The overlap of two sets is what they have in
    common over what is in either. Source: Jaccard (1912), New Phytologist 11(2).
    """
    fields = tuple(dict.fromkeys((*one.fields, *two.fields)))
    codes = _coded(one, fields, places), _coded(two, fields, places)
    named = (codes[0][0] >= 0) & (codes[1][0] >= 0)
    weights = np.ones(named.size) if weight is None else weight
    overlap = overlaps(*codes)
    alike = codes[0][0] == codes[1][0]
    return ReasonAgreement(
        _alike(alike, overlap, named, weights),
        _alike(alike[declined], overlap[declined], named[declined], weights[declined]),
        _stand_ins(codes, named & ~alike, declined, weights, fields),
        (len(one.fields), len(two.fields)),
        len(set(one.fields) & set(two.fields)),
    )


def overlaps(one: _Codes, two: _Codes) -> FloatArray:
    """Of each application the share that both name of the fields that either does, 0 where neither names one.

    Fields are numbers from 0 on, each once in a column of (reasons, applications); -1 fills the rest.
    """
    shared = np.zeros(one.shape[1], dtype=np.int16)
    for first in one:
        for second in two:
            shared += (first == second) & (first >= 0)
    either = (one >= 0).sum(axis=0) + (two >= 0).sum(axis=0) - shared
    found: FloatArray = shared / np.maximum(either, 1)
    return found


def _coded(reasons: NamedReasons, fields: tuple[str, ...], places: IntArray | None) -> _Codes:
    """Positions in `fields`, (reasons, rows)."""
    # The last one is what -1 picks.
    codes = np.array([*(fields.index(name) for name in reasons.fields), -1], dtype=np.int16)
    chosen = reasons.places if places is None else reasons.places[places]
    return np.ascontiguousarray(codes[chosen].T)


def _alike(alike: BoolArray, overlap: FloatArray, named: BoolArray, weights: FloatArray) -> ReasonsAlike:
    own = weights[named]
    n, without = float(own.sum()), float(weights[~named].sum())
    if not n:
        none = Estimate.undefined(NO_REASONS)
        return ReasonsAlike(n, without, none, none)
    worth = effective_share(n, float((own**2).sum()))
    first = share(worth * float(own[alike[named]].sum()), worth * n, NO_REASONS)
    mean = float((own * overlap[named]).sum()) / n
    error = math.sqrt(float((own**2 * (overlap[named] - mean) ** 2).sum())) / n
    return ReasonsAlike(n, without, first, normal_estimate(mean, error, low=0.0, high=1.0))


def _stand_ins(
    codes: tuple[_Codes, _Codes], differ: BoolArray, declined: BoolArray, weights: FloatArray, fields: tuple[str, ...]
) -> tuple[StandIn, ...]:
    """The commonest pairs of strongest reasons that are not the same field; of equal ones the first by the fields."""
    cells = codes[0][0][differ].astype(np.int64) * len(fields) + codes[1][0][differ]
    counted, of_declined = (
        np.bincount(cells, weights=weights[differ] * kept, minlength=len(fields) ** 2)
        for kept in (1.0, declined[differ])
    )
    order = np.argsort(-counted, kind="stable")[:MOST_STAND_INS]
    return tuple(
        StandIn(fields[cell // len(fields)], fields[cell % len(fields)], float(counted[cell]), float(of_declined[cell]))
        for cell in order.tolist()
        if counted[cell]
    )

"""What would change the decision: the smallest changes, of one field or two, that bring a PD below the cutoff.

Only fields that an applicant or a credit officer can act on are moved: the terms of the loan, documents that can be
provided and numbers that can be given. Who the applicant is, and what others say of them, is never among them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray

from data import schema
from data.schema import Kind
from inference.decision import declines, is_declined
from inference.session import ScoringSession
from inference.values import Value
from inference.variants import score_variants

CREDIT, ANNUITY, GOODS = "AMT_CREDIT", "AMT_ANNUITY", "AMT_GOODS_PRICE"
# 2.5 % up to 60 %.
STEPS = tuple(step / 1000 for step in range(25, 601, 25))
LESS, MORE = tuple(-step for step in STEPS), STEPS
# A document or a number given counts as much as an amount that changes by a tenth.
FLAG_COST = math.log(1.1)
# Payments, credit / annuity: the 0.1 % and 99.9 % quantiles of the built portfolio are 8.29 and 37.91. Nobody there has
# a longer or a shorter term to speak of, so that the model knows nothing about one.
SHORTEST_TERM, LONGEST_TERM = 8.0, 38.0
_ROUNDING = 0.5


@dataclass(frozen=True, slots=True)
class Lever:
    """A field that somebody can act on, and how far it moves.

    `moves` are shares of the present amount (-0.025 is 2.5 % less); of a flag, what is added to a 0.
    """

    name: str
    moves: tuple[float, ...]


LEVERS = (
    # Down only: nobody is advised to borrow more.
    Lever(CREDIT, LESS),
    # Both ways: a longer or a shorter term.
    Lever(ANNUITY, (*LESS, *MORE)),
    Lever(GOODS, (*LESS, *MORE)),
    *(
        Lever(name, (1.0,))
        for name in ("FLAG_DOCUMENT_3", "FLAG_DOCUMENT_6", "FLAG_DOCUMENT_8", "FLAG_PHONE", "FLAG_WORK_PHONE")
    ),
)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field's value before and after."""

    name: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """Changes that together turn a decline into an approval, what they cost, and the PD after them.

    `cost` is the sum over the changed fields of |ln(after / before)|; a flag costs `FLAG_COST`.
    """

    changes: tuple[FieldChange, ...]
    cost: float
    default_probability: float


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Row i holds the values of the movable fields after change i; rows of one group change the same fields."""

    names: tuple[str, ...]
    values: NDArray[np.float64]
    costs: NDArray[np.float64]
    groups: NDArray[np.intp]
    members: tuple[tuple[int, ...], ...]

    def where(self, kept: NDArray[np.bool_]) -> _Candidates:
        return _Candidates(self.names, self.values[kept], self.costs[kept], self.groups[kept], self.members)


def find_changes(
    session: ScoringSession,
    application: Mapping[str, Value],
    cutoff: float,
    *,
    n: int = 6,
    levers: Sequence[Lever] = LEVERS,
) -> tuple[Counterfactual, ...]:
    """At most `n` changes of one field or two that bring the PD below `cutoff`, the cheapest first.

    Of each field and of each pair of fields only the cheapest change is among them, and a pair only where it is cheaper
    than every change of one of its fields alone that does it, too: else half of it would be superfluous. Every change
    is scored again by itself before it is given. Nothing where the application is approved already, or where no
    change is found.

    Raises:
        FeatureError: a key that is no column of the table, or a value of the wrong type.
    """
    if not declines(session.score(application), cutoff):
        return ()
    candidates = _candidates(application, [lever for lever in levers if lever.name in session.features.sources])
    candidates = candidates.where(_is_sensible(application, candidates))
    if not candidates.costs.size:
        return ()
    probabilities = score_variants(session, application, _columns(candidates))
    flips = candidates.where(~is_declined(probabilities, cutoff))
    found = (_verified(session, application, flips, row) for row in _cheapest(flips))
    return tuple(each for each in found if not declines(each.default_probability, cutoff))[:n]


def _candidates(application: Mapping[str, Value], levers: Sequence[Lever]) -> _Candidates:
    moved = {lever.name: _moved(lever, application.get(lever.name)) for lever in levers}
    moved = {name: after for name, after in moved.items() if after.size}
    names = tuple(moved)
    before = np.array([_number(application[name]) for name in names])
    members = tuple(chain(combinations(range(len(names)), 1), combinations(range(len(names)), 2)))
    values, costs, groups = [np.empty((0, len(names)))], [np.empty(0)], [np.empty(0, dtype=np.intp)]
    for group, changed in enumerate(members):
        grids = np.meshgrid(*(moved[names[field]] for field in changed), indexing="ij")
        block = np.tile(before, (grids[0].size, 1))
        block[:, changed] = np.column_stack([grid.ravel() for grid in grids])
        values.append(block)
        costs.append(sum((_cost(names[field], before[field], block[:, field]) for field in changed), np.zeros(1)))
        groups.append(np.full(len(block), group))
    return _Candidates(names, np.concatenate(values), np.concatenate(costs), np.concatenate(groups), members)


def _moved(lever: Lever, value: Value) -> NDArray[np.float64]:
    """The values that a lever can give to its field, the present one not among them; none where that is missing."""
    column, before = schema.column(lever.name), _number(value)
    if column.kind is Kind.FLAG:
        return np.array(lever.moves) if before == 0.0 else np.empty(0)
    if math.isnan(_amount(value)):
        return np.empty(0)
    # Whole currency units; for a tiny amount several steps are the same one. `dict` keeps the order.
    rounded = np.rint(before * (1.0 + np.array(lever.moves))).tolist()
    after = np.array(list(dict.fromkeys(rounded)))
    is_plausible = (after >= (column.minimum or 0.0)) & (after <= (column.maximum or np.inf))
    moved: NDArray[np.float64] = after[is_plausible & (after != before)]
    return moved


def _cost(name: str, before: float, after: NDArray[np.float64]) -> NDArray[np.float64]:
    if schema.column(name).kind is Kind.FLAG:
        return np.full(len(after), FLAG_COST)
    costs: NDArray[np.float64] = np.abs(np.log(after / before))
    return costs


def _is_sensible(application: Mapping[str, Value], candidates: _Candidates) -> NDArray[np.bool_]:
    """Whether each candidate is a loan that somebody would grant and the model has seen.

    The loan does not come to exceed the goods by more than now: else a lower price of goods, which only unsecures the
    loan, would pass for a way out. The term stays within what the portfolio knows, or where it is now.
    """
    credit, goods, annuity = (_after(application, candidates, name) for name in (CREDIT, GOODS, ANNUITY))
    loan_to_goods, term = _ratio(application, CREDIT, GOODS), _ratio(application, CREDIT, ANNUITY)
    # A missing ratio is NaN, `fmax` and `fmin` pass over it, and what is compared with it is never too large.
    most, longest = float(np.fmax(loan_to_goods, 1.0)), float(np.fmax(term, LONGEST_TERM))
    least = float(np.fmin(term, SHORTEST_TERM))
    is_bad = _exceeds(credit, most, goods) | _exceeds(credit, longest, annuity) | _exceeds(-credit, -least, annuity)
    return ~is_bad


def _exceeds(over: NDArray[np.float64], limit: float, under: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether `over` is more than `limit` times `under` by more than rounding both to whole units can make it."""
    return over - limit * under > _ROUNDING * (1.0 + abs(limit))


def _after(application: Mapping[str, Value], candidates: _Candidates, name: str) -> NDArray[np.float64]:
    if name in candidates.names:
        return candidates.values[:, candidates.names.index(name)]
    return np.full(len(candidates.values), _amount(application.get(name)))


def _ratio(application: Mapping[str, Value], over: str, under: str) -> float:
    return _amount(application.get(over)) / _amount(application.get(under))


def _amount(value: Value) -> float:
    """The value as an amount, NaN where it is none that can be changed by a share of itself."""
    number = _number(value)
    return number if 0.0 < number < math.inf else math.nan


def _number(value: Value) -> float:
    # Text cannot come here: the application has been scored by then.
    return math.nan if value is None or isinstance(value, str) else float(value)


def _columns(candidates: _Candidates) -> dict[str, list[Value]]:
    return {name: candidates.values[:, field].tolist() for field, name in enumerate(candidates.names)}


def _cheapest(flips: _Candidates) -> Iterator[int]:
    """Rows of the changes worth showing, the cheapest first, fewer fields first where they cost the same."""
    order = np.argsort(flips.costs, kind="stable")
    groups, first = np.unique(flips.groups[order], return_index=True)
    best = dict(zip(groups.tolist(), order[first].tolist(), strict=True))
    alone = {flips.members[group][0]: flips.costs[row] for group, row in best.items() if len(flips.members[group]) == 1}
    for group, row in sorted(best.items(), key=lambda item: (flips.costs[item[1]], item[0])):
        fields = flips.members[group]
        if len(fields) == 1 or all(flips.costs[row] < alone.get(field, math.inf) for field in fields):
            yield row


def _verified(
    session: ScoringSession, application: Mapping[str, Value], flips: _Candidates, row: int
) -> Counterfactual:
    changes = tuple(
        FieldChange(flips.names[field], application[flips.names[field]], _stored(flips.names[field], value))
        for field, value in ((field, flips.values[row, field]) for field in flips.members[flips.groups[row]])
    )
    changed = {**application, **{change.name: change.after for change in changes}}
    return Counterfactual(changes, float(flips.costs[row]), session.score(changed))


def _stored(name: str, value: float) -> Value:
    return int(value) if schema.column(name).dtype.is_integer() else float(value)

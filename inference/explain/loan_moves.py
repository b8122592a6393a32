"""What somebody can change about an application, how its amounts then move together, and what loans there are.

A loan's amounts hang together. A smaller loan pays for cheaper goods and has a smaller annuity; a loan may exceed the
price of the goods by what is sold with it, at one of a few ratios; a cash loan's term, credit / annuity, can be longer
or shorter; of a revolving one both ratios are fixed. So what moves is the loan, not a column by itself. Who the
applicant is, and what others say of them, is never moved, nor is anybody advised to borrow more or to buy dearer goods.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data import schema
from inference.values import Value

CREDIT, ANNUITY, GOODS = "AMT_CREDIT", "AMT_ANNUITY", "AMT_GOODS_PRICE"
SIZE, SURCHARGE, LONGER, SHORTER = "size", "surcharge", "longer", "shorter"
FLAGS = ("FLAG_PHONE", "FLAG_WORK_PHONE", "FLAG_DOCUMENT_3", "FLAG_DOCUMENT_8")
# Nobody gives two of these. Document 6 is no lever: hardly anybody but pensioners gives it.
_DOCUMENTS = ("FLAG_DOCUMENT_3", "FLAG_DOCUMENT_6", "FLAG_DOCUMENT_8")
# A document or a number given counts as much as an amount that changes by a tenth.
FLAG_COST = math.log(1.1)
FARTHEST = 0.6
# An amount moves in steps of 1, 2 or 5 times a power of ten, the largest within this share of it.
PRECISION = 0.001
_COARSE = 0.025

# Measured on real applications of this table (5,000 rows; the 0.5 % and 99.5 % quantiles, rounded): credit amounts from
# which on other terms occur, the shortest and longest of them, terms from which on more can be sold with the goods, and
# the highest credit / goods price up to there.
SMALLEST_CREDIT = 45_000.0
_CREDIT_FROM = (60e3, 120e3, 160e3, 220e3, 300e3, 675e3, 1e6)
_SHORTEST = np.array((8.3, 8.3, 8.3, 8.4, 8.4, 8.4, 9.5, 10.5))
_LONGEST = np.array((13.5, 24.5, 28.0, 32.6, 35.3, 37.9, 37.9, 37.9))
_TERM_FROM = (9.0, 11.0, 13.0, 16.0, 20.0)
_HIGHEST_RATIO = np.array((1.16, 1.29, 1.37, 1.4, 1.48, 1.53))
REVOLVING, REVOLVING_RATE = "Revolving loans", 0.05
# The fifteen commonest credit / goods price of cash loans, each of more than 1.8 % of them and 85 % in all.
RATIOS = (
    1.4224, 1.396, 1.3168, 1.264, 1.2376, 1.2112, 1.198, 1.1584, 1.1452, 1.132, 1.1188, 1.1056, 1.0792, 1.066, 1.0,
)  # fmt: skip
# What rounding to half a unit may do to a ratio of such amounts.
_TOLERANCE = 1e-3

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Move:
    """One way to change an application, in steps of growing change.

    `values` are, by step, the goods price (of a revolving loan, or without one, the credit), the credit / goods price,
    the annuity that the present credit would have, or a flag's 1. `costs` are |ln(after / before)|.
    """

    name: str
    values: Floats
    costs: Floats

    @property
    def coarse(self) -> Places:
        """Steps about 2.5 % of the amount apart, the last one among them."""
        # A step belongs to the range that its change falls into; the last of each range stands for it.
        ranges = np.floor((1.0 - np.exp(-self.costs)) / _COARSE)
        return np.flatnonzero(np.diff(ranges, append=np.inf) > 0)


@dataclass(frozen=True, slots=True)
class Loan:
    """Amounts of loans of one kind, all of one shape; NaN where missing."""

    credit: Floats
    goods: Floats
    annuity: Floats
    is_revolving: bool

    @classmethod
    def of(cls, application: Mapping[str, Value]) -> Loan:
        """The loan that an application asks for."""
        credit, goods, annuity = (np.array(_amount(application.get(name))) for name in (CREDIT, GOODS, ANNUITY))
        return cls(credit, goods, annuity, application.get("NAME_CONTRACT_TYPE") == REVOLVING)

    def outside(self) -> tuple[Floats, Floats]:
        """How far a loan lies outside of what there is, by rule, as a share of the limit: (rules, ...) twice, 0 inside.

        First by what a loan of its kind never does, then by what few do.
        """
        ratio, term = self.credit / self.goods, self.credit / self.annuity
        small = 1.0 - self.credit / SMALLEST_CREDIT
        if self.is_revolving:
            never, seldom = [np.abs(ratio - 1.0), np.abs(1.0 / (term * REVOLVING_RATE) - 1.0)], [small]
        else:
            bracket = np.searchsorted(_CREDIT_FROM, self.credit, side="right")
            # A missing term sorts behind all others, where the limit is widest.
            highest = _HIGHEST_RATIO[np.searchsorted(_TERM_FROM, term, side="right")]
            long, short = term / _LONGEST[bracket] - 1.0, 1.0 - term / _SHORTEST[bracket]
            never, seldom = [1.0 - ratio], [small, ratio / highest - 1.0, long, short]
        return np.fmax(np.array(never), 0.0), np.fmax(np.array(seldom), 0.0)


def is_plausible(before: Loan, after: Loan) -> NDArray[np.bool_]:
    """Whether each loan `after` is one that there is; what few do it may do as far as the one before."""
    never, seldom = after.outside()
    farther = seldom - before.outside()[1].reshape(-1, *[1] * after.credit.ndim)
    return np.asarray((never <= _TOLERANCE).all(axis=0) & (farther <= _TOLERANCE).all(axis=0))


class Moves(Mapping[str, Move]):
    """The moves of one application by name, and what it becomes by them."""

    def __init__(self, application: Mapping[str, Value], sources: tuple[str, ...]) -> None:
        """Find what can be changed; `sources` are the columns that anything depends on."""
        self._application, self._loan = application, Loan.of(application)
        # Which amount is a round one; of a revolving loan, so that 5 % of it is one, too.
        self._is_of_credit = self._loan.is_revolving or bool(np.isnan(self._loan.goods))
        moves = [*self._of_loan(), *self._of_flags()]
        self._moves = {
            move.name: move
            for move in moves
            if move.values.size and not _COLUMNS.get(move.name, {move.name}).isdisjoint(sources)
        }

    def __getitem__(self, name: str) -> Move:
        return self._moves[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._moves)

    def __len__(self) -> int:
        return len(self._moves)

    def go_together(self, first: str, second: str) -> bool:
        """Whether two different moves can be made at once."""
        return not any({first, second} <= apart for apart in _APART)

    def after(self, chosen: Mapping[str, Places]) -> dict[str, Floats]:
        """The columns that the chosen steps of some moves change, each with its values; of plausible changes alone.

        NaN stands in all columns where the loan would be none that there is.
        """
        values = {name: self[name].values[steps] for name, steps in chosen.items()}
        flags = {name: values[name] for name in FLAGS if name in values}
        if values.keys() == flags.keys():
            return flags
        loan = self._moved(values)
        amounts = {CREDIT: loan.credit, GOODS: loan.goods, ANNUITY: loan.annuity}
        given = {name: amount for name, amount in amounts.items() if not np.isnan(amount).any()}
        kept = is_plausible(self._loan, loan)
        return {name: np.where(kept, column, math.nan) for name, column in (given | flags).items()}

    def _moved(self, values: Mapping[str, Floats]) -> Loan:
        now = self._loan
        shape = next(iter(values.values())).shape
        credit, goods = np.full(shape, now.credit), np.full(shape, now.goods)
        term = now.credit / next((values[name] for name in (LONGER, SHORTER) if name in values), now.annuity)
        if self._is_of_credit and SIZE in values:
            credit = values[SIZE]
            goods = _in_halves(credit * now.goods / now.credit)
        elif SIZE in values or SURCHARGE in values:
            goods = values.get(SIZE, goods)
            credit = _in_halves(goods * values.get(SURCHARGE, now.credit / now.goods))
        # Where the annuity is missing, so is the term, and it stays so.
        return Loan(credit, goods, _in_halves(credit / term), now.is_revolving)

    def _of_loan(self) -> Iterator[Move]:
        loan = self._loan
        if np.isnan(loan.credit):
            return
        yield _amounts(SIZE, float(loan.credit if self._is_of_credit else loan.goods), -1)
        if loan.is_revolving:
            return
        ratio = float(loan.credit / loan.goods)
        ratios = np.array([each for each in RATIOS if each < ratio * (1 - _TOLERANCE)])
        yield Move(SURCHARGE, ratios, np.log(ratio / ratios))
        if not np.isnan(loan.annuity):
            yield _amounts(LONGER, float(loan.annuity), -1)
            yield _amounts(SHORTER, float(loan.annuity), 1)

    def _of_flags(self) -> Iterator[Move]:
        application = self._application
        has_document = any(application.get(name) == 1 for name in _DOCUMENTS)
        is_employed = application.get("DAYS_EMPLOYED") != schema.NOT_EMPLOYED
        for name in FLAGS:
            can_be = not has_document if name in _DOCUMENTS else is_employed or name != "FLAG_WORK_PHONE"
            if application.get(name) == 0 and can_be:
                yield Move(name, np.ones(1), np.array([FLAG_COST]))


_COLUMNS: Mapping[str, set[str]] = {
    SIZE: {CREDIT, GOODS, ANNUITY}, SURCHARGE: {CREDIT, ANNUITY}, LONGER: {ANNUITY}, SHORTER: {ANNUITY},
}  # fmt: skip
_APART = ({LONGER, SHORTER}, {"FLAG_DOCUMENT_3", "FLAG_DOCUMENT_8"})


def step_of(amount: float) -> float:
    """The step in which an amount moves; a whole unit at least."""
    most = max(PRECISION * amount, 1.0)
    power = 10.0 ** math.floor(math.log10(most) + 1e-9)
    return next(power * factor for factor in (5.0, 2.0, 1.0) if power * factor <= most * (1 + 1e-9))


def _amounts(name: str, now: float, direction: int) -> Move:
    """Whole steps beyond `now`, up to the farthest change."""
    step = step_of(now)
    first = math.ceil(now / step) - 1 if direction < 0 else math.floor(now / step) + 1
    last = now * (1.0 + direction * FARTHEST) / step
    values = step * np.arange(first, last + direction * 1e-9, direction)
    values = values[values > 0]
    return Move(name, values, np.abs(np.log(values / now)))


def _in_halves(amounts: Floats) -> Floats:
    # As finely as the table states amounts.
    return np.rint(2.0 * amounts) / 2.0


def _amount(value: Value) -> float:
    """The value as an amount, NaN where it is none that can be changed by a share of itself."""
    # Text cannot come here: the application has been scored by then.
    number = math.nan if value is None or isinstance(value, str) else float(value)
    return number if 0.0 < number < math.inf else math.nan

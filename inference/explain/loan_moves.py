"""How the amounts of a loan move together, and what loans there are.

A loan's amounts hang together. A smaller loan pays for cheaper goods and has a smaller annuity; a loan may exceed the
price of the goods by what is sold with it, at one of a few ratios; an instalment loan's term, credit / annuity, can be
longer or shorter; of a revolving one both ratios are fixed. So what moves is the loan, not a column by itself. Nobody
is advised to borrow more or to buy dearer goods. Which loans there are, the definition says (`LoanLever`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.definition.definition import Definition, LoanLever
from inference.explain.steps import FARTHEST, Floats, Move, amount_of, costs_of, step_of, steps_to
from inference.values import Value

SIZE, SURCHARGE, LONGER, SHORTER = "size", "surcharge", "longer", "shorter"
# What rounding to half a unit may do to a ratio of such amounts.
_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Loan:
    """Amounts of loans of one kind, all of one shape; NaN where missing. `known` says which loans there are."""

    credit: Floats
    goods: Floats
    annuity: Floats
    is_revolving: bool
    known: LoanLever

    @classmethod
    def of(cls, application: Mapping[str, Value], known: LoanLever) -> Loan:
        """The loan that an application asks for."""
        names = (known.credit, known.goods, known.annuity)
        credit, goods, annuity = (np.array(amount_of(application.get(name))) for name in names)
        is_revolving = bool(known.kind) and application.get(known.kind) == known.revolving
        return cls(credit, goods, annuity, is_revolving, known)

    def outside(self) -> tuple[Floats, Floats]:
        """How far a loan lies outside of what there is, by rule, as a share of the limit: (rules, ...) twice, 0 inside.

        First by what a loan of its kind never does, then by what few do.
        """
        known = self.known
        ratio, term = self.credit / self.goods, self.credit / self.annuity
        within = np.zeros_like(ratio)
        small = 1.0 - self.credit / known.smallest if known.smallest else within
        if self.is_revolving:
            rate = np.abs(1.0 / (term * known.revolving_rate) - 1.0) if known.revolving_rate else within
            never, seldom = [np.abs(ratio - 1.0), rate], [small]
        else:
            highest = _limit(known.highest_ratios, known.term_from, term, math.inf)
            longest = _limit(known.longest_terms, known.credit_from, self.credit, math.inf)
            shortest = _limit(known.shortest_terms, known.credit_from, self.credit, 0.0)
            with np.errstate(divide="ignore"):
                short = 1.0 - term / shortest
            never = [1.0 - ratio / min(known.ratios) if known.ratios else within]
            seldom = [small, ratio / highest - 1.0, term / longest - 1.0, short]
        return np.fmax(np.array(never), 0.0), np.fmax(np.array(seldom), 0.0)


def _limit(limits: tuple[float, ...], starts: tuple[float, ...], at: Floats, without: float) -> Floats:
    """The limit that applies at each place, one more than there are `starts`; `without` where there are none."""
    if not limits:
        return np.full_like(at, without)
    # What is missing sorts behind all others; the last limit of a ratio is the widest.
    return np.array(limits)[np.searchsorted(starts, at, side="right")]


def is_plausible(before: Loan, after: Loan) -> NDArray[np.bool_]:
    """Whether each loan `after` is one that there is; what few do it may do as far as the one before."""
    never, seldom = after.outside()
    farther = seldom - before.outside()[1].reshape(-1, *[1] * after.credit.ndim)
    return np.asarray((never <= _TOLERANCE).all(axis=0) & (farther <= _TOLERANCE).all(axis=0))


class LoanMoves:
    """The moves of one application's loan, and the loans that it becomes by them."""

    def __init__(self, application: Mapping[str, Value], definition: Definition, known: LoanLever) -> None:
        self._loan = Loan.of(application, known)
        self._wholes = {name for name in _columns(known) if definition.column(name).dtype.is_integer()}
        # Which amount is a round one; of a revolving loan, so that a share of it is one, too.
        self._is_of_credit = self._loan.is_revolving or bool(np.isnan(self._loan.goods))

    def __iter__(self) -> Iterator[Move]:
        loan, known = self._loan, self._loan.known
        if np.isnan(loan.credit):
            return
        yield _amounts(SIZE, _columns(known), float(loan.credit if self._is_of_credit else loan.goods), -1)
        if loan.is_revolving:
            return
        ratio = float(loan.credit / loan.goods)
        ratios = np.array([each for each in known.ratios if each < ratio * (1 - _TOLERANCE)])
        yield Move(SURCHARGE, frozenset({known.credit, known.annuity}), ratios, np.log(ratio / ratios))
        if not np.isnan(loan.annuity):
            for name, direction in ((LONGER, -1), (SHORTER, 1)):
                yield _amounts(name, frozenset({known.annuity}), float(loan.annuity), direction, "term")

    def after(self, values: Mapping[str, Floats]) -> dict[str, Floats]:
        """The loan's columns, as far as they are given, where each move goes to some values of one shape.

        NaN stands in all columns where the loan would be none that there is.
        """
        loan = self._moved(values)
        known = loan.known
        amounts = {known.credit: loan.credit, known.goods: loan.goods, known.annuity: loan.annuity}
        kept = is_plausible(self._loan, loan)
        return {
            name: np.where(kept, amount, math.nan) for name, amount in amounts.items() if not np.isnan(amount).any()
        }

    def _moved(self, values: Mapping[str, Floats]) -> Loan:
        now, known = self._loan, self._loan.known
        shape = next(iter(values.values())).shape
        credit, goods = np.full(shape, now.credit), np.full(shape, now.goods)
        term = now.credit / next((values[name] for name in (LONGER, SHORTER) if name in values), now.annuity)
        if self._is_of_credit and SIZE in values:
            credit = values[SIZE]
            goods = self._rounded(known.goods, credit * now.goods / now.credit)
        elif SIZE in values or SURCHARGE in values:
            goods = values.get(SIZE, goods)
            credit = self._rounded(known.credit, goods * values.get(SURCHARGE, now.credit / now.goods))
        # Where the annuity is missing, so is the term, and it stays so.
        return Loan(credit, goods, self._rounded(known.annuity, credit / term), now.is_revolving, known)

    def _rounded(self, name: str, amounts: Floats) -> Floats:
        """Amounts as finely as the table states them: in halves, or whole."""
        return np.rint(amounts) if name in self._wholes else np.rint(2.0 * amounts) / 2.0


def _columns(known: LoanLever) -> frozenset[str]:
    return frozenset({known.credit, known.goods, known.annuity})


def _amounts(name: str, columns: frozenset[str], now: float, direction: int, choice: str = "") -> Move:
    """Whole steps beyond `now`, up to the farthest change."""
    values = steps_to(now, now * (1.0 + direction * FARTHEST), step_of(now))
    return Move(name, columns, values, costs_of(now, values), choice)

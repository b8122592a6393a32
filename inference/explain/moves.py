"""What somebody can change about an application, as its definition says: its loan, single amounts, flags and levels.

Who the applicant is, and what others say of them, is never moved, nor is anybody advised to borrow more.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.definition.columns import Kind
from data.definition.conditions import holds
from data.definition.definition import Definition, Lever
from inference.explain.loan_moves import LoanMoves
from inference.explain.steps import FLAG_COST, PRECISION, Move, Places, amount_of, costs_of, step_of, steps_to
from inference.values import Value


class Moves(Mapping[str, Move]):
    """The moves of one application by name, and what it becomes by them."""

    def __init__(self, application: Mapping[str, Value], definition: Definition, sources: tuple[str, ...]) -> None:
        """Find what can be changed; `sources` are the columns that anything depends on."""
        self._application, self._definition = application, definition
        self._loan = None if definition.loan is None else LoanMoves(application, definition, definition.loan)
        of_loan = {move.name: move for move in self._loan or ()}
        of_levers = {move.name: move for move in self._of_levers()}
        self._of_loan = frozenset(of_loan)
        self._moves = {
            name: move
            for name, move in (of_loan | of_levers).items()
            if move.values.size and not move.columns.isdisjoint(sources)
        }

    def __getitem__(self, name: str) -> Move:
        return self._moves[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._moves)

    def __len__(self) -> int:
        return len(self._moves)

    def go_together(self, first: str, second: str) -> bool:
        """Whether two different moves can be made at once."""
        choices = {self[name].choice for name in (first, second)}
        return len(choices) > 1 or choices == {""}

    def after(self, chosen: Mapping[str, Places]) -> dict[str, NDArray[Any]]:
        """The columns that the chosen steps of some moves change, each with its values.

        Columns of the loan come first; in them NaN stands where the loan would be none that there is.
        """
        values = {name: self[name].values[steps] for name, steps in chosen.items()}
        of_loan = {name: found for name, found in values.items() if name in self._of_loan}
        columns = self._loan.after(of_loan) if self._loan and of_loan else {}
        return columns | {
            next(iter(self[name].columns)): found for name, found in values.items() if name not in self._of_loan
        }

    def _of_levers(self) -> Iterator[Move]:
        for lever in self._definition.levers:
            value = self._application.get(lever.column)
            is_special = self._definition.column(lever.column).is_special(value)
            # Only a value that is known can be changed: NaN differs from itself.
            if value is None or value != value or is_special:
                continue
            if lever.unless is None or not holds(lever.unless, self._application, self._definition):
                yield from self._of_level(lever, value) if lever.to is not None else self._of_amount(lever, value)

    def _of_level(self, lever: Lever, value: Value) -> Iterator[Move]:
        is_level = self._definition.column(lever.column).kind is Kind.CATEGORY
        if value != lever.to and not (self._is_borrowed(lever) and amount_of(lever.to) > amount_of(value)):
            target = np.array([lever.to], dtype=object) if is_level else np.array([lever.to], dtype=np.float64)
            yield Move(lever.column, frozenset({lever.column}), target, np.array([FLAG_COST]), _choice(lever))

    def _of_amount(self, lever: Lever, value: Value) -> Iterator[Move]:
        now, column = amount_of(value), self._definition.column(lever.column)
        if math.isnan(now):
            return
        step = step_of(now, lever.step or PRECISION, 1.0 if column.dtype.is_integer() else 0.0)
        for word, share in (("down", lever.down_to), ("up", None if self._is_borrowed(lever) else lever.up_to)):
            if share is not None and share != 1.0:
                found = steps_to(now, now * share, step)
                low = -math.inf if column.minimum is None else column.minimum
                high = math.inf if column.maximum is None else column.maximum
                kept = found[(low <= found) & (found <= high) & ~np.isin(found, column.special_values)]
                columns = frozenset({lever.column})
                yield Move(
                    f"{lever.column}:{word}", columns, kept, costs_of(now, kept), _choice(lever) or f"of {lever.column}"
                )

    def _is_borrowed(self, lever: Lever) -> bool:
        """Whether the lever's column is the amount that is asked for."""
        return lever.column == self._definition.roles.exposure


def _choice(lever: Lever) -> str:
    """What tells moves apart that exclude one another; never one of a loan's."""
    return f"choice {lever.choice}" if lever.choice else ""


def are_possible(columns: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """Which of the changes that `Moves.after` gives can be made."""
    first = next(iter(columns.values()))
    return np.ones(first.shape, dtype=bool) if first.dtype == object else ~np.isnan(first)

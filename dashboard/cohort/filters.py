"""Filters: a frozen, hashable description of a cohort, and the Polars expression that selects it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import reduce

import polars as pl

from data.predictions.table import OBSERVED, OUTCOME, PROBABILITY, CohortColumn, scores_column

# No column is called so: the names of those of a file never begin with a tilde.
DECISION, MODELS = "~decision", "~models"


class Decision(StrEnum):
    """The decision at a cutoff, and whether the outcome confirms it."""

    TRUE_DECLINE = "true decline"
    FALSE_DECLINE = "false decline"
    TRUE_APPROVAL = "true approval"
    FALSE_APPROVAL = "false approval"

    @property
    def is_declined(self) -> bool:
        """Whether the application is declined."""
        return self in (Decision.TRUE_DECLINE, Decision.FALSE_DECLINE)

    @property
    def defaulted(self) -> bool:
        """Whether the application defaulted."""
        return self in (Decision.TRUE_DECLINE, Decision.FALSE_APPROVAL)


@dataclass(frozen=True, slots=True)
class LevelFilter:
    """Keep the rows whose `column` is one of `levels`; `with_missing` keeps those without a value too."""

    column: str
    levels: tuple[str, ...]
    with_missing: bool = False

    def expression(self) -> pl.Expr:
        """The Polars predicate; never null."""
        chosen = pl.col(self.column).is_in(list(self.levels)).fill_null(value=False)
        return chosen | pl.col(self.column).is_null() if self.with_missing else chosen


@dataclass(frozen=True, slots=True)
class RangeFilter:
    """Keep the rows whose `column` lies in the closed range from `low` to `high`, in the unit it is stored in.

    An end that is None is open; the others are compared as the column stores them: in a column of 32 bits, 0.58 is the
    nearest of those. `with_special` and `with_missing` keep rows with these special values and rows without a value
    too, and where it is `beside_range` no others.
    `special` are the column's numbers that are no quantities, which lie in no range; ends of a column that `is_date`
    are days since 1970-01-01. Both follow from the column, so that equal ranges stay equal.
    """

    column: str
    low: float | None = None
    high: float | None = None
    with_missing: bool = False
    with_special: tuple[float, ...] = ()
    beside_range: bool = False
    special: tuple[float, ...] = field(default=(), compare=False, repr=False)
    is_date: bool = field(default=False, compare=False, repr=False)

    @classmethod
    def on(cls, column: CohortColumn) -> RangeFilter:
        """The open range of `column`, which every quantity lies in."""
        return cls(column.name, special=column.special_values, is_date=column.is_date)

    def expression(self) -> pl.Expr:
        """The Polars predicate; never null."""
        value = pl.col(self.column)
        # As floats: somebody's own column of that name may be too narrow to hold a special value.
        number = value.cast(pl.Float64)
        kept = [] if self.beside_range else [self._inside(value, number)]
        kept += [number.is_in(self.with_special).fill_null(value=False)] if self.with_special else []
        kept += [value.is_null()] if self.with_missing else []
        return reduce(lambda a, b: a | b, kept, pl.lit(value=False))

    def _inside(self, value: pl.Expr, number: pl.Expr) -> pl.Expr:
        ends = [value >= self.low] if self.low is not None else []
        ends += [value <= self.high] if self.high is not None else []
        ends += [~number.is_in(self.special)] if self.special else []
        return reduce(lambda a, b: a & b, ends, value.is_not_null()).fill_null(value=False)


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """Keep the rows of these kinds of decision at `cutoff`; None until `Filters.at` says which cutoff is in force."""

    kinds: tuple[Decision, ...]
    cutoff: float | None = None

    @property
    def column(self) -> str:
        """The key that identifies the condition."""
        return DECISION

    def expression(self) -> pl.Expr:
        """The Polars predicate; never null."""
        if self.cutoff is None:
            raise ValueError("A filter on decisions needs the cutoff; resolve it with `Filters.at`.")
        declined = pl.col(PROBABILITY) >= self.cutoff
        kinds = [
            (declined if kind.is_declined else ~declined) & (pl.col(OUTCOME) == kind.defaulted).fill_null(value=False)
            for kind in self.kinds
        ]
        return reduce(lambda a, b: a | b, kinds, pl.lit(value=False))


@dataclass(frozen=True, slots=True)
class ModelDecision:
    """What the model called `model` decides at `cutoff`, a PD from which on it declines."""

    model: str
    cutoff: float
    is_declined: bool

    def expression(self) -> pl.Expr:
        """The Polars predicate; null where the model gives no PD."""
        declined = pl.col(scores_column(self.model)) >= self.cutoff
        return declined if self.is_declined else ~declined


@dataclass(frozen=True, slots=True)
class ModelsFilter:
    """Keep the rows on which models take all of these `decisions`, each at a cutoff of its own; both models of a pair
    have scored them.

    `versions` are those of the models' PDs, filled in by `Filters.at`, so that what is kept of a cohort is not taken
    for that of a model published later under the same name.
    """

    decisions: tuple[ModelDecision, ...]
    versions: tuple[str, ...] = ()

    @property
    def column(self) -> str:
        """The key that identifies the condition."""
        return MODELS

    @property
    def models(self) -> tuple[str, ...]:
        """The models that decide, each once."""
        return tuple(dict.fromkeys(decision.model for decision in self.decisions))

    def narrowed(self, decisions: Iterable[ModelDecision]) -> ModelsFilter:
        """The rows on which models take these decisions too."""
        return replace(self, decisions=tuple(dict.fromkeys((*self.decisions, *decisions))))

    def expression(self) -> pl.Expr:
        """The Polars predicate; never null."""
        met = reduce(lambda a, b: a & b, (each.expression() for each in self.decisions), pl.lit(value=True))
        return met.fill_null(value=False)


Condition = LevelFilter | RangeFilter | DecisionFilter | ModelsFilter


@dataclass(frozen=True, slots=True)
class Filters:
    """A cohort: the rows that meet all `conditions`, or with `is_rest` all the other ones.

    Equal cohorts compare and hash equal in whichever order their conditions were given.
    """

    conditions: tuple[Condition, ...] = ()
    is_rest: bool = False

    @classmethod
    def of(cls, conditions: Iterable[Condition]) -> Filters:
        """The cohort of `conditions`, one a column (the last one given), in canonical order."""
        by_column = {condition.column: condition for condition in conditions}
        return cls(tuple(by_column[name] for name in sorted(by_column)))

    def __bool__(self) -> bool:
        return bool(self.conditions) or self.is_rest

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that conditions are on."""
        return tuple(condition.column for condition in self.conditions)

    @property
    def models(self) -> tuple[str, ...]:
        """The models whose decisions select the cohort."""
        found = self.on(MODELS)
        return found.models if isinstance(found, ModelsFilter) else ()

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that `expression` reads, as `Predictions.holding` takes them."""
        return (*self.columns, *map(scores_column, self.models))

    @property
    def is_cut_by_outcome(self) -> bool:
        """Whether the cohort is selected by the outcome."""
        return any(condition.column in (OBSERVED, DECISION) for condition in self.conditions)

    def on(self, column: str) -> Condition | None:
        """The condition on `column`, or None."""
        return next((condition for condition in self.conditions if condition.column == column), None)

    def having(self, condition: Condition) -> Filters:
        """These filters with `condition` in place of the one on its column."""
        return replace(Filters.of([*self.conditions, condition]), is_rest=self.is_rest)

    def without(self, column: str) -> Filters:
        """These filters without the condition on `column`."""
        return replace(self, conditions=tuple(c for c in self.conditions if c.column != column))

    def rest(self) -> Filters:
        """The cohort of all other rows."""
        return replace(self, is_rest=not self.is_rest)

    def beyond(self, part: Filters) -> Filters | None:
        """The rows that `part` lacks of this cohort where it has fewer levels of one column; None where it differs
        otherwise."""
        if self.is_rest or part.is_rest or self.columns != part.columns:
            return None
        differing = [pair for pair in zip(self.conditions, part.conditions, strict=True) if pair[0] != pair[1]]
        if len(differing) != 1:
            return None
        own, other = differing[0]
        if not (isinstance(own, LevelFilter) and isinstance(other, LevelFilter)):
            return None
        if not set(other.levels) <= set(own.levels) or other.with_missing > own.with_missing:
            return None
        levels = tuple(level for level in own.levels if level not in other.levels)
        return self.having(LevelFilter(own.column, levels, with_missing=own.with_missing and not other.with_missing))

    def at(self, cutoff: float, versions: Mapping[str, str] | None = None) -> Filters:
        """These filters with the cutoff in force filled in where a condition depends on it, and the `versions` of the
        models' PDs, by model, where one depends on them."""

        def resolved(condition: Condition) -> Condition:
            if isinstance(condition, DecisionFilter):
                return replace(condition, cutoff=cutoff)
            if isinstance(condition, ModelsFilter) and versions is not None:
                return replace(condition, versions=tuple(versions.get(name, "") for name in condition.models))
            return condition

        return replace(self, conditions=tuple(map(resolved, self.conditions)))

    def expression(self) -> pl.Expr | None:
        """The Polars predicate, or None for the whole portfolio."""
        if not self:
            return None
        met = reduce(lambda a, b: a & b, (condition.expression() for condition in self.conditions), pl.lit(value=True))
        return ~met if self.is_rest else met

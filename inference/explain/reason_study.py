"""What is told to declined applicants, counted: reasons that do not hold, and changes that nobody could make.

The counts take nothing from `inference.explain.reasons` or `inference.explain.moves` but what these say: values
are compared with the quartiles and levels of the just approved, every claim is scored anew, and loans are compared with
the table's own.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.definition.columns import Column, Kind
from data.definition.definition import Definition, LoanLever
from data.facts import describe_table
from data.files.convert import open_applications
from data.settings import Settings
from inference.explain.comparison import Reference, find_reference, just_approved, published_log_odds, typical_value
from inference.explain.contributions import open_contributions
from inference.explain.counterfactuals import Counterfactual, find_changes
from inference.explain.explainer import Explainer
from inference.explain.moves import Moves, are_possible
from inference.explain.reasons import COMBINATION, batch_reasons, principal_reasons
from inference.model.decision import declines, is_declined
from inference.model.session import ScoringSession
from inference.values import Value

Advance = Callable[[int, int], None]
Application = Mapping[str, Value]
_ALONE = 200
_QUANTILES = (0.5, 0.95, 1.0)


@dataclass(frozen=True, slots=True)
class ReasonCounts:
    """Reasons of some declined applications; shares are of all reasons but combinations, or of the applications.

    `typical` have a value in the middle half or of the commonest level of the just approved, or one missing where at
    least half of these lack it; `equal` have exactly the typical value; of `not_lower` the PD does not fall when it is
    moved there, of `raises` it rises. `missing` and `combined` are of the applications. `differ` is how many of the
    first applications have other reasons alone than among all.
    """

    n_applications: int
    n_reasons: int
    typical: float
    equal: float
    not_lower: float
    raises: float
    given: float
    missing: Mapping[str, float]
    combined: float
    unexplained: int
    differ: int
    just_approved_declined: int
    seconds: float

    @property
    def mean(self) -> float:
        """Reasons of an application, combinations left out."""
        return self.n_reasons / self.n_applications


@dataclass(frozen=True, slots=True)
class ChangeCounts:
    """Changes of some declined applications: how many are shown, and how many of these are not what they should be.

    `ms` and `cpu_ms` are the median, the 95 % quantile and the largest of an application.
    """

    n_applications: int
    without: int
    shown: int
    declined: int
    implausible: int
    shrinkable: int
    ms: tuple[float, ...]
    cpu_ms: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Study:
    """A built portfolio with its published model, ready to be counted at the model's cutoff."""

    table: pl.DataFrame
    session: ScoringSession
    explainer: Explainer
    reference: Reference
    probabilities: NDArray[np.float32]
    closest: NDArray[np.int64]

    @classmethod
    def open(cls, settings: Settings) -> Study:
        """Load what `settings` point to.

        Raises:
            ScoreroomError: something is missing, or does not belong together.
        """
        session = ScoringSession.open_built(settings)
        table = open_applications(settings, session.definition).collect()
        typical = {name: facts.typical for name, facts in describe_table(table.lazy(), session.definition).items()}
        contributions = open_contributions(settings, session.manifest)
        probabilities = session.score_frame(table)
        error = contributions.max_error * len(contributions.features)
        log_odds, cutoff = published_log_odds(contributions), session.manifest.cutoff
        closest = just_approved(log_odds, error, lambda rows: probabilities[rows], cutoff)
        reference = find_reference(contributions, table.lazy(), session, cutoff)
        return cls(
            table, session, Explainer.open(settings.model, typical, session.features), reference, probabilities, closest
        )

    @property
    def cutoff(self) -> float:
        """The model's cutoff."""
        return self.session.manifest.cutoff

    def sample(self, n: int, seed: int) -> pl.DataFrame:
        """At most `n` random applications that the cutoff declines, in the order of the table."""
        declined = np.flatnonzero(is_declined(self.probabilities, self.cutoff))
        chosen = np.random.default_rng(seed).permutation(declined)[:n]
        return self.table[np.sort(chosen)]

    def count_reasons(self, applications: pl.DataFrame) -> ReasonCounts:
        """Count the reasons of declined applications."""
        matrix = self.session.features.matrix(applications)
        start = time.perf_counter()
        found = batch_reasons(applications, matrix, self.explainer, self.session, self.reference)
        seconds = time.perf_counter() - start
        names, rows = (*self.explainer.fields, COMBINATION), list(applications.iter_rows(named=True))
        named = [[names[place] for place in places if place >= 0] for places in found.tolist()]
        single = [(row, name) for row, these in zip(rows, named, strict=True) for name in these if name != COMBINATION]
        moves = [self._move(row, name) for row, name in single]
        n_reasons = max(len(single), 1)
        lacking = [name for row, name in single if row[name] is None]
        alone = (
            principal_reasons(row, self.explainer.explain(row), self.session, self.reference) for row in rows[:_ALONE]
        )
        return ReasonCounts(
            n_applications=len(rows),
            n_reasons=len(single),
            typical=sum(self._is_usual(row[name], name) for row, name in single) / n_reasons,
            equal=sum(row[name] == self._typical(name) for row, name in single) / n_reasons,
            not_lower=sum(moved >= 0 for moved in moves) / n_reasons,
            raises=sum(moved > 0 for moved in moves) / n_reasons,
            given=sum(row[name] == 1 and self._says_given(name) for row, name in single) / n_reasons,
            missing={name: lacking.count(name) / len(rows) for name in sorted(set(lacking), key=lacking.count)[::-1]},
            combined=sum(COMBINATION in these for these in named) / len(rows),
            unexplained=sum(not these for these in named),
            differ=sum([reason.field for reason in each] != these for each, these in zip(alone, named, strict=False)),
            just_approved_declined=int(is_declined(self.probabilities[self.closest], self.cutoff).sum()),
            seconds=seconds,
        )

    def _typical(self, name: str) -> Value:
        return typical_value(self._column(name), self.reference.typical[name])

    def _says_given(self, name: str) -> bool:
        column = self._column(name)
        return column.kind is Kind.FLAG and column.group in self.session.definition.given_groups

    def _column(self, name: str) -> Column:
        return self.session.definition.column(name)

    def _move(self, application: Application, name: str) -> float:
        """How far the PD rises when a field takes its typical value."""
        return self.session.score({**application, name: self._typical(name)}) - self.session.score(application)

    def _is_usual(self, value: Value, name: str) -> bool:
        """Whether a value is common among the just approved, by going through them."""
        column, others = self._column(name), self.table[name][self.closest]
        held = others.drop_nulls()
        if value is None or column.is_special(value):
            n_like = others.null_count() if value is None else (held == value).sum()
            return bool(2 * n_like >= len(others))
        if column.kind is not Kind.NUMERIC:
            levels = held.cast(pl.String)
            return bool((levels == str(value)).sum() == levels.value_counts(name="~n")["~n"].max())
        numbers = held.filter(~held.cast(pl.Float64).is_in([float(each) for each in column.special_values]))
        low, high = (numbers.quantile(share, "nearest") for share in (0.25, 0.75))
        return not isinstance(value, str) and low is not None and high is not None and low <= value <= high

    def count_changes(self, applications: pl.DataFrame, advance: Advance | None = None) -> ChangeCounts:
        """Count the changes that would approve declined applications."""
        definition = self.session.definition
        limits = _limits(self.table, definition)
        without = shown = declined = implausible = shrinkable = 0
        ms, cpu_ms = [], []
        for done, row in enumerate(applications.iter_rows(named=True), start=1):
            start, cpu = time.perf_counter(), time.thread_time()
            found = find_changes(self.session, row, self.cutoff)
            cpu_ms.append(1e3 * (time.thread_time() - cpu))
            ms.append(1e3 * (time.perf_counter() - start))
            shown, without = shown + len(found), without + (not found)
            moves = Moves(row, definition, self.session.features.sources)
            for each in found:
                after = {**row, **{change.name: change.after for change in each.changes}}
                declined += declines(self.session.score(after), self.cutoff)
                implausible += not limits.allow(row, after)
                shrinkable += self._is_shrinkable(row, moves, each)
            if advance:
                advance(done, applications.height)
        times = (tuple(np.quantile(each, _QUANTILES).tolist()) if each else () for each in (ms, cpu_ms))
        return ChangeCounts(applications.height, without, shown, declined, implausible, shrinkable, *times)

    def _is_shrinkable(self, application: Application, moves: Moves, found: Counterfactual) -> bool:
        """Whether a step less of one of its moves still flips the decision."""
        for name, step in found.steps.items():
            fewer = {**found.steps, name: step - 1} if step else {k: v for k, v in found.steps.items() if k != name}
            after = moves.after({key: np.array([at]) for key, at in fewer.items()}) if fewer else {}
            values = {key: column.tolist()[0] for key, column in after.items()}
            if (
                after
                and are_possible(after).all()
                and not declines(self.session.score({**application, **values}), self.cutoff)
            ):
                return True
        return False


@dataclass(frozen=True, slots=True)
class _Limits:
    """What the table's own loans show: by kind, the ranges of credit, credit / goods price and credit / annuity."""

    definition: Definition
    ranges: Mapping[str, tuple[tuple[float, float], ...]]

    def allow(self, before: Application, after: Application) -> bool:
        """Whether no loan grows, no goods become dearer, all lies in the ranges, and one of each choice is taken.

        Ranges hold up to rounding to half a unit.
        """
        return self._one_of_each_choice(before, after) and (
            self.definition.loan is None or self._is_loan(before, after, self.definition.loan)
        )

    def _is_loan(self, before: Application, after: Application, known: LoanLever) -> bool:
        (credit, *ratios), was = _loan(after, known), _loan(before, known)
        grows = credit > was[0] or _number(after[known.goods]) > _number(before[known.goods])
        ranges = self.ranges[_kind_of(before, known)]
        return not grows and all(
            math.isnan(value) or low * (1 - 1e-4) <= value <= high * (1 + 1e-4)
            for value, (low, high) in zip((credit, *ratios), ranges, strict=True)
        )

    def _one_of_each_choice(self, before: Application, after: Application) -> bool:
        changed = [each.choice for each in self.definition.levers if before[each.column] != after[each.column]]
        return all(changed.count(choice) <= 1 for choice in changed if choice)


def _limits(table: pl.DataFrame, definition: Definition) -> _Limits:
    known = definition.loan
    if known is None:
        return _Limits(definition, {})
    kinds = table[known.kind].cast(pl.String) if known.kind else pl.repeat("", table.height, eager=True)
    credit = pl.col(known.credit)
    ranges = {}
    for kind in kinds.unique():
        loans = table.filter(kinds == kind)
        shown = loans.select(credit, ratio=credit / pl.col(known.goods), term=credit / pl.col(known.annuity))
        ranges[kind] = tuple(zip(shown.min().row(0), shown.max().row(0), strict=True))
    return _Limits(definition, ranges)


def _kind_of(application: Application, known: LoanLever) -> str:
    return str(application[known.kind]) if known.kind else ""


def _loan(application: Application, known: LoanLever) -> tuple[float, float, float]:
    credit, goods, annuity = (_number(application[name]) for name in (known.credit, known.goods, known.annuity))
    return credit, credit / goods, credit / annuity


def _number(value: Value) -> float:
    return math.nan if value is None or isinstance(value, str) else float(value)

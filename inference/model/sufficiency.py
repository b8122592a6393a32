"""Whether enough is known of an application to score it; if not, it is referred to a person instead.

A model gives a PD for any gaps, an empty application included. What the rule asks for was measured (docs/data.md): how
far the ranking of real applications falls when such columns are blanked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import polars as pl

from data.definition.definition import Definition, Sufficiency

# Of the counted columns, of which any few will do; what is needed is named in full.
_MOST_NAMED = 4
_BITS = 62


@dataclass(frozen=True, slots=True)
class SufficiencyCheck:
    """A definition's rule, or that of a model's manifest, in the words of the definition's columns."""

    rule: Sufficiency
    definition: Definition

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the rule looks at."""
        return tuple(dict.fromkeys((*self.rule.required, *self.rule.one_of, *self.rule.counted)))

    def why_refer(self, application: Mapping[str, object]) -> str:
        """Why an application is not scored, in one sentence, or an empty text; an absent column is a missing value."""
        lacking = frozenset(name for name in self.columns if is_missing(application.get(name)))
        return self._why(lacking) if lacking else ""

    def why_refer_each(self, applications: pl.DataFrame) -> pl.Series:
        """`why_refer` of every row, null where it is scored; a column that the table lacks is missing in all rows."""
        return self._each(applications, self._why)

    def missing_each(self, applications: pl.DataFrame) -> pl.Series:
        """The columns that each row is referred for, joined by commas, null where it is scored; as `why_refer_each`."""
        return self._each(applications, lambda lacking: ", ".join(dict.fromkeys(chain(*self._decisive(lacking)))))

    def _each(self, applications: pl.DataFrame, say: Callable[[frozenset[str]], str]) -> pl.Series:
        absent = frozenset(self.columns).difference(applications.columns)
        if absent.issuperset(self.columns):
            return pl.Series([say(absent) or None], dtype=pl.String).new_from_index(0, applications.height)
        there = [name for name in self.columns if name not in absent]
        # Few patterns of gaps occur, however many the rows: each is a few numbers, with a bit for every column.
        bits = [
            _is_gap(name, applications.schema[name]).cast(pl.Int64) * (1 << i % _BITS) for i, name in enumerate(there)
        ]
        parts = (pl.sum_horizontal(bits[start : start + _BITS]) for start in range(0, len(bits), _BITS))
        gaps = applications.select(part.alias(f"part {place}") for place, part in enumerate(parts))
        reasons = {
            found: say(absent.union(name for i, name in enumerate(there) if found[i // _BITS] >> i % _BITS & 1)) or None
            for found in gaps.unique().rows()
        }
        return pl.Series([reasons[found] for found in gaps.rows()], dtype=pl.String)

    def _decisive(self, lacking: frozenset[str]) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
        """Of the missing columns those that have the application referred, by the part of the rule."""
        counted = [name for name in self.rule.counted if name in lacking]
        return (
            [name for name in self.rule.required if name in lacking],
            self.rule.one_of if lacking.issuperset(self.rule.one_of) else (),
            counted if len(counted) > self.rule.most_lacking else (),
        )

    def _why(self, lacking: frozenset[str]) -> str:
        parts = []
        required, one_of, counted = self._decisive(lacking)
        if required:
            verb = "is" if len(required) == 1 else "are"
            parts.append(f"{self._listed(required)} {verb} missing and {verb} needed")
        if one_of:
            parts.append(f"none of {self._listed(one_of)} is there and one is needed")
        if counted:
            parts.append(
                f"{len(counted)} of {len(self.rule.counted)} columns that count are missing, "
                f"at most {self.rule.most_lacking} may be ({self._listed(counted, _MOST_NAMED)})"
            )
        return f"Not enough is known to score: {'; '.join(parts)}." if parts else ""

    def _listed(self, names: Sequence[str], most: int | None = None) -> str:
        labels = [self.definition.column(name).label.lower() for name in names]
        if most is not None and len(labels) > most:
            labels = [*labels[:most], f"{len(labels) - most} more"]
        return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} and {labels[-1]}"


def is_missing(value: object) -> bool:
    """Whether a value of an application says nothing: None or NaN."""
    # Only a NaN differs from itself.
    return value is None or value != value


def _is_gap(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    return column.is_null() | column.is_nan() if dtype.is_float() else column.is_null()

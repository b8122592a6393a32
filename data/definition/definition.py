"""The definition of a portfolio, read and checked: frozen, hashable by its digest, handed down to whatever needs it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cached_property
from types import MappingProxyType

import polars as pl

from data.definition.columns import Column, Kind, Sensitivity
from data.definition.grammar import Call, Name, Node, Number, Text, word
from data.errors import SchemaError

# The identifier of a table that brings none: the place of the row in its file, from 1.
ROW_NUMBER = "row_number"
DEFAULT_CURRENCY = ""
Value = float | int | str | None


@dataclass(frozen=True, slots=True)
class Table:
    """The file that the applications come from and how it is written; empty texts where nothing was said.

    `file` is seen from the definition's folder. `header` is whether the first line names the columns; without it they
    are `names`. `missing` are texts that stand for nothing besides an empty cell. `read` says what else is
    to be known of how the file is written, as `--read` takes it.
    """

    file: str = ""
    separator: str = ","
    header: bool = True
    names: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    read: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The column that says what happened, in the table's own values; what is neither good nor bad is open."""

    column: str
    bad: tuple[str, ...]
    good: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Roles:
    """Columns with a part to play; an empty text where no column has it. `id` is never empty (see `ROW_NUMBER`)."""

    id: str = ROW_NUMBER
    date: str = ""
    exposure: str = ""
    weight: str = ""
    decision: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """A score that the table brings, by its name."""

    name: str
    column: str
    kind: str = "probability"
    higher: str = "riskier"


@dataclass(frozen=True, slots=True)
class Derived:
    """A feature that is computed from columns: its name, label, the expression as text, and that text parsed."""

    name: str
    label: str
    value: str
    node: Node


@dataclass(frozen=True, slots=True)
class Features:
    """The inputs of a model: columns by name, then derived features, both in order.

    `directions` say for a raw column whether the PD may only rise (1) or only fall (-1) as it rises.
    """

    columns: tuple[str, ...]
    derived: tuple[Derived, ...] = ()
    directions: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lever:
    """A column that can be changed: a number to shares of itself (`down_to`, `up_to`) or `to` one value.

    `step` is the share of a number's value in which it moves. It is not offered where `unless` holds. Levers of one
    `choice` exclude one another.
    """

    column: str
    down_to: float | None = None
    up_to: float | None = None
    step: float | None = None
    to: Value = None
    unless: Node | None = None
    choice: str = ""


@dataclass(frozen=True, slots=True)
class LoanLever:
    """A loan whose amounts depend on one another, by the columns that hold them.

    `kind` is the column that tells revolving loans (level `revolving`) from instalment loans; both empty where all are
    instalment loans. A revolving loan's annuity is `revolving_rate` of its credit. `ratios` are credit / goods price as
    loans are sold, `smallest` the smallest usual credit. Term means credit / annuity: from each credit of `credit_from`
    on the next of `shortest_terms` and `longest_terms` applies, and from each term of `term_from` on the next of
    `highest_ratios`; without them there is no limit.
    """

    credit: str
    annuity: str
    goods: str
    kind: str = ""
    revolving: str = ""
    revolving_rate: float = 0.0
    smallest: float = 0.0
    ratios: tuple[float, ...] = ()
    credit_from: tuple[float, ...] = ()
    shortest_terms: tuple[float, ...] = ()
    longest_terms: tuple[float, ...] = ()
    term_from: tuple[float, ...] = ()
    highest_ratios: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """Values that contradict one another: the columns involved, the text to show, and the condition."""

    columns: tuple[str, ...]
    text: str
    when: Node


@dataclass(frozen=True, slots=True)
class Sufficiency:
    """The values that a score needs: all of `required`, one of `one_of`, and all but `most_lacking` of `counted`."""

    required: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    counted: tuple[str, ...] = ()
    most_lacking: int = 0


@dataclass(frozen=True, slots=True)
class Training:
    """The number of trees on a table of at least `from_rows` rows; 0, or fewer rows: chosen from the rows."""

    trees: int = 0
    from_rows: int = 0


@dataclass(frozen=True, slots=True)
class Screen:
    """The defaults of the pages: columns of the first table, usual segments, the pair of the heat map.

    `groups` is the order in which groups of columns are shown; others follow in table order.
    """

    groups: tuple[str, ...] = ()
    first_columns: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    pair: tuple[str, ...] = ()


@dataclass(frozen=True)
class Definition:
    """A portfolio's definition; valid from construction (`reading.read_definition` checks it).

    `columns` hold the identifier, the outcome where there is one, and every column that is read, in table order.
    `left_out` are columns of the file that are not read. `example` is an application for documentation. A flag in one
    of `given_groups` says that something was handed over: only its lack can count against an applicant.
    """

    name: str
    columns: tuple[Column, ...]
    features: Features
    outcome: Outcome | None = None
    roles: Roles = Roles()
    table: Table = Table()
    currency: str = DEFAULT_CURRENCY
    scores: tuple[Score, ...] = ()
    champion: str = "champion"
    levers: tuple[Lever, ...] = ()
    loan: LoanLever | None = None
    rules: tuple[Rule, ...] = ()
    sufficiency: Sufficiency = Sufficiency()
    training: Training = Training()
    screen: Screen = Screen()
    example: Mapping[str, Value] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    given_groups: tuple[str, ...] = ()

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """Every column by its name, in table order."""
        return MappingProxyType({column.name: column for column in self.columns})

    @property
    def id(self) -> str:
        """Name of the column that identifies an application."""
        return self.roles.id

    @property
    def target(self) -> str | None:
        """Name of the column that says what happened, 1 for a default; None where the table brings no outcome."""
        return None if self.outcome is None else self.outcome.column

    def column(self, name: str) -> Column:
        """The column called `name`.

        Raises:
            SchemaError: there is no such column.
        """
        try:
            return self.by_name[name]
        except KeyError:
            raise SchemaError.from_unknown_column(name, self.by_name) from None

    @cached_property
    def inputs(self) -> tuple[Column, ...]:
        """The columns that an application brings: all but identifier and outcome."""
        return tuple(column for column in self.columns if column.is_input)

    @cached_property
    def protected(self) -> tuple[str, ...]:
        """Names of the columns that no feature may be made of."""
        return tuple(column.name for column in self.columns if column.sensitivity is Sensitivity.PROTECTED)

    def cohort_columns(self) -> tuple[Column, ...]:
        """The columns that the predictions table carries, in table order."""
        return tuple(column for column in self.columns if column.cohort)

    def polars_schema(self) -> pl.Schema:
        """Names and smallest exact dtypes of a valid application table, in order.

        Decimals stay 64 bit because a decimal fraction is not exact in 32; categories are enums of the declared levels.
        """
        return pl.Schema({column.name: column.dtype for column in self.columns})

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The groups of columns, in the order in which the screen shows them."""
        present = dict.fromkeys(column.group for column in self.columns if column.kind is not Kind.ID)
        return tuple(dict.fromkeys([*(group for group in self.screen.groups if group in present), *present]))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content, in hexadecimal; comments and spacing in the file do not count."""
        return hashlib.sha256(json.dumps(_plain(self), sort_keys=True).encode()).hexdigest()

    def __hash__(self) -> int:
        return hash(self.digest)


def _plain(value: object) -> object:
    """A part of a definition in JSON's terms; what has its default is left out, so that a new field changes nothing."""
    if isinstance(value, Number | Text | Name | Call):
        return word(value)
    if isinstance(value, pl.DataType):
        return str(value)
    if is_dataclass(value):
        parts = {each.name: getattr(value, each.name) for each in fields(value)}
        defaults = {each.name: each.default for each in fields(value)}
        if isinstance(value, Derived):
            # The tree says it.
            del parts["value"]
        return {name: _plain(part) for name, part in parts.items() if part != defaults[name] and part != {}}
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value

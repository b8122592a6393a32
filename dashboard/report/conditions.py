"""Read conditions on a command line, such as `region=north` or `amount=10..20`, like those of a link."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self

from dashboard.cohort.filters import DECISION, MODELS, Filters
from dashboard.visit.links import FILTER_PREFIX, MISSING, brief_list, read_filters
from data.definition.definition import Definition
from data.errors import ScoreroomError
from data.predictions.table import CohortColumn, CohortKind


class ConditionError(ScoreroomError):
    """Raised if a text is not a condition on the applications."""

    @classmethod
    def from_no_condition(cls, source: str, text: str) -> Self:
        return cls(f"{source} {text}: is not COLUMN=LEVEL; say for example region=north or amount=10..20.")

    @classmethod
    def from_unknown_column(cls, source: str, text: str, name: str, known: Iterable[str]) -> Self:
        return cls(f"{source} {text}: there is no column {name!r} to choose by; columns are {brief_list(known)}.")

    @classmethod
    def from_link(cls, source: str, sentence: str) -> Self:
        return cls(f"{source}: {sentence}")


def read_conditions(
    texts: Iterable[str], columns: Mapping[str, CohortColumn], definition: Definition, source: str = "--where"
) -> Filters:
    """The cohort of the conditions in `texts`: any of a column's levels, all of the columns.

    Values are written as in a link (`dashboard.visit.links`), and a single number means that number. Errors
    begin with `source`, the option or key that the texts came from.

    Raises:
        ConditionError: a text is not a condition, or names an unknown column or level.
    """
    pairs = [_pair(source, text, columns) for text in texts]
    filters, problems = read_filters([(FILTER_PREFIX + name, value) for name, value in pairs], columns, definition)
    if problems:
        raise ConditionError.from_link(source, problems[0])
    return filters


def _pair(source: str, text: str, columns: Mapping[str, CohortColumn]) -> tuple[str, str]:
    # Names may hold an equals sign, and so may levels: of the columns that fit, the longest name is meant.
    fitting = [name for name in (*columns, DECISION, MODELS) if text.startswith(f"{name}=")]
    if not fitting:
        name, equals, _ = text.partition("=")
        if not equals or not name:
            raise ConditionError.from_no_condition(source, text)
        raise ConditionError.from_unknown_column(source, text, name, columns)
    name = max(fitting, key=len)
    value = text[len(name) + 1 :]
    is_number = name in columns and columns[name].kind is CohortKind.RANGE
    return name, f"{value}..{value}" if is_number and ".." not in value and value != MISSING else value

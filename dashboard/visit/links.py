"""Write cohorts to links and exported files, and read them back.

A filter is the query parameter `f.COLUMN`. A category repeats it once a level; a number says `LOW..HIGH` in the unit it
is stored in, either end may be left open, and `CODE..CODE` for each special value that is kept; a date says
`2024-01-01..2024-03-31`. `~missing` stands for rows without a value. A level that itself begins with a tilde gets
another one in front. `f.~models` says what models decide, all of it together: `MODEL>=CUTOFF` that one declines at a
cutoff (a PD), `MODEL<CUTOFF` that it approves.
"""

from __future__ import annotations

import math
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Protocol, Self, TypeVar
from urllib.parse import parse_qsl, urlencode

import orjson

from dashboard.cohort.columns import DEFAULTED, NOT_KNOWN, REPAID
from dashboard.cohort.filters import (
    DECISION,
    MODELS,
    Condition,
    Decision,
    DecisionFilter,
    Filters,
    LevelFilter,
    ModelDecision,
    ModelsFilter,
    RangeFilter,
)
from dashboard.words import labels
from data.definition.columns import Kind
from data.definition.definition import Definition
from data.definition.evidence.vocabulary import NO, YES
from data.errors import ScoreroomError
from data.predictions.table import DAY, EXPOSURE, FOLD, FOLD_NAME, ID, OBSERVED, OUTCOME, CohortColumn, CohortKind

FILTER_PREFIX = "f."
MISSING = "~missing"
FORMAT = "scoreroom.cohorts"
VERSION = 1
MOST_NAMED = 50
LONGEST_NAME = 60
LONGEST_NOTE = 500
_LONGEST_QUOTE = 40
_MOST_DECISIONS = 8
# The cutoff comes last, so that a model's name may hold what parts it from the name.
_MODEL_DECISION = re.compile(r"(.{1,200})(>=|<)([^<>=]{1,40})", re.DOTALL)
_OUTCOMES = {
    **dict.fromkeys(YES, DEFAULTED),
    **dict.fromkeys(NO, REPAID),
    MISSING: NOT_KNOWN,
    "open": NOT_KNOWN,
}
_MOST_PROBLEMS = 5
_MOST_LISTED = 12

Pairs = Sequence[tuple[str, str]]


class Named(Protocol):
    """A thing that a visit keeps by name."""

    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=Named)


class LinkError(ScoreroomError):
    """Raised if a text or file that should hold cohorts does not."""

    @classmethod
    def from_filter(cls, column: str, reason: str) -> Self:
        return cls(f"The filter on {_brief(column)} {reason}.")

    @classmethod
    def from_file(cls, reason: str) -> Self:
        return cls(f"This is not a file of cohorts: {reason}. Export one with the cohorts' menu to see the form.")


@dataclass(frozen=True, slots=True)
class Cohort:
    """A named set of filters, with a reader's note.

    One that `is_saved` is kept on the server; others live in the visit, and in its address.
    """

    name: str
    filters: Filters
    note: str = field(default="", compare=False)
    is_saved: bool = field(default=False, compare=False)


def _brief(text: str) -> str:
    return text if len(text) <= _LONGEST_QUOTE else f"{text[: _LONGEST_QUOTE - 1]}…"


def brief_list(names: Iterable[str]) -> str:
    """The first twelve of `names`, each cut short where it is long, and how many more there are."""
    listed = [_brief(name) for name in names]
    more = len(listed) - _MOST_LISTED
    return ", ".join(listed[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def first_problems(problems: Sequence[str]) -> tuple[str, ...]:
    """The first five sentences, and one that says how many more there are."""
    more = len(problems) - _MOST_PROBLEMS
    return (*problems[:_MOST_PROBLEMS], f"And {more} more.") if more > 0 else tuple(problems)


def combine_named(things: Iterable[N]) -> tuple[N, ...]:
    """The last thing of each name, in the place of the first one; of more than 50 names the last ones."""
    given = tuple(things)
    latest = {thing.name: thing for thing in given}
    kept = tuple(dict.fromkeys(thing.name for thing in reversed(given)))[:MOST_NAMED]
    return tuple(thing for name, thing in latest.items() if name in kept)


def word_filters(filters: Filters) -> tuple[tuple[str, str], ...]:
    """The query parameters of `filters` as pairs of name and value."""
    return tuple(
        (FILTER_PREFIX + condition.column, text) for condition in filters.conditions for text in _words(condition)
    )


def _words(condition: Condition) -> list[str]:
    match condition:
        case DecisionFilter(kinds):
            return [kind.value for kind in kinds]
        case ModelsFilter(decisions):
            return [f"{each.model}{'>=' if each.is_declined else '<'}{each.cutoff!r}" for each in decisions]
        case LevelFilter(_, levels, with_missing):
            escaped = [f"~{level}" if level.startswith("~") else level for level in levels]
            return escaped + ([MISSING] if with_missing else [])
        case RangeFilter(_, low, high, with_missing, with_special, beside_range, is_date=is_date):
            ranges = [] if beside_range else [(low, high)]
            ranges += [(value, value) for value in with_special]
            return [f"{_end(first, is_date=is_date)}..{_end(last, is_date=is_date)}" for first, last in ranges] + (
                [MISSING] if with_missing else []
            )


def _end(end: float | None, *, is_date: bool) -> str:
    if end is None:
        return ""
    if is_date:
        return labels.day(end)
    return str(int(end)) if float(end).is_integer() else repr(float(end))


def read_filters(
    pairs: Pairs, columns: Mapping[str, CohortColumn], definition: Definition
) -> tuple[Filters, tuple[str, ...]]:
    """Read filters from query parameters, with a sentence for each that does not fit `columns` and is left out."""
    texts: dict[str, list[str]] = {}
    for name, text in pairs:
        asked, worded = _as_shown(name.removeprefix(FILTER_PREFIX), text, columns)
        texts.setdefault(asked, []).append(worded)
    conditions, problems = [], []
    for name, values in texts.items():
        try:
            conditions.append(_read(name, values, columns, definition))
        except LinkError as error:
            problems.append(str(error))
    return Filters.of(conditions), tuple(problems)


def _as_shown(name: str, text: str, columns: Mapping[str, CohortColumn]) -> tuple[str, str]:
    """A filter by the name of a stored column, or of the one that a file has in its role, as one on what is shown."""
    own = {column.taken_from: shown for shown, column in columns.items() if column.taken_from}
    meant = name if name in columns else {OUTCOME: OBSERVED, FOLD: FOLD_NAME, **own}.get(name, name)
    if meant + DAY in columns and _are_days(text):
        # Quarters are levels, days another column.
        return meant + DAY, text if ".." in text else f"{text}..{text}"
    return meant, _OUTCOMES.get(text.lower(), text) if meant == OBSERVED else text


def _are_days(text: str) -> bool:
    ends = [end for end in text.split("..") if end]
    try:
        return bool([labels.read_day(end) for end in ends])
    except ValueError:
        return False


def _read(name: str, texts: Sequence[str], columns: Mapping[str, CohortColumn], definition: Definition) -> Condition:
    if name == DECISION:
        return _read_decision(texts)
    if name == MODELS:
        return _read_models(texts)
    column = columns.get(name)
    if column is None:
        raise LinkError.from_filter(name, _why_unknown(name, definition))
    with_missing = MISSING in texts
    values = [text.removeprefix("~") for text in texts if text != MISSING]
    if column.kind is CohortKind.LEVELS:
        unknown = [value for value in values if value not in column.levels]
        if unknown:
            known = brief_list(column.levels)
            raise LinkError.from_filter(
                name, f"asks for {_brief(unknown[0])!r}, which is not one of its levels ({known})"
            )
        return LevelFilter(name, tuple(sorted(set(values))), with_missing)
    ranges = [_read_range(column, value) for value in values]
    codes = {low for low, high in ranges if low == high and low in column.special_values}
    ordinary = [each for each in ranges if each[0] not in codes or each[0] != each[1]]
    if len(ordinary) > 1:
        raise _no_range(column)
    low, high = ordinary[0] if ordinary else (None, None)
    kept = tuple(value for value in column.special_values if value in codes)
    return replace(
        RangeFilter.on(column),
        low=low,
        high=high,
        with_missing=with_missing,
        with_special=kept,
        beside_range=not ordinary,
    )


def _why_unknown(name: str, definition: Definition) -> str:
    if name in (ID, EXPOSURE):
        return "names a column that cohorts are not cut by; search for it or sort by it on the page Applications"
    known = definition.by_name.get(name)
    if known is None:
        return "names no column that cohorts can be cut by"
    if known.kind in (Kind.ID, Kind.TARGET):
        return f"names {known.label.lower()} as the application table has it; the predictions have it as " + (
            ID if known.kind is Kind.ID else OBSERVED
        )
    return (
        f"names a column of the application form ({known.label}) that is not kept with the predictions, so cohorts "
        "cannot be cut by it"
    )


def _read_decision(texts: Sequence[str]) -> Condition:
    try:
        return DecisionFilter(tuple(sorted({Decision(text) for text in texts})))
    except ValueError:
        known = ", ".join(kind.value for kind in Decision)
        raise LinkError.from_filter(DECISION, f"knows {known} only") from None


def _read_models(texts: Sequence[str]) -> Condition:
    decisions = []
    for text in texts:
        found = _MODEL_DECISION.fullmatch(text)
        cutoff = _number(found[3]) if found else math.nan
        if found is None or not math.isfinite(cutoff):
            raise LinkError.from_filter(
                MODELS, f"knows texts such as champion>=0.09 or challenger<0.09, not {_brief(text)!r}"
            )
        decisions.append(ModelDecision(found[1], cutoff, is_declined=found[2] == ">="))
    if len(decisions) > _MOST_DECISIONS:
        raise LinkError.from_filter(MODELS, f"holds {len(decisions)} decisions, and {_MOST_DECISIONS} at most are read")
    return ModelsFilter(tuple(dict.fromkeys(decisions)))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _read_range(column: CohortColumn, value: str) -> tuple[float | None, float | None]:
    low, dots, high = value.partition("..")
    read = labels.read_day if column.is_date else float
    try:
        ends = [read(end) if end else None for end in (low, high)]
    except ValueError:
        ends = [math.nan]
    numbers = [end for end in ends if end is not None]
    if not dots or not all(map(math.isfinite, numbers)) or numbers != sorted(numbers):
        raise _no_range(column)
    return ends[0], ends[1]


def _no_range(column: CohortColumn) -> LinkError:
    example = "2024-01-01..2024-03-31" if column.is_date else "10..20"
    return LinkError.from_filter(column.name, f"is not a range such as {example}")


def word_cohort(filters: Filters) -> str:
    """`filters` as one text, for a parameter that holds a named cohort."""
    return urlencode(word_filters(filters))


def read_cohort(
    text: str, columns: Mapping[str, CohortColumn], definition: Definition
) -> tuple[Filters, tuple[str, ...]]:
    """The filters in a text of `word_cohort`, and a sentence for each part that is left out."""
    return read_filters(parse_qsl(text), columns, definition)


def write_cohorts(cohorts: Iterable[Cohort]) -> bytes:
    """Cohorts as a JSON file."""
    listed = [
        {"name": cohort.name, "filters": word_filters(cohort.filters)} | ({"note": cohort.note} if cohort.note else {})
        for cohort in cohorts
    ]
    return orjson.dumps({"format": FORMAT, "version": VERSION, "cohorts": listed}, option=orjson.OPT_INDENT_2)


def read_cohorts(
    content: bytes, columns: Mapping[str, CohortColumn], definition: Definition
) -> tuple[tuple[Cohort, ...], tuple[str, ...]]:
    """The cohorts in a JSON file, and a sentence for each filter that does not fit `columns` and is left out.

    A cohort without any filter left is dropped, because it would be the whole portfolio under a misleading name.

    Raises:
        LinkError: the file does not hold cohorts, is of another version, or holds more than 50.
    """
    listed = _listed(content)
    cohorts, problems = [], []
    for entry in listed:
        name, pairs, note = _entry(entry)
        filters, left_out = read_filters(pairs, columns, definition)
        cohorts += [Cohort(name, filters, note)] if filters or not left_out else []
        problems += [f"{name}: {problem}" for problem in left_out]
    return tuple(cohorts), tuple(problems)


def _listed(content: bytes) -> list[Any]:
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise LinkError.from_file("it does not hold JSON") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise LinkError.from_file(f'it lacks "format": "{FORMAT}"')
    if document.get("version") != VERSION:
        raise LinkError.from_file(f"it is of version {document.get('version')!r}, and {VERSION} is read here")
    listed = document.get("cohorts")
    if not isinstance(listed, list) or len(listed) > MOST_NAMED:
        raise LinkError.from_file(f'"cohorts" is a list of at most {MOST_NAMED}')
    return listed


def _entry(entry: Any) -> tuple[str, Pairs, str]:
    match entry:
        case {"name": str(name), "filters": [*pairs]} if clean_name(name) and all(map(_is_pair, pairs)):
            note = entry.get("note", "")
            return clean_name(name), [(pair[0], pair[1]) for pair in pairs], clean_note(note)
        case _:
            raise LinkError.from_file('each cohort has a "name" and "filters", which is a list of pairs of texts')


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(part, str) for part in value)


def clean_name(text: str) -> str:
    """A cohort's name as it is kept: printable, on one line, of at most 60 characters."""
    # A leading tilde marks the rest, the whole or a missing value, so no name may begin with one.
    return " ".join("".join(c if c.isprintable() else " " for c in text).split()).lstrip("~ ")[:LONGEST_NAME].rstrip()


def clean_note(text: object) -> str:
    """A note as it is kept: what can be printed, of at most 500 characters; empty for what is not text."""
    given = text if isinstance(text, str) else ""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in given).strip()[:LONGEST_NOTE].rstrip()


def free_name(name: str, taken: Container[str]) -> str:
    """`name`, or with the least number from 2 on behind it that makes it none of `taken`."""
    numbered = (f"{name[: LONGEST_NAME - len(tail)]}{tail}" for tail in (f" ({n})" for n in count(2)))
    return name if name not in taken else next(each for each in numbered if each not in taken)

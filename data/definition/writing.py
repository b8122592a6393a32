"""Write a definition as TOML that a person can read and edit."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import tomlkit

from data.definition.columns import Column, Kind, Sensitivity, Special, SpecialUse, Unit
from data.definition.definition import ROW_NUMBER, Definition, Lever, Roles, Score
from data.definition.grammar import word
from data.definition.words import DIRECTIONS, UNITS

_LINE = 120
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_UNIT_WORDS = {unit: name for name, unit in UNITS.items()}
_DIRECTION_WORDS = {direction: name for name, direction in DIRECTIONS.items()}
_NO_COMMENTS: Mapping[str, str] = MappingProxyType({})


def definition_text(definition: Definition, comments: Mapping[str, str] = _NO_COMMENTS) -> str:
    """The definition as the text of a TOML file, of which `reading.parse_definition` makes the same definition.

    `comments` stand above what they are about, by its dotted key, such as "columns.income", "outcome.bad" or "rules".
    """
    return said_text(said_in(definition), comments)


def said_text(said: Mapping[str, Any], comments: Mapping[str, str] = _NO_COMMENTS) -> str:
    """Write entries that passed `reading.check_said` as TOML; comments as in `definition_text`."""
    return "\n".join(_table((), said, comments)).strip("\n") + "\n"


def said_in(definition: Definition) -> dict[str, Any]:
    """The definition as entries of a TOML file; defaults are left out."""
    features = definition.features
    entries = {
        "name": definition.name,
        "currency": definition.currency,
        "champion": "" if definition.champion == "champion" else definition.champion,
        "left_out": definition.left_out,
        "given_groups": definition.given_groups,
        "table": _changed(definition.table),
        "outcome": _changed(definition.outcome),
        "roles": {key: name for key, name in _changed(definition.roles).items() if name != ROW_NUMBER},
        "scores": {each.name: _score(each) for each in definition.scores},
        "columns": {
            each.name: _column(each, definition.roles) for each in definition.columns if each.name != ROW_NUMBER
        },
        "features": {
            "columns": features.columns,
            "derived": {each.name: {"label": each.label, "value": each.value} for each in features.derived},
            "monotone": {name: _DIRECTION_WORDS[each] for name, each in features.directions.items()},
        },
        "levers": {each.column: _lever(each) for each in definition.levers},
        "loan": _changed(definition.loan),
        "rules": [{"text": each.text, "when": word(each.when)} for each in definition.rules],
        "sufficiency": _changed(definition.sufficiency),
        "training": _changed(definition.training),
        "screen": _changed(definition.screen),
        "example": dict(definition.example),
    }
    # An empty list means no features; without a list, every column is one.
    return {key: each for key, each in entries.items() if each not in ("", (), [], {})}


def _changed(part: Any) -> dict[str, Any]:
    """The fields of a part that differ from their defaults."""
    if part is None:
        return {}
    fields = {name: getattr(part, name) for name in part.__dataclass_fields__}
    defaults = {name: each.default for name, each in part.__dataclass_fields__.items()}
    return {name: each for name, each in fields.items() if each != defaults[name]}


def _score(score: Score) -> dict[str, Any]:
    return {key: each for key, each in _changed(score).items() if key != "name"}


def _lever(lever: Lever) -> dict[str, Any]:
    entries = {key: each for key, each in _changed(lever).items() if key != "column"}
    return entries | ({} if lever.unless is None else {"unless": word(lever.unless)})


def _column(column: Column, roles: Roles) -> dict[str, Any]:
    is_said_by_role = column.kind is Kind.TARGET or column.name == roles.id
    has_range = column.kind in (Kind.NUMERIC, Kind.ID)
    entries = {
        "label": column.label,
        "description": column.description,
        "group": column.group,
        "kind": "" if is_said_by_role else column.kind.value,
        "whole": has_range and column.dtype.is_integer(),
        "unit": "" if column.unit is Unit.NONE else _UNIT_WORDS[column.unit],
        "minimum": column.minimum if has_range else None,
        "maximum": column.maximum if has_range else None,
        "levels": column.levels,
        "level_labels": dict(column.level_labels),
        "nullable": column.nullable,
        "special": {each.shown: _special(each) for each in column.special},
        "sensitivity": "" if column.sensitivity is Sensitivity.NONE else column.sensitivity.value,
        "cohort": column.cohort,
    }
    # Keep bounds of zero, which are falsy.
    return {
        key: each
        for key, each in entries.items()
        if each is not None and each is not False and each not in ("", (), {})
    }


def _special(special: Special) -> str | dict[str, str]:
    if special.use is SpecialUse.MISSING:
        return special.meaning
    return {"meaning": special.meaning, "model": special.use.value}


def _table(path: tuple[str, ...], entries: Mapping[str, Any], comments: Mapping[str, str]) -> Iterator[str]:
    """The lines of a table: what fits a line each, then the tables in it."""
    rows, tables = [], []
    for key, value in entries.items():
        below = (*path, key)
        if isinstance(value, Mapping) and _is_table(below, value):
            tables.append((below, value))
        elif path == () and key == "rules":
            tables.append((below, {"": value}))
        else:
            rows += [*_commented(below, comments), f"{_key(key)} = {_value(value, len(_key(key)) + 3)}"]
    if rows or not tables:
        header = [f"[{'.'.join(_key(key) for key in path)}]"] if path else []
        yield from ("", *_commented(path, comments), *header, *rows)
    elif path:
        yield from ("", *comment) if (comment := _commented(path, comments)) else ()
    for below, value in tables:
        yield from _rules(value[""], comments) if below == ("rules",) else _table(below, value, comments)


def _rules(rules: Sequence[Mapping[str, Any]], comments: Mapping[str, str]) -> Iterator[str]:
    for number, rule in enumerate(rules):
        above = _commented(("rules",), comments) if number == 0 else []
        yield from ("", *above, "[[rules]]", *(f"{key} = {_value(each, 0)}" for key, each in rule.items()))


def _is_table(path: tuple[str, ...], value: Mapping[str, Any]) -> bool:
    match path:
        case (_,) | ("columns" | "scores", _) | ("features", _) | ("features", "derived", _):
            return True
    return len(f"{_key(path[-1])} = {_value(value, 0)}") > _LINE


def _commented(path: tuple[str, ...], comments: Mapping[str, str]) -> list[str]:
    text = comments.get(".".join(path), "") if path else ""
    return [f"# {line}" for part in text.splitlines() for line in textwrap.wrap(part, _LINE - 2)]


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _value(value: Any, used: int) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(each, -10_000)}" for key, each in value.items()) + " }"
    if isinstance(value, list | tuple):
        parts = [_value(each, 0) for each in value]
        line = f"[{', '.join(parts)}]"
        if used + len(line) <= _LINE:
            return line
        return "\n".join(["[", *_filled(parts), "]"])
    return _text(value) if isinstance(value, str) else tomlkit.item(value).as_string()


def _filled(parts: Sequence[str]) -> Iterator[str]:
    line = "   "
    for part in parts:
        if len(line) > 3 and len(line) + len(part) + 2 > _LINE:
            yield line
            line = "   "
        line += f" {part},"
    yield line


def _text(text: str) -> str:
    # In single quotation marks nothing is escaped, which is how an expression with a level reads best.
    is_literal = '"' in text and "'" not in text and text.isprintable()
    return tomlkit.string(text, literal=is_literal).as_string()

"""Check the parts of a definition against its columns; every check raises DefinitionError."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from data.definition.columns import Column, Kind, Sensitivity
from data.definition.definition import ROW_NUMBER, Outcome, Roles, Score, Value
from data.definition.errors import Place, nearest, number_words, shown
from data.definition.grammar import Call, Name, Node, Text, columns_of

# The columns of the predictions table that have a name of their own. Its identifier, outcome and exposure are made of
# columns that may be called so.
TAKEN = frozenset(
    {
        "application_id",
        "is_default",
        "default_probability",
        "fold",
        "exposure",
        "pd_bin",
        "pd_band",
        "observed",
        "fold_name",
    }
)
_OWN_MARK = "~"
_NUMBERS = (Kind.NUMERIC, Kind.FLAG)


def check_names(names: Iterable[str], roles: Collection[str | None], place: Place) -> None:
    """Check that each name may be used for a column; `roles` are the columns for identifier, outcome and exposure."""
    seen: dict[str, str] = {}
    for name in names:
        if name.startswith(_OWN_MARK):
            raise (place / name).error(f"begins with {_OWN_MARK}", "rename it in the file, or leave it out")
        if name in TAKEN and name not in roles:
            raise (place / name).error(
                "has a name that the table of predictions needs itself", "rename it in the file, or leave it out"
            )
        twin = seen.setdefault(folded(name), name)
        if twin != name:
            raise (place / name).error(
                f"differs from {shown(twin)} by case or accents alone", "rename one in the file, or leave it out"
            )


def folded(name: str) -> str:
    """A name without case and accents."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    return "".join(each for each in plain if not unicodedata.combining(each))


def check_known(names: Iterable[str], columns: Mapping[str, Column], place: Place) -> None:
    """Check that each name is a column."""
    for name in names:
        if name not in columns:
            raise place.error(
                f"names {shown(name)}, which is not a column of the definition", f"there are {nearest(name, columns)}"
            )


def check_inputs(names: Iterable[str], columns: Mapping[str, Column], place: Place) -> None:
    """Check that each name is an input column."""
    for name in names:
        check_known([name], columns, place)
        if not columns[name].is_input:
            raise place.error(
                f"names {shown(name)}, the identifier or outcome, which no application brings", "name another column"
            )


def check_number(name: str, columns: Mapping[str, Column], place: Place) -> None:
    """Check that the name is a numeric column."""
    check_known([name], columns, place)
    if columns[name].kind is not Kind.NUMERIC:
        raise place.error(f"names {shown(name)}, which is of kind {columns[name].kind.value}", "name a numeric column")


def check_levels(names: Iterable[str], levels: Collection[str], place: Place) -> None:
    """Check that each name is a level."""
    for name in names:
        if name not in levels:
            raise place.error(f"names {shown(name)}, which is not a level", f"there are {nearest(name, levels)}")


def check_roles(
    roles: Roles, outcome: Outcome | None, scores: tuple[Score, ...], columns: Mapping[str, Column], place: Place
) -> None:
    """Check that every role has a suitable column and that no column has two roles."""
    if outcome is not None:
        check_known([outcome.column], columns, place / "outcome" / "column")
    at = place / "roles"
    if roles.id != ROW_NUMBER:
        check_known([roles.id], columns, at / "id")
    for key, name in (("date", roles.date), ("decision", roles.decision)):
        if name:
            check_known([name], columns, at / key)
    for key, name in (("exposure", roles.exposure), ("weight", roles.weight)):
        if name:
            check_number(name, columns, at / key)
    for score in scores:
        check_number(score.column, columns, place / "scores" / score.name / "column")
    taken: dict[str, str] = {}
    for role, name in _roles(roles, outcome, scores):
        if role != "exposure" and taken.setdefault(name, role) != role:
            raise at.error(f"makes {shown(name)} the {taken[name]} and the {role}", "choose one")


def _roles(roles: Roles, outcome: Outcome | None, scores: tuple[Score, ...]) -> list[tuple[str, str]]:
    named = [
        ("outcome", outcome.column if outcome else ""),
        ("identifier", roles.id),
        ("date", roles.date),
        ("exposure", roles.exposure),
        ("weight", roles.weight),
        ("decision", roles.decision),
    ]
    return [*((role, name) for role, name in named if name), *(("score", score.column) for score in scores)]


def barred(roles: Roles, outcome: Outcome | None, scores: tuple[Score, ...]) -> Mapping[str, str]:
    """Columns that must not be features, by name, with the role that bars them."""
    free = ("date", "exposure")
    return MappingProxyType({name: role for role, name in _roles(roles, outcome, scores) if role not in free})


def unfit_as_feature(column: Column) -> str | None:
    """Why a column cannot be a feature; None if it can."""
    if column.sensitivity is Sensitivity.PROTECTED:
        return "which is protected"
    if column.kind in (Kind.ID, Kind.TARGET, Kind.DATE):
        return f"which is of kind {column.kind.value}"
    return None


def check_features(
    names: Iterable[str], columns: Mapping[str, Column], barred: Mapping[str, str], place: Place
) -> None:
    """Check that a model may see each named column."""
    for name in names:
        check_known([name], columns, place)
        reason = f"which is the {barred[name]}" if name in barred else unfit_as_feature(columns[name])
        if reason:
            raise place.error(f"names {shown(name)}, {reason}", "take it out: no model may see it")


def check_lever(name: str, entries: Mapping[str, Any], columns: Mapping[str, Column], place: Place) -> None:
    """Check that a lever names a column that can be changed, and one way to change it."""
    check_inputs([name], columns, place)
    column = columns[name]
    if column.sensitivity is Sensitivity.PROTECTED:
        raise place.error("is protected", "take it out: nobody is advised to change it")
    scales = [key for key in ("down_to", "up_to", "step") if key in entries]
    if bool(scales) == ("to" in entries) or scales == ["step"]:
        raise place.error("does not say one way to change it", "write down_to or up_to, or the value `to`")
    if scales and column.kind is not Kind.NUMERIC:
        raise (place / scales[0]).error(f"does not fit a column of kind {column.kind.value}", "write the value `to`")
    if "to" in entries:
        check_value(entries["to"], column, place / "to")


def checked_example(entries: Mapping[str, Value], columns: Mapping[str, Column], place: Place) -> Mapping[str, Value]:
    """The example, after checking that each column can hold its value."""
    for name, value in entries.items():
        check_known([name], columns, place)
        if columns[name].kind is Kind.TARGET:
            raise (place / name).error("is the outcome, which no application brings", "take it out")
        check_value(value, columns[name], place / name)
    return MappingProxyType(dict(entries))


def check_value(value: Value, column: Column, place: Place) -> None:
    """Check that the column can hold the value."""
    if column.kind is Kind.CATEGORY:
        if value not in column.levels:
            raise place.error("is not a level of the column", f"there are {nearest(str(value), column.levels)}")
    elif column.kind is Kind.DATE:
        try:
            date.fromisoformat(str(value))
        except ValueError:
            raise place.error("is not a date", 'write one such as "2024-03-31"') from None
    elif column.dtype.is_numeric():
        _check_quantity(value, column, place)
    elif not isinstance(value, str):
        raise place.error("is not a text", "put it in quotation marks")


def _check_quantity(value: Value, column: Column, place: Place) -> None:
    if value is None or isinstance(value, str):
        raise place.error("is not a number", "write it without quotation marks")
    if column.dtype.is_integer() and not float(value).is_integer():
        raise place.error(f"is {number_words(value)}, not a whole number", "write a whole number")
    if column.is_special(value):
        return
    low, high = column.minimum, column.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        start = "" if low is None else f"from {number_words(low)} "
        ends = f"{start}{'' if high is None else f'to {number_words(high)}'}".strip()
        raise place.error(f"is {number_words(value)}, outside the column's range", f"write a number {ends}")


def columns_in(node: Node, place: Place) -> tuple[str, ...]:
    """The columns that an expression uses; at least one is required."""
    columns = columns_of(node)
    if not columns:
        raise place.error("uses no column", "write an expression over columns")
    return columns


def check_kinds(node: Node, columns: Mapping[str, Column], place: Place) -> None:
    """Check that arithmetic uses numbers and that texts are compared with levels."""
    _Kinds(columns, place).check(node)


class _Kinds:
    def __init__(self, columns: Mapping[str, Column], place: Place) -> None:
        self._columns, self._place = columns, place

    def check(self, node: Node) -> None:
        match node:
            case Name(name):
                self._number(name)
            case Call("is_special", (operand,)):
                if not (isinstance(operand, Name) and self._columns[operand.column].special):
                    name = shown(operand.column) if isinstance(operand, Name) else "..."
                    raise self._place.error(
                        f"asks is_special({name}), which has no special values", "name a column with `special`"
                    )
            case Call("==" | "!=", operands) if any(isinstance(each, Text) for each in operands):
                name = next(each.column for each in operands if isinstance(each, Name))
                level = next(each.value for each in operands if isinstance(each, Text))
                if self._columns[name].kind is not Kind.CATEGORY:
                    kind = self._columns[name].kind.value
                    raise self._place.error(
                        f"compares {shown(name)}, which is of kind {kind}, with a text", "compare it with a number"
                    )
                check_levels([level], self._columns[name].levels, self._place)
            case Call(_, operands):
                for each in operands:
                    self.check(each)

    def _number(self, name: str) -> None:
        kind = self._columns[name].kind
        if kind not in _NUMBERS:
            raise self._place.error(
                f"computes with {shown(name)}, which is of kind {kind.value}", "use numeric columns and flags"
            )

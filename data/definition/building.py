"""Build a definition from checked TOML: resolve every name and check that the parts fit together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from data.definition import checking
from data.definition.columns import Column, Kind, Sensitivity, Special, SpecialUse, Unit, smallest_integer
from data.definition.definition import (
    DEFAULT_CURRENCY,
    ROW_NUMBER,
    Definition,
    Features,
    Lever,
    LoanLever,
    Outcome,
    Roles,
    Rule,
    Score,
    Screen,
    Sufficiency,
    Table,
    Training,
)
from data.definition.derived import read_condition, read_derived
from data.definition.errors import Place, nearest, number_words, shown
from data.definition.words import DIRECTIONS, KINDS, UNITS

OTHER_GROUP = "Other"
# Keys that only columns of some kinds have.
_OF_NUMBERS = frozenset({"minimum", "maximum", "whole", "unit", "special"})
_OF_LEVELS = frozenset({"levels", "level_labels"})
_FITTING: Mapping[Kind, frozenset[str]] = {
    Kind.ID: frozenset({"minimum", "maximum", "whole"}),
    Kind.NUMERIC: _OF_NUMBERS,
    Kind.FLAG: frozenset(),
    Kind.CATEGORY: _OF_LEVELS,
    Kind.DATE: frozenset(),
}


def build_definition(entries: Mapping[str, Any], where: Path) -> Definition:
    """Build the definition from entries that passed `check_said`; messages name the file `where`.

    Raises:
        DefinitionError: an entry is missing, contradicts another, or names an unknown column.
    """
    place = Place(where)
    if "name" not in entries:
        raise place.error("has no name", 'write name = "..." at the top')
    outcome = _outcome(entries.get("outcome"), place / "outcome")
    roles = Roles(**entries.get("roles", {}))
    columns = _columns(entries.get("columns", {}), roles, outcome, place / "columns")
    by_name = {column.name: column for column in columns}
    scores = tuple(Score(name, **each) for name, each in entries.get("scores", {}).items())
    checking.check_roles(roles, outcome, scores, by_name, place)
    features = _features(entries.get("features"), by_name, checking.barred(roles, outcome, scores), place / "features")
    screen = Screen(**{key: tuple(names) for key, names in entries.get("screen", {}).items()})
    for key in ("first_columns", "segments", "pair"):
        checking.check_known(getattr(screen, key), by_name, place / "screen" / key)
    left_out = tuple(entries.get("left_out", ()))
    for name in left_out:
        if name in by_name:
            raise (place / "left_out").error(f"lists {shown(name)}, which [columns] defines", "take it out of either")
    return Definition(
        name=entries["name"],
        columns=columns,
        features=features,
        outcome=outcome,
        roles=roles,
        table=_table(entries.get("table", {}), place / "table"),
        currency=entries.get("currency", DEFAULT_CURRENCY),
        scores=scores,
        champion=entries.get("champion", "champion"),
        levers=_levers(entries.get("levers", {}), by_name, place / "levers"),
        loan=_loan(entries.get("loan"), by_name, entries.get("levers", {}), place / "loan"),
        rules=_rules(entries.get("rules", []), by_name, place / "rules"),
        sufficiency=_sufficiency(entries.get("sufficiency", {}), by_name, place / "sufficiency"),
        training=Training(**entries.get("training", {})),
        screen=screen,
        example=checking.checked_example(entries.get("example", {}), by_name, place / "example"),
        left_out=left_out,
        given_groups=_given_groups(entries.get("given_groups", ()), columns, place / "given_groups"),
    )


def _outcome(entries: Mapping[str, Any] | None, place: Place) -> Outcome | None:
    if entries is None:
        return None
    bad, good = tuple(entries["bad"]), tuple(entries["good"])
    for key, values in (("bad", bad), ("good", good)):
        if not values:
            raise (place / key).error("lists nothing", "list the values of the column that mean it")
    both = [each for each in bad if each in good]
    if both:
        raise place.error(f"has {shown(both[0])} among bad and good", "take it out of either")
    return Outcome(entries["column"], bad, good)


def _columns(entries: Mapping[str, Any], roles: Roles, outcome: Outcome | None, place: Place) -> tuple[Column, ...]:
    target = outcome.column if outcome else None
    if not entries:
        raise place.error("lists no column", "define each in a table [columns.NAME], or have `scripts.describe` do it")
    checking.check_names(entries, {roles.id, target, roles.exposure}, place)
    columns = [
        _outcome_column(name, each) if name == target else _column(name, each, place / name, is_id=name == roles.id)
        for name, each in entries.items()
    ]
    if roles.id == ROW_NUMBER and ROW_NUMBER not in entries:
        description = "Place of the row in its file, from 1."
        made = Column(ROW_NUMBER, "Row", description, OTHER_GROUP, Kind.ID, pl.Int64(), minimum=1)
        columns.insert(0, made)
    return tuple(columns)


def _outcome_column(name: str, entries: Mapping[str, Any]) -> Column:
    # The outcome is always stored as 1, 0 or null, so what was guessed about its values does not matter.
    words = entries.get("label", name), entries.get("description", ""), entries.get("group", OTHER_GROUP)
    return Column(name, *words, Kind.TARGET, pl.Int8(), minimum=0, maximum=1, nullable=entries.get("nullable", False))


def _column(name: str, entries: Mapping[str, Any], place: Place, *, is_id: bool) -> Column:
    kind = Kind.ID if is_id else KINDS[entries.get("kind", "category" if "levels" in entries else "numeric")]
    if is_id:
        # The role decides, not what was guessed from the values.
        dropped = _OF_LEVELS | {"special", "unit"}
        entries = {key: each for key, each in entries.items() if key not in dropped}
    for key in entries:
        if key in _OF_NUMBERS | _OF_LEVELS and key not in _FITTING[kind]:
            right = "numeric" if key in _OF_NUMBERS else "category"
            raise (place / key).error(
                f"does not fit a column of kind {kind.value}", f'take it out, or write kind = "{right}"'
            )
    minimum, maximum = entries.get("minimum"), entries.get("maximum")
    if kind is Kind.FLAG:
        minimum, maximum = 0, 1
    if minimum is not None and maximum is not None and minimum > maximum:
        raise (place / "minimum").error(
            f"is {number_words(minimum)}, above the maximum {number_words(maximum)}", "exchange or correct them"
        )
    levels = tuple(entries.get("levels", ()))
    if kind is Kind.CATEGORY and len(levels) < 2:
        raise (place / "levels").error(
            "lists one level" if levels else "lists no level", "list two or more, or leave the column out"
        )
    labels = entries.get("level_labels", {})
    checking.check_levels(labels, levels, place / "level_labels")
    special = _special(entries.get("special", {}), place / "special", is_whole=entries.get("whole", False))
    return Column(
        name=name,
        label=entries.get("label", name),
        description=entries.get("description", ""),
        group=entries.get("group", OTHER_GROUP),
        kind=kind,
        dtype=_dtype(kind, levels, (minimum, maximum), special, is_whole=entries.get("whole", False)),
        unit=UNITS[entries["unit"]] if "unit" in entries else Unit.NONE,
        minimum=minimum,
        maximum=maximum,
        levels=levels,
        level_labels=tuple(labels.items()),
        nullable=entries.get("nullable", False),
        special=special,
        sensitivity=Sensitivity(entries.get("sensitivity", "none")),
        cohort=entries.get("cohort", False),
    )


def _special(entries: Mapping[str, Any], place: Place, *, is_whole: bool) -> tuple[Special, ...]:
    specials: dict[float, Special] = {}
    for key, each in entries.items():
        try:
            value = float(key)
        except ValueError:
            raise (place / key).error("is not a number", 'write the stored value, such as "-7" = "not asked"') from None
        if not abs(value) <= 1e18 or (is_whole and not value.is_integer()):
            raise (place / key).error("is not a value that the column can hold", "write the stored value")
        if value in specials:
            raise (place / key).error("is the same number as one before it", "keep one of them")
        meaning, use = (each, "missing") if isinstance(each, str) else (each["meaning"], each.get("model", "missing"))
        specials[value] = Special(value, meaning, SpecialUse(use))
    return tuple(specials.values())


def _dtype(
    kind: Kind,
    levels: tuple[str, ...],
    ends: tuple[float | None, float | None],
    special: tuple[Special, ...],
    *,
    is_whole: bool,
) -> pl.DataType:
    if kind is Kind.CATEGORY:
        return pl.Enum(levels)
    if kind is Kind.DATE:
        return pl.Date()
    if kind is Kind.FLAG:
        return pl.Int8()
    if is_whole:
        low, high = ends
        known = () if low is None or high is None else (low, high, *(each.value for each in special))
        return smallest_integer(known)
    return pl.String() if kind is Kind.ID else pl.Float64()


def _features(
    entries: Mapping[str, Any] | None, columns: Mapping[str, Column], barred: Mapping[str, str], place: Place
) -> Features:
    entries = entries or {}
    names = entries.get("columns")
    if names is None:
        names = [
            each.name
            for each in columns.values()
            if each.name not in barred and checking.unfit_as_feature(each) is None
        ]
    checking.check_features(names, columns, barred, place / "columns")
    derived = read_derived(entries.get("derived", {}), columns, barred, place / "derived")
    directions = {}
    for name, each in entries.get("monotone", {}).items():
        at = place / "monotone" / name
        checking.check_known([name], columns, at)
        if columns[name].kind not in (Kind.NUMERIC, Kind.FLAG):
            raise at.error(f"is of kind {columns[name].kind.value}, which has no order", "name a numeric column")
        directions[name] = DIRECTIONS[each]
    return Features(tuple(names), derived, directions)


def _levers(entries: Mapping[str, Any], columns: Mapping[str, Column], place: Place) -> tuple[Lever, ...]:
    levers = []
    for name, each in entries.items():
        at = place / name
        checking.check_lever(name, each, columns, at)
        unless = read_condition(each["unless"], columns, at / "unless") if "unless" in each else None
        levers.append(Lever(name, **{**each, "unless": unless}))
    return tuple(levers)


def _loan(
    entries: Mapping[str, Any] | None, columns: Mapping[str, Column], levers: Mapping[str, Any], place: Place
) -> LoanLever | None:
    if entries is None:
        return None
    for key in ("credit", "annuity", "goods"):
        checking.check_number(entries[key], columns, place / key)
        if entries[key] in levers:
            raise place.error(f"moves {shown(entries[key])}, which [levers] names", "take it out of [levers]")
    if ("kind" in entries) != ("revolving" in entries):
        raise place.error("has one of kind and revolving", "write both or neither")
    if "kind" in entries:
        checking.check_known([entries["kind"]], columns, place / "kind")
        checking.check_levels([entries["revolving"]], columns[entries["kind"]].levels, place / "revolving")
    for limits, starts in (
        ("shortest_terms", "credit_from"),
        ("longest_terms", "credit_from"),
        ("highest_ratios", "term_from"),
    ):
        n_limits, n_starts = len(entries.get(limits, ())), len(entries.get(starts, ()))
        if n_limits and n_limits != n_starts + 1:
            raise (place / limits).error(
                f"lists {n_limits:,}",
                f"list {n_starts + 1:,}, one more than {starts}: one up to its first, then one from each",
            )
    for starts in ("credit_from", "term_from"):
        ascending = list(entries.get(starts, ()))
        if ascending != sorted(set(ascending)):
            raise (place / starts).error("does not rise", "list each larger than the one before")
    parts: dict[str, Any] = {key: tuple(each) if isinstance(each, list) else each for key, each in entries.items()}
    return LoanLever(**parts)


def _given_groups(entries: Sequence[str], columns: Sequence[Column], place: Place) -> tuple[str, ...]:
    groups = {column.group for column in columns}
    for name in entries:
        if name not in groups:
            raise place.error(
                f"lists {shown(name)}, which is not a column's group", f"there are {nearest(name, groups)}"
            )
    return tuple(entries)


def _rules(entries: list[Mapping[str, Any]], columns: Mapping[str, Column], place: Place) -> tuple[Rule, ...]:
    rules = []
    for number, each in enumerate(entries, 1):
        at = place / number / "when"
        when = read_condition(each["when"], columns, at)
        rules.append(Rule(checking.columns_in(when, at), each["text"], when))
    return tuple(rules)


def _sufficiency(entries: Mapping[str, Any], columns: Mapping[str, Column], place: Place) -> Sufficiency:
    lists = {key: tuple(entries.get(key, ())) for key in ("required", "one_of", "counted")}
    for key, names in lists.items():
        checking.check_inputs(names, columns, place / key)
    return Sufficiency(**lists, most_lacking=entries.get("most_lacking", 0))


def _table(entries: Mapping[str, Any], place: Place) -> Table:
    lists = {key: tuple(entries.get(key, ())) for key in ("names", "missing", "read")}
    table = Table(**{**entries, **lists})
    if not table.header and not table.names:
        raise place.error("has no header and no names", "list the names of the columns in `names`")
    return table

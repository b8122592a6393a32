"""Derived features and conditions of a definition, from texts to trees over its columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from data.definition import checking
from data.definition.columns import Column
from data.definition.definition import Derived
from data.definition.errors import Place, shown
from data.definition.grammar import (
    MOST_DEPTH,
    MOST_NODES,
    RESERVED,
    ExpressionError,
    Name,
    Node,
    Number,
    Text,
    columns_of,
    fold,
    parse,
    with_trees,
)


def read_condition(text: str, columns: Mapping[str, Column], place: Place) -> Node:
    """The tree of a condition over columns.

    Raises:
        DefinitionError: it is not a valid condition, or does not fit the columns.
    """
    node = _parsed(text, columns, place, booleans=True)
    checking.check_kinds(node, columns, place)
    return node


def read_derived(
    entries: Mapping[str, Any], columns: Mapping[str, Column], barred: Mapping[str, str], place: Place
) -> tuple[Derived, ...]:
    """The derived features in the order in which they stand; one may use another, wherever that stands.

    Raises:
        DefinitionError: a name is taken or reserved, features use one another in a circle, or an expression is outside
            the language, too large with what it uses, or made of columns that no model may see.
    """
    taken = {checking.folded(name): name for name in columns}
    for name in entries:
        if name in RESERVED:
            raise (place / name).error("is the name of a function", "choose another name")
        twin = taken.setdefault(checking.folded(name), name)
        if twin != name or name in columns:
            raise (place / name).error(f"is called like {shown(twin)}", "choose another name")
    names = {*columns, *entries}
    parsed = {name: _parsed(each["value"], names, place / name / "value") for name, each in entries.items()}
    trees: dict[str, Node] = {}
    sizes: dict[str, int] = {}
    depths: dict[str, int] = {}
    for name in _in_order(parsed, place):
        at = place / name / "value"
        # Before the tree is made: features that use one another twice double in size with each.
        size = fold(parsed[name], lambda leaf: _of(leaf, sizes), lambda _, parts: 1 + sum(parts))
        depth = fold(parsed[name], lambda leaf: _of(leaf, depths), lambda _, parts: 1 + max(parts))
        if size > MOST_NODES or depth > MOST_DEPTH:
            raise at.error(
                f"has more than {MOST_NODES:,} parts or is nested more than {MOST_DEPTH} deep with the features that "
                "it uses",
                "use columns, or fewer steps",
            )
        tree = with_trees(parsed[name], trees)
        checking.check_features(checking.columns_in(tree, at), columns, barred, at)
        checking.check_kinds(tree, columns, at)
        trees[name], sizes[name], depths[name] = tree, size, depth
    return tuple(Derived(name, each.get("label", name), each["value"], trees[name]) for name, each in entries.items())


def _of(leaf: Number | Text | Name, known: Mapping[str, int]) -> int:
    return known.get(leaf.column, 1) if isinstance(leaf, Name) else 1


def _parsed(text: str, names: Collection[str], place: Place, *, booleans: bool = False) -> Node:
    try:
        return parse(text, names, booleans=booleans)
    except ExpressionError as error:
        raise place.error(error.problem, error.fix) from None


def _in_order(parsed: Mapping[str, Node], place: Place) -> list[str]:
    """The names, each behind those that it uses; walked without recursion because a chain may be long."""
    order: list[str] = []
    done: set[str] = set()
    for start in parsed:
        path: dict[str, list[str]] = {}
        waiting = [start]
        while waiting:
            name = waiting[-1]
            if name in done:
                waiting.pop()
                continue
            path.setdefault(name, [each for each in columns_of(parsed[name]) if each in parsed])
            following = next((each for each in path[name] if each not in done), None)
            if following is None:
                done.add(waiting.pop())
                order.append(name)
                del path[name]
            elif following in path:
                circle = [*waiting[waiting.index(following) :], following]
                words = " -> ".join(shown(each) for each in circle[:5]) + (" ..." if len(circle) > 5 else "")
                raise (place / start).error(f"uses itself ({words})", "break the circle")
            else:
                waiting.append(following)
    return order

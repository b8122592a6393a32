"""The expressions of a definition: a small, closed language, parsed into a tree and never evaluated as Python.

Python's own parser reads the text; of what it returns, only the nodes listed here are let through. A value is a number
or, in a condition, true or false; a level of a category is a text to compare with.
"""

from __future__ import annotations

import ast
import itertools
import keyword
import math
import unicodedata
import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias, TypeVar

from data.definition.errors import DefinitionError, nearest, shown

MOST_CHARACTERS = 5_000
MOST_NODES = 1_000
MOST_DEPTH = 40
LARGEST = 1e18
FUNCTIONS: Mapping[str, str] = MappingProxyType(
    {
        "mean": "mean(a, b, ...)",
        "weighted_mean": "weighted_mean(a, 2, b, 3, ...)",
        "sum": "sum(a, b, ...)",
        "minimum": "minimum(a, b, ...)",
        "maximum": "maximum(a, b, ...)",
        "count_missing": "count_missing(a, b, ...)",
        "is_special": "is_special(COLUMN)",
    }
)
COLUMN = "column"
RESERVED = frozenset({*FUNCTIONS, COLUMN})
_ALLOWED = "allowed are numbers, columns, + - * /, " + ", ".join(FUNCTIONS) + ' and column("NAME")'
_ALLOWED_IN_CONDITIONS = f"{_ALLOWED}, < <= > >= == !=, and, or, not"
_ARITHMETIC: Mapping[type, str] = MappingProxyType({ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"})
_COMPARISONS: Mapping[type, str] = MappingProxyType(
    {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
)
# How tightly each binds, as in Python; everything else is written without parentheses.
_BINDING: Mapping[str, int] = MappingProxyType(
    {"or": 1, "and": 2, "not": 3, **dict.fromkeys(_COMPARISONS.values(), 4), "+": 5, "-": 5, "*": 6, "/": 6, "neg": 7}
)
_ATOM = 8


@dataclass(frozen=True, slots=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A level of a category, to compare with."""

    value: str


@dataclass(frozen=True, slots=True)
class Name:
    """A column of the table; names of derived features are replaced by their trees when the definition is read."""

    column: str


@dataclass(frozen=True, slots=True)
class Call:
    """An operator (`+ - * / neg < <= > >= == != and or not`) or a function, over operands.

    `+`, `*`, `and` and `or` take two or more, from left to right; a `+` never begins with a `+`, nor a `*` with a `*`.
    """

    function: str
    operands: tuple[Node, ...]


Node: TypeAlias = Number | Text | Name | Call
T = TypeVar("T")


class ExpressionError(DefinitionError):
    """A text is not a valid expression: what is wrong, where, and what is allowed."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(f"{problem}; {fix}.")
        self.problem, self.fix = problem, fix


def parse(text: str, names: Collection[str], *, booleans: bool = False) -> Node:
    """The tree of an expression over `names`; with `booleans` that of a condition.

    Raises:
        ExpressionError: the text is not a valid expression, is too long or too deeply nested, or uses a name
            that is not in `names`.
    """
    if len(text) > MOST_CHARACTERS:
        raise ExpressionError(
            f"is {len(text):,} characters long", f"write it in at most {MOST_CHARACTERS:,}, in several derived features"
        )
    allowed = _ALLOWED_IN_CONDITIONS if booleans else _ALLOWED
    try:
        with warnings.catch_warnings():
            # Python warns of odd literals; what is odd here is an error or harmless.
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        at = f" at character {error.offset}" if error.offset else ""
        raise ExpressionError(f"is not an expression ({shown(error.msg or 'syntax')}{at})", allowed) from None
    except (ValueError, MemoryError, RecursionError):
        raise ExpressionError(
            "is not an expression (nested too deeply, or with a number that is too long)", allowed
        ) from None
    if booleans:
        return _Reader(text.strip(), names, allowed).condition(tree.body)
    return _Reader(text.strip(), names, allowed).number(tree.body)


class _Reader:
    """One expression on its way from Python's tree to ours."""

    def __init__(self, text: str, names: Collection[str], allowed: str) -> None:
        self._lines, self._names, self._allowed = text.splitlines(), names, allowed
        self._nodes = self._depth = 0

    def number(self, node: ast.expr) -> Node:
        """A node that is a number."""
        return self._within(node, self._number)

    def condition(self, node: ast.expr) -> Node:
        """A node that is true or false."""
        return self._within(node, self._condition)

    def _within(self, node: ast.expr, read: Callable[[ast.expr], Node]) -> Node:
        self._nodes += 1
        self._depth += 1
        if self._nodes > MOST_NODES:
            raise ExpressionError(f"has more than {MOST_NODES:,} parts", "split it into several derived features")
        if self._depth > MOST_DEPTH:
            raise ExpressionError(
                f"is nested more than {MOST_DEPTH} deep", "leave out parentheses or split it into derived features"
            )
        found = read(node)
        self._depth -= 1
        return found

    def _number(self, node: ast.expr) -> Node:
        match node:
            case ast.Constant(value=value):
                return Number(self._constant(node, value))
            case ast.Name(id=name):
                return self._name(node, name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return call("neg", self.number(operand))
            case ast.BinOp(op=op) if type(op) in _ARITHMETIC:
                return self._chain(node)
            case ast.Call(func=ast.Name(id="column")):
                return self._quoted(node)
            case ast.Call(func=ast.Name(id=function)) if function in FUNCTIONS:
                return self._function(node, function)
        raise self._refused(node)

    def _condition(self, node: ast.expr) -> Node:
        match node:
            case ast.BoolOp(op=op, values=values):
                word = "and" if isinstance(op, ast.And) else "or"
                return call(word, *(self.condition(each) for each in values))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return call("not", self.condition(operand))
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
                return self._comparison(left, _COMPARISONS[type(op)], right)
            case ast.Compare(ops=[_, _, *_]):
                raise self._error(node, "compares three values at once", "write two comparisons joined by `and`")
            case ast.Call(func=ast.Name(id="is_special")):
                return self._function(node, "is_special")
        if isinstance(node, ast.Compare):
            raise self._refused(node)
        raise self._error(node, "is a number, not a condition", "compare it: < <= > >= == !=")

    def _comparison(self, left: ast.expr, operator: str, right: ast.expr) -> Node:
        sides = [self._within(side, self._side) for side in (left, right)]
        texts = [isinstance(side, Text) for side in sides]
        if any(texts):
            if operator not in ("==", "!=") or all(texts):
                raise self._error(left, "compares a text", 'write COLUMN == "level" or COLUMN != "level"')
            other = sides[texts.index(False)]
            if not isinstance(other, Name):
                raise self._error(left, "compares a text with a number", 'write COLUMN == "level"')
        return call(operator, *sides)

    def _side(self, node: ast.expr) -> Node:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return Text(node.value)
        return self._number(node)

    def _chain(self, node: ast.BinOp) -> Node:
        # A long sum leans to the left: read without descending, so that it may have many terms.
        links: list[tuple[str, ast.expr]] = []
        first: ast.expr = node
        while isinstance(first, ast.BinOp) and type(first.op) in _ARITHMETIC:
            links.append((_ARITHMETIC[type(first.op)], first.right))
            first = first.left
        links.reverse()
        operators = [operator for operator, _ in links]
        levels = sum(after != before or after in "-/" for before, after in itertools.pairwise(operators))
        self._depth += levels
        found = self.number(first)
        for operator, right in links:
            found = call(operator, found, self.number(right))
        self._depth -= levels
        return found

    def _constant(self, node: ast.expr, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._refused(node)
        if not abs(value) <= LARGEST:
            raise self._error(node, "is a number that is too large", f"write one up to {LARGEST:g}")
        return float(value)

    def _name(self, node: ast.expr, name: str) -> Name:
        if name in RESERVED:
            raise self._error(node, f"{name} is a function", f'write column("{name}") if a column is meant')
        if name not in self._names:
            raise self._error(node, f"there is no column {shown(name)}", f"there are {nearest(name, self._names)}")
        return Name(name)

    def _quoted(self, node: ast.Call) -> Name:
        match node:
            case ast.Call(args=[ast.Constant(value=str(name))], keywords=[]):
                if name not in self._names:
                    raise self._error(
                        node, f"there is no column {shown(name)}", f"there are {nearest(name, self._names)}"
                    )
                return Name(name)
        raise self._error(node, "column takes one name", 'write column("NAME")')

    def _function(self, node: ast.Call, function: str) -> Node:
        if node.keywords or any(isinstance(each, ast.Starred) for each in node.args) or not node.args:
            raise self._error(node, f"{function} takes values one by one", f"write {FUNCTIONS[function]}")
        operands = [self.number(each) for each in node.args]
        if function == "is_special" and not (len(operands) == 1 and isinstance(operands[0], Name)):
            raise self._error(node, "is_special takes one column", f"write {FUNCTIONS[function]}")
        if function == "weighted_mean":
            weights = operands[1::2]
            if len(operands) % 2 or not all(isinstance(each, Number) and each.value > 0 for each in weights):
                raise self._error(
                    node, "weighted_mean takes values and weights above 0 in turn", f"write {FUNCTIONS[function]}"
                )
        return call(function, *operands)

    def _refused(self, node: ast.expr) -> ExpressionError:
        return self._error(node, f"{_WORDS.get(type(node), 'this')} is not part of the language", self._allowed)

    def _error(self, node: ast.expr, problem: str, fix: str) -> ExpressionError:
        line = self._lines[node.lineno - 1] if node.lineno <= len(self._lines) else ""
        # Python counts bytes.
        place = len(line.encode()[: node.col_offset].decode(errors="ignore")) + 1
        at = f"character {place}" if len(self._lines) == 1 else f"line {node.lineno}, character {place}"
        return ExpressionError(f"has a fault at {at}: {problem}", fix)


_WORDS: Mapping[type, str] = MappingProxyType(
    {
        ast.Attribute: "an attribute",
        ast.Subscript: "an index",
        ast.Lambda: "a lambda",
        ast.IfExp: "if ... else",
        ast.Call: "this call",
        ast.BinOp: "this operator",
        ast.UnaryOp: "this operator",
        ast.BoolOp: "and / or",
        ast.Compare: "this comparison",
        ast.Constant: "this constant",
        ast.JoinedStr: "a formatted text",
        ast.NamedExpr: "an assignment",
        ast.Starred: "a star",
        ast.Tuple: "a tuple",
        ast.List: "a list",
        ast.Dict: "a table",
        ast.Set: "a set",
        ast.ListComp: "a loop",
        ast.SetComp: "a loop",
        ast.DictComp: "a loop",
        ast.GeneratorExp: "a loop",
        ast.Await: "await",
        ast.Yield: "yield",
    }
)


def call(function: str, *operands: Node) -> Node:
    """The node of an operator or function, in the form in which `parse` returns it."""
    first = operands[0]
    if function == "neg" and isinstance(first, Number):
        return Number(-first.value)
    if function in "+*" and isinstance(first, Call) and first.function == function:
        # Computed from left to right either way.
        return Call(function, (*first.operands, *operands[1:]))
    return Call(function, operands)


def fold(node: Node, leaf: Callable[[Number | Text | Name], T], join: Callable[[str, tuple[T, ...]], T]) -> T:
    """Walk a tree from the leaves up: `leaf` for each leaf, `join` for a call with what became of its operands."""
    if isinstance(node, Call):
        return join(node.function, tuple(fold(each, leaf, join) for each in node.operands))
    return leaf(node)


def columns_of(node: Node) -> tuple[str, ...]:
    """The columns of an expression, without repetition, in order of appearance."""
    return fold(
        node,
        lambda each: (each.column,) if isinstance(each, Name) else (),
        lambda _, parts: tuple(dict.fromkeys(name for part in parts for name in part)),
    )


def with_trees(node: Node, trees: Mapping[str, Node]) -> Node:
    """The tree with each name in `trees` replaced by what it stands for."""
    return fold(
        node,
        lambda each: trees.get(each.column, each) if isinstance(each, Name) else each,
        lambda function, operands: call(function, *operands),
    )


def word(node: Node) -> str:
    """The expression as text; `parse` makes the same tree of it."""
    return fold(node, _leaf, _joined)[0]


def _leaf(node: Number | Text | Name) -> tuple[str, int]:
    match node:
        case Number(value):
            text = f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else repr(value)
            return text, _BINDING["neg"] if math.copysign(1.0, value) < 0 else _ATOM
        case Text(value):
            return _quoted(value), _ATOM
    name = node.column
    is_plain = name.isidentifier() and not keyword.iskeyword(name) and name not in RESERVED
    if is_plain and unicodedata.normalize("NFKC", name) == name:
        return name, _ATOM
    return f"{COLUMN}({_quoted(name)})", _ATOM


def _quoted(text: str) -> str:
    return '"' + "".join('\\"' if each == '"' else repr(each)[1:-1] for each in text) + '"'


def _joined(function: str, parts: tuple[tuple[str, int], ...]) -> tuple[str, int]:
    if function not in _BINDING:
        return f"{function}({', '.join(text for text, _ in parts)})", _ATOM
    own = _BINDING[function]
    if function in ("neg", "not"):
        operand = _bracketed(parts[0], own)
        return (f"-{operand}" if function == "neg" else f"not {operand}"), own
    # Only the first operand may bind as loosely as the operator: it is computed first anyway.
    loosest = own if function in _ARITHMETIC.values() else own + 1
    words = [_bracketed(parts[0], loosest), *(_bracketed(part, own + 1) for part in parts[1:])]
    return f" {function} ".join(words), own


def _bracketed(part: tuple[str, int], loosest: int) -> str:
    text, binding = part
    return text if binding >= loosest else f"({text})"

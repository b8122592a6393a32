"""The features that a definition lists: columns, indicators of special values, and expressions compiled to nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from data.definition.columns import Column, SpecialUse
from data.definition.definition import Definition
from data.definition.grammar import Name, Node, Number, Text, fold
from inference.features.choice import EVERYTHING, FeatureChoice
from inference.features.encoding import Feature, FeatureSet, raw_feature
from inference.features.expressions import (
    Constant,
    CountMissing,
    Difference,
    Expression,
    Extreme,
    IsSpecial,
    Mean,
    Negative,
    Product,
    Ratio,
    Raw,
    Sum,
)


def feature_set(definition: Definition, choice: FeatureChoice = EVERYTHING) -> FeatureSet:
    """The features of a model of `definition`: its columns, indicators of their special values, derived features.

    A model that does not see all of them has made a `choice`.

    Raises:
        DirectionError: a feature cannot keep the definition's directions.
    """
    # To the cache a default and the same value given are two calls, and these features are held by identity.
    return _feature_set(definition, choice)


@lru_cache(maxsize=8)
def _feature_set(definition: Definition, choice: FeatureChoice) -> FeatureSet:
    features = definition.features
    columns = [definition.column(name) for name in features.columns]
    raw = [raw_feature(column) for column in columns]
    taken = {*(feature.name for feature in raw), *(derived.name for derived in features.derived)}
    derived = (Feature(each.name, each.label, compile_node(each.node, definition.by_name)) for each in features.derived)
    chosen = choice.of((*raw, *_indicators(columns, taken), *derived))
    return FeatureSet(definition, chosen, choice.directions(features.directions, chosen))


def compile_node(node: Node, columns: Mapping[str, Column]) -> Expression:
    """The expression node that computes a number of a definition's language."""

    def leaf(found: Number | Text | Name) -> Expression:
        match found:
            case Number(value):
                return Constant(value)
            case Name(name):
                return Raw(name, columns[name].special_values)
        raise ValueError("a text is no number")

    def join(function: str, operands: tuple[Expression, ...]) -> Expression:
        match function, operands:
            case "is_special", (Raw(column, special),):
                return IsSpecial(column, special)
            case "neg", (operand,):
                return Negative(operand)
            case "+", _:
                return Sum(operands)
            case "-", (left, right):
                return Difference(left, right)
            case "*", _:
                return Product(operands)
            case "/", (over, under):
                return Ratio(over, under)
            case (("mean" | "sum"), _):
                return Mean(operands, (1.0,) * len(operands), divide=function == "mean")
            case "weighted_mean", _:
                return Mean(operands[::2], tuple(_value(weight) for weight in operands[1::2]))
            case (("minimum" | "maximum"), _):
                return Extreme(operands, largest=function == "maximum")
            case "count_missing", _:
                return CountMissing(operands)
        raise ValueError(f"{function} gives no number")

    return fold(node, leaf, join)


def _value(node: Expression) -> float:
    if not isinstance(node, Constant):
        raise TypeError("a weight is a number")
    return node.value


def _indicators(columns: list[Column], taken: set[str]) -> Iterator[Feature]:
    """A feature for each special value that a model is to tell from other gaps."""
    for column in columns:
        for special in column.special:
            if special.use is SpecialUse.INDICATOR:
                name = f"{column.name}_is_{special.shown}"
                while name in taken:
                    name += "_"
                taken.add(name)
                yield Feature(name, f"{column.label}: {special.meaning}", IsSpecial(column.name, (special.value,)))

"""Which of a definition's features a model sees, where that is not all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from inference.errors import InferenceError
from inference.features.encoding import Feature

_MOST_NAMED = 8


class ChoiceError(InferenceError):
    """Features are named that a model cannot be made of, or none is left."""

    @classmethod
    def from_unknown(cls, names: Iterable[str], known: Iterable[str]) -> Self:
        shown = ", ".join(repr(name[:60]) for name in sorted(names))
        listed = sorted(known)
        more = f" and {len(listed) - _MOST_NAMED} more" if len(listed) > _MOST_NAMED else ""
        return cls(
            f"{shown}: no feature of the definition is made of that or called that; "
            f"there are {', '.join(listed[:_MOST_NAMED])}{more}."
        )

    @classmethod
    def from_nothing(cls) -> Self:
        return cls("No feature is left to learn from; leave out fewer columns.")


@dataclass(frozen=True, slots=True)
class FeatureChoice:
    """The features, by name, that are `left_out` of a definition's; unless it `is_constrained`, no direction is kept.

    A model has its choice in its manifest, so that it is opened with its portfolio's definition like any other.
    """

    left_out: tuple[str, ...] = ()
    is_constrained: bool = True

    def of(self, features: Iterable[Feature]) -> tuple[Feature, ...]:
        """The features that remain, in their order."""
        left_out = frozenset(self.left_out)
        return tuple(feature for feature in features if feature.name not in left_out)

    def directions(self, said: Mapping[str, int], features: Iterable[Feature]) -> Mapping[str, int]:
        """Those of the directions `said` that are about what `features` are made of."""
        if not self.is_constrained:
            return {}
        if not self.left_out:
            return said
        seen = {column for feature in features for column in feature.sources}
        return {column: direction for column, direction in said.items() if column in seen}


EVERYTHING = FeatureChoice()


def choose_features(
    features: Collection[Feature],
    *,
    only: Collection[str] = (),
    leave_out: Collection[str] = (),
    is_constrained: bool = True,
) -> FeatureChoice:
    """The choice of the features made of the columns `only` (all where none is named) and of none of `leave_out`.

    Both may name features as well. A feature of several columns stays only if all of them do.

    Raises:
        ChoiceError: a name is neither a feature nor a column that one is made of, or no feature is left.
    """
    known = {feature.name for feature in features} | {column for each in features for column in each.sources}
    if unknown := {*only, *leave_out} - known:
        raise ChoiceError.from_unknown(unknown, known)
    kept, dropped = set(only), set(leave_out)

    def stays(feature: Feature) -> bool:
        sources = set(feature.sources)
        is_named = not kept or feature.name in kept or sources <= kept
        return is_named and feature.name not in dropped and not sources & dropped

    left_out = tuple(feature.name for feature in features if not stays(feature))
    if len(left_out) == len(features):
        raise ChoiceError.from_nothing()
    return FeatureChoice(left_out, is_constrained)

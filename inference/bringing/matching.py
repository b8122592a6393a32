"""Which features of the definition a model's columns are: by their names, and by nothing else unless that is said."""

from __future__ import annotations

import re
from collections.abc import Sequence

from inference.bringing.errors import BringingError, UnsaidError, listed
from inference.features.encoding import FeatureSet

_IN_ORDER = "say --in-order if they are the definition's {n:,} features in their order"


def match_columns(
    columns: Sequence[str], width: int | None, features: FeatureSet, *, in_order: bool = False
) -> tuple[int, ...]:
    """Where each of a model's columns is in the feature matrix.

    `columns` are empty where the file names none; `width` is how many there are, None where any number will do.
    Features that the model does not take are no fault.

    Raises:
        BringingError: a column is none of the features, or there are more or fewer than features where names do not
            help.
        UnsaidError: only their order could tell which they are, and that it does is not said.
    """
    n = len(features.names)
    if not columns:
        return _by_order(width, n, in_order=in_order)
    known = _places(features.names)
    places = [known.get(name, known.get(_plain(name))) for name in columns]
    missing = [name for name, place in zip(columns, places, strict=True) if place is None]
    if not missing:
        found = tuple(place for place in places if place is not None)
        if len(set(found)) < len(found):
            raise BringingError(f"The model names a column twice: {listed(sorted(_twice(columns)))}.")
        return found
    if len(columns) == n and in_order:
        return tuple(range(n))
    raw = [name for name in missing if name in features.definition.by_name]
    told = f"The model takes {len(missing):,} columns that are no features of the definition: {listed(missing)}"
    if raw:
        told += f"; of these, {listed(raw)} are columns of the table: name them under [features] to use them"
    unused = [name for at, name in enumerate(features.names) if at not in set(places)]
    if len(columns) == n:
        raise UnsaidError(f"{told}; it lacks {listed(unused)}; {_IN_ORDER.format(n=n)}, or rename its columns.")
    rest = f"; of the definition's features it does not take {listed(unused)}" if unused else ""
    raise BringingError(f"{told}{rest}; train it on the definition's features, by their names.")


def _by_order(width: int | None, n: int, *, in_order: bool) -> tuple[int, ...]:
    if width not in (None, n):
        raise BringingError(
            f"The model takes {width:,} columns without names, and the definition has {n:,} features; name its "
            "columns, or train it on these features in their order."
        )
    if not in_order:
        raise UnsaidError(
            f"The file does not name its {n if width is None else width:,} columns; {_IN_ORDER.format(n=n)}."
        )
    return tuple(range(n))


def _places(names: Sequence[str]) -> dict[str, int]:
    """Places by name, and by the name as libraries write it that take only plain ones, where that is still one."""
    plain = [_plain(name) for name in names]
    known = {name: at for at, name in enumerate(plain) if plain.count(name) == 1}
    return known | {name: at for at, name in enumerate(names)}


def _plain(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", name)


def _twice(names: Sequence[str]) -> set[str]:
    return {name for name in names if names.count(name) > 1}

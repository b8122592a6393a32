"""Words that a model was trained on, set against those that it is given."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from inference.bringing.errors import BringingError, listed

_ONE, _OTHER = ("1", "1.0", "true"), ("0", "0.0", "-1", "-1.0", "false")


def ones_of(classes: Sequence[str]) -> list[int]:
    """The places of classes that are called 1 or True beside one called 0, -1 or False.

    Beside a 2, 1 says nothing: portfolios that count from 1 often mean by it those who paid.
    """
    names = [each.lower() for each in classes]
    has_other = any(name in _OTHER for name in names)
    return [at for at, name in enumerate(names) if name in _ONE and has_other]


def check_words(
    column: str,
    known: Collection[object],
    levels: Sequence[str],
    codes: NDArray[np.float32],
    missing: str | None,
    elsewhere: Collection[object] = (),
) -> None:
    """Refuse a model that knows other words of a column and lacks some that occur, which it would take for none.

    `codes` are places in `levels`, NaN or negative where the value is missing, which the model knows as `missing`.
    `elsewhere` are words of other columns that `known` may hold too. Encoders that ignore what they do not know
    (`handle_unknown="ignore"`) say nothing, and the PDs would be wrong in the library and in the graph alike.

    Raises:
        BringingError: words were renamed, or missing ones filled, before training.
    """
    other = sorted(str(each) for each in {*known} - {*levels} - {*elsewhere} - {missing, None, ""})
    places = np.unique(np.where(codes >= 0, codes, -1)).astype(np.int64)
    given = [missing if at < 0 else levels[at] for at in places]
    lost = ["a missing value" if each in (None, "") else each for each in given if each not in known]
    if other and lost:
        raise BringingError(
            f"In {column[:60]} it knows {listed(other)}, which is no level of the definition, and does not know "
            f"{listed(lost)}, which occurs; train it on the definition's levels, with missing values left missing or "
            "filled inside the model."
        )

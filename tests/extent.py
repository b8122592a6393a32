"""How far tests go that draw many cases: a short form with every `make test`, the whole with `make test-whole`."""

from __future__ import annotations

import os

IS_WHOLE = bool(os.environ.get("SCOREROOM_WHOLE_TESTS"))


def at_length(short: int, whole: int) -> int:
    """`whole` where the whole form was asked for, else `short`."""
    return whole if IS_WHOLE else short

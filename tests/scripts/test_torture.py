from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scripts import torture


def test_an_unknown_part_is_named_with_those_there_are(call: Callable[..., Any]) -> None:
    done = call(torture, "damage", "everything")
    assert (done.code, done.out) == (2, "")
    assert done.err == f"There is no part called everything; the parts are {', '.join(torture.PARTS)}.\n"

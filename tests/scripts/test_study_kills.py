from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scripts import study_kills


@pytest.mark.parametrize("arguments", [["--kills", "0"], ["--builds", "-1"], ["--exchanges", "none"], ["extra"]])
def test_bad_arguments_kill_nothing(call: Callable[..., Any], arguments: list[str]) -> None:
    done = call(study_kills, *arguments)
    assert (done.code, done.out) == (2, "")
    assert arguments[0] in done.err

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scripts import study_memory


@pytest.mark.parametrize("arguments", [["disk"], ["dashboard", "--visits", "-1"]])
def test_bad_arguments_start_no_server(call: Callable[..., Any], arguments: list[str]) -> None:
    done = call(study_memory, *arguments)
    assert (done.code, done.out) == (2, "")
    assert arguments[-1] in done.err

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from data.settings import Settings
from scripts import build


@pytest.mark.usefixtures("in_force")
def test_what_is_fresh_is_left_alone(call: Callable[..., Any]) -> None:
    done = call(build)
    assert (done.code, done.out.splitlines()[-1]) == (0, "Everything is up to date.")


def test_only_what_is_missing_is_built(call: Callable[..., Any], in_force: Settings) -> None:
    in_force.contributions.unlink()
    assert call(build).out.splitlines()[-1] == "Built contributions."
    assert in_force.contributions.exists()


def test_a_bad_setting_is_one_sentence(call: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCOREROOM_ROWS", "many")
    done = call(build)
    assert (done.code, done.out) == (2, "")
    assert done.err == "SCOREROOM_ROWS is 'many'; set it to a whole number of at least 1,000, or leave it unset.\n"

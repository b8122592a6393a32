from __future__ import annotations

from collections.abc import Callable
from typing import Any

from data.settings import Settings
from scripts import promote
from scripts._kills import state_of


def test_what_cannot_be_promoted_is_one_sentence(call: Callable[..., Any], in_force: Settings) -> None:
    before = state_of(in_force.processed, in_force.model)
    for name, said in (("nobody", "there are champion."), ("champion", "is the one in service already")):
        done = call(promote, name)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
        assert said in done.err
    assert state_of(in_force.processed, in_force.model) == before

"""Kills at a dozen system calls, and readers of a model that is exchanged; `scripts.study_kills` is the long form."""

from __future__ import annotations

import os
import shutil

import pytest

from scripts._kills import Portfolios, Work, kill_at_calls, read_while_exchanging, writing


@pytest.fixture(scope="module", autouse=True)
def strace() -> None:
    """Where there is no strace, CI fails and everybody else is told."""
    if shutil.which("strace") is None:
        if os.environ.get("CI"):
            pytest.fail("strace is not installed")
        pytest.skip("strace is not installed")


def check(work: Work, kills: int) -> None:
    found = kill_at_calls(work, kills, seed=3)
    assert found.faults == []
    assert (found.kills, found.opened) == (kills, kills)
    assert found.unharmed < kills / 2
    assert found.old > 0


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_killed_writer_leaves_the_old_or_the_new(kind: str) -> None:
    check(writing(kind), 3)


def test_a_killed_rollback_leaves_the_old_or_the_new_portfolio(portfolios: Portfolios) -> None:
    check(portfolios.rolling_back(), 6)


def test_a_killed_promotion_leaves_the_old_or_the_new_champion(portfolios: Portfolios) -> None:
    check(portfolios.promoting(), 3)


def test_readers_never_miss_a_model_that_is_exchanged(portfolios: Portfolios) -> None:
    model = portfolios.template / "model"
    found = read_while_exchanging(model, portfolios.template / "processed" / "previous" / "model", 40)
    assert found.failures == ()
    assert found.opened > 10
    assert found.models == tuple(sorted(state["model.onnx"][:12] for state in (portfolios.earlier, portfolios.later)))

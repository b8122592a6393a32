"""A live process is never taken for a dead one, nor one that got a dead one's number for that."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from data.settings import ROOT
from data.store import owners

TELL = "from data.store import owners; print(owners.own(), flush=True); input()"


def test_a_process_is_alive_until_it_ends_even_unreaped() -> None:
    command = [sys.executable, "-c", TELL]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        owner = process.stdout.readline().strip()
        assert owner.split("-")[2] == str(process.pid)
        assert owners.is_alive(owner) is True
        process.kill()
        # Ended, but not yet waited for: its number still answers to signals.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        os.kill(process.pid, 0)
        assert owners.is_alive(owner) is False
    assert owners.is_alive(owner) is False


@pytest.mark.parametrize(
    ("part", "alive"),
    [(3, False), (1, False), (0, None)],
    ids=["number given out again", "before the last boot", "another machine"],
)
def test_every_part_of_an_owner_counts(part: int, alive: bool | None) -> None:
    told = owners.own().split("-")
    assert owners.is_alive("-".join(told)) is True
    told[part] = "00000000"
    assert owners.is_alive("-".join(told)) is alive

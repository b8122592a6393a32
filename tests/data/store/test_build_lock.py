"""One holder at a time, who is named, and whose death frees the lock."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from data.errors import FileError
from data.settings import ROOT
from data.store.build_lock import LOCK, build_lock, is_building

HOLD = """
import sys
from pathlib import Path
from data.store.build_lock import build_lock
with build_lock(Path(sys.argv[1]), lambda said: print(said, flush=True)):
    print("held", flush=True)
    input()
"""


@contextmanager
def holding(folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_second_holder_waits_and_says_for_whom(tmp_path: Path) -> None:
    with holding(tmp_path) as first:
        assert line(first) == "held"
        with holding(tmp_path) as second:
            told = line(second)
            assert told.startswith(
                f"Waiting for another build to end: process {first.pid} on {platform.node()} since 20"
            )
            assert "(python -c " in told
            first.communicate("\n")
            assert line(second) == "held"
            second.communicate("\n")
    assert list(tmp_path.iterdir()) == []


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    with holding(tmp_path) as process:
        assert line(process) == "held"
    assert (tmp_path / LOCK).exists()
    said: list[str] = []
    with build_lock(tmp_path, said.append):
        assert str(os.getpid()) in (tmp_path / LOCK).read_text()
    assert said == []
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match=r"file: cannot be written"), build_lock(tmp_path / "file"):
        pass


def test_a_build_under_way_is_seen_and_one_that_ended_or_died_is_not(tmp_path: Path) -> None:
    assert not is_building(tmp_path)
    with build_lock(tmp_path):
        assert is_building(tmp_path)
    assert not is_building(tmp_path)
    (tmp_path / LOCK).write_text("{}")
    assert not is_building(tmp_path)

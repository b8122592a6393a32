"""The study of reading: both readers come to the same sums, whatever the spelling."""

from __future__ import annotations

import subprocess
import sys

from data.settings import ROOT


def test_every_reader_finds_the_same_amounts() -> None:
    command = [sys.executable, "-m", "scripts.study_reading", "--rows", "2000"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    head, *lines = [line.split() for line in ended.stdout.splitlines()]
    assert head[:2] == ["table", "reader"]
    assert [line[:2] for line in lines] == [["usual", "reading"], ["usual", "polars"], ["german", "reading"]]
    assert len({line[-1] for line in lines}) == 1

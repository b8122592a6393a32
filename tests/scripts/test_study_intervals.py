from __future__ import annotations

import subprocess
import sys

from data.settings import ROOT


def test_the_command_prints_a_table() -> None:
    command = [sys.executable, "-m", "scripts.study_intervals", "separation", "--samples", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("| figure, score | 1 default")
    assert [line.split("|")[1].strip() for line in lines[2:4]] == ["AUC, useless", "KS, useless"]

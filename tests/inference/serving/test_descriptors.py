"""The limit of open files, raised in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from data.settings import ROOT

PROGRAM = """
import resource, sys
soft, hard = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
from inference.serving.descriptors import raise_descriptors
print(raise_descriptors(), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize(
    ("soft", "hard", "raised"),
    # As far as the system lets it; never down.
    [(256, 1_024, 1_024), (1_024, 1_024, 1_024)],
)
def test_as_many_are_taken_as_the_system_gives(soft: int, hard: int, raised: int) -> None:
    command = [sys.executable, "-c", PROGRAM, str(soft), str(hard)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(raised), str(raised), str(hard)]

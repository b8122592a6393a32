"""A server to measure: what its script runs took, and what it said when it does not answer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.benchmarks.server import RunLog, ServerError, free_port, serve


def test_runs_of_the_script_are_added_up_since_the_last_look(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "runs.txt")
    assert log.take() == 0
    log.path.write_text("1.5\n2.0\n")
    assert log.take() == 3.5
    assert log.take() == 0


def test_a_server_that_ends_is_reported_with_its_last_words(run: Any) -> None:
    async def start() -> None:
        port = free_port()
        async with serve([sys.executable, "-c", "print('not today'); raise SystemExit(3)"], port):
            pytest.fail("it never was healthy")

    with pytest.raises(ServerError, match=r"/_stcore/health did not become healthy\. Its output:\nnot today"):
        run(start())

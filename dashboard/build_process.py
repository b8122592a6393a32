"""A build in a process of its own, which tells how far it is through a pipe: one JSON object a line."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from typing import IO

from dashboard import journal
from dashboard.building import Building, steps_of
from data.settings import Settings
from inference.publishing.pipeline import source_of

# The exit codes of a build (scripts/_cli.py).
BAD_INPUT, STOPPED = 2, 130
_VERDICTS = {0: (journal.note, "done"), BAD_INPUT: (journal.warn, "refused"), STOPPED: (journal.note, "stopped")}


class BuildProcess:
    """`python -m scripts.build` beside this process, under the settings of `environment`; `building` follows it.

    It ends when `end` is called or, with the next line that nobody reads, when this process does.
    """

    def __init__(self, settings: Settings, environment: Mapping[str, str] = os.environ) -> None:
        self.building = Building(steps_of(settings, is_synthetic=source_of(settings) is None))
        reading, writing = os.pipe()
        command = [sys.executable, "-m", "scripts.build", "--tell", str(writing)]
        # In a group of its own, so that the keyboard stops this process alone, which then ends the other one in order.
        self._process = subprocess.Popen(command, pass_fds=[writing], process_group=0, env=dict(environment))  # noqa: S603
        os.close(writing)
        self._follower = threading.Thread(target=self._follow, args=(os.fdopen(reading, "rb"),), daemon=True)
        self._follower.start()

    def end(self) -> int:
        """Stop the build where it is under way, wait for it, and return its exit code, STOPPED where it was stopped."""
        is_stopped = self._process.poll() is None
        if is_stopped:
            self._process.terminate()
        code = self._process.wait()
        self._follower.join()
        return STOPPED if is_stopped else code

    def wait(self, seconds: float) -> bool:
        """Wait so long for the process to end; return whether it has."""
        self._follower.join(seconds)
        return not self._follower.is_alive()

    def _follow(self, lines: IO[bytes]) -> None:
        began = time.perf_counter()
        with lines:
            for line in lines:
                self.building.take(line)
        code = self._process.wait()
        tell, verdict = _VERDICTS.get(code, (journal.warn, "failed"))
        tell("build", steps=self.building.built, verdict=verdict, ms=round(1e3 * (time.perf_counter() - began), 1))
        self.building.end(code)

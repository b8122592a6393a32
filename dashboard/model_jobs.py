"""Work on the models of a portfolio that a reader has ordered, in a process of its own that tells how far it is.

One runs at a time on a server, as with models that are trained on a file (`dashboard.training`). What is stopped or
fails leaves nothing: models appear whole or not at all.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

import orjson

from dashboard import journal
from dashboard.training import BusyError, turn

# The exit code of a command that was given bad input (scripts/_cli.py).
_BAD_INPUT = 2
_LOOK_SECONDS = 0.2
_STOPPED = "The command ended without saying why; the terminal or the log may tell."


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the work and the share of it that is done, 0 to 1."""

    title: str
    share: float


class ModelJob:
    """`python -m scripts.COMMAND ARGUMENT ...` beside this process, under the settings of `environment`."""

    def __init__(
        self,
        title: str,
        command: str,
        arguments: Sequence[str],
        seconds: float,
        environment: Mapping[str, str] = os.environ,
        *,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        """Begin; after so many `seconds` it is stopped. `title` says what it does, `on_end` clears up behind it.

        Raises:
            BusyError: other work of the kind is under way.
        """
        if not turn.acquire(blocking=False):
            raise BusyError("Another model is being made on this server; try again when it is done.")
        self.title = title
        self.problem = ""
        self.is_cancelled = False
        self.is_done = False
        # What the command wrote when it was done.
        self.said = ""
        self._command, self._seconds, self._on_end = command, seconds, on_end
        self._shares: dict[str, float] = {}
        reading, writing = os.pipe()
        try:
            # In a group of its own, so that the keyboard stops this process alone, which then ends the other in order.
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "scripts._ordered", str(writing), command, *arguments],
                pass_fds=[writing],
                process_group=0,
                env=dict(environment),
                stdout=subprocess.PIPE,
                text=True,
            )
        except BaseException:
            os.close(reading)
            turn.release()
            raise
        finally:
            os.close(writing)
        self._listener = threading.Thread(target=self._listen, args=(os.fdopen(reading, "rb"),), daemon=True)
        self._listener.start()
        self._thread = threading.Thread(target=self._follow, name="model-job", daemon=True)
        self._thread.start()

    @property
    def steps(self) -> Sequence[Step]:
        """The steps that have begun, in order; all but the last are done."""
        begun = list(self._shares.items())
        return [Step(title, 1.0 if place < len(begun) - 1 else share) for place, (title, share) in enumerate(begun)]

    @property
    def is_under_way(self) -> bool:
        """Whether there is still something to wait for."""
        return self._thread.is_alive()

    def cancel(self) -> None:
        """Stop it; returns once nothing of it is left."""
        self.is_cancelled = True
        self._thread.join()

    def wait(self, seconds: float) -> None:
        """Return when it is over, or after so many seconds."""
        self._thread.join(seconds)

    def _listen(self, lines: IO[bytes]) -> None:
        with lines:
            for line in lines:
                facts = orjson.loads(line)
                self.problem = facts.get("problem", self.problem)
                if title := facts.get("step"):
                    self._shares[title] = facts["done"] / max(facts["total"], 1)

    def _follow(self) -> None:
        began = time.monotonic()
        try:
            while self._process.poll() is None:
                self._listener.join(_LOOK_SECONDS)
                if self.is_cancelled or time.monotonic() > began + self._seconds:
                    self._process.terminate()
                    self._process.wait()
                    break
                if not self._listener.is_alive():
                    self._process.wait()
            self._listener.join()
            self._end(time.monotonic() - began)
        finally:
            self._on_end()
            turn.release()

    def _end(self, seconds: float) -> None:
        code = self._process.returncode
        # A few sentences, which a pipe holds until they are read.
        self.said = " ".join((self._process.stdout.read() if self._process.stdout else "").split("\n")).strip()
        self.is_done = code == 0
        verdict = "done" if self.is_done else "stopped" if self.is_cancelled else "refused"
        if not self.is_done and not self.is_cancelled:
            if seconds > self._seconds:
                self.problem = (
                    f"It took longer than {self._seconds / 60:,.0f} minutes and was stopped; take fewer columns, or "
                    "raise SCOREROOM_TRAIN_MINUTES."
                )
            else:
                self.problem = self.problem or _STOPPED
                verdict = "refused" if code == _BAD_INPUT else "failed"
        tell = journal.note if self.is_done or self.is_cancelled else journal.warn
        tell("model_job", command=self._command, verdict=verdict, ms=round(1e3 * seconds, 1))

"""Models that readers have trained: each in a process of its own, which goes on when its reader has left.

One trains at a time. What is finished takes its place in the library; what was stopped or failed leaves nothing.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Self

from dashboard.build_process import BuildProcess
from dashboard.building import Step
from data.errors import ScoreroomError
from data.library.entries import Entry
from data.library.opening import Brought, keep_trained
from data.settings import load_settings

# One model is made at a time, here or on the page Models (`dashboard.model_jobs`).
turn = threading.Lock()
_LOOK_SECONDS = 0.2


class BusyError(ScoreroomError):
    """Another model is being trained."""


class Training:
    """A portfolio that is being built in a `folder`, whose definition is prepared."""

    def __init__(
        self,
        folder: Path,
        name: str,
        seconds: float,
        *,
        keep: Callable[[], Entry],
        drop: Callable[[], None] = lambda: None,
    ) -> None:
        """Begin; after so many `seconds` it is stopped. `name` is what it is called on the screen.

        What is finished `keep` gives its place in the library; `drop` is called at the end, however that is.

        Raises:
            BusyError: another one is under way.
            ScoreroomError: the definition cannot be read.
        """
        if not turn.acquire(blocking=False):
            raise BusyError("Another model is being trained on this server; try again when it is done.")
        try:
            environment = {**os.environ, "SCOREROOM_PORTFOLIO": str(folder)}
            self._process = BuildProcess(load_settings(environment), environment)
        except BaseException:
            turn.release()
            raise
        self.name = name
        self.entry: Entry | None = None
        self.problem = ""
        self.is_cancelled = False
        self._folder, self._seconds, self._keep, self._drop = folder, seconds, keep, drop
        self._thread = threading.Thread(target=self._follow, name="training", daemon=True)
        self._thread.start()

    @classmethod
    def on(cls, brought: Brought, name: str, seconds: float, *, taken: str = "") -> Self:
        """A model of the file `brought`, kept under `name`, which links do not call `taken`; raises as the class."""
        keep = partial(keep_trained, brought, name, taken=taken)
        return cls(brought.part, name, seconds, keep=keep, drop=brought.drop)

    @property
    def steps(self) -> Sequence[Step]:
        """The steps in order."""
        return self._process.building.steps

    @property
    def is_under_way(self) -> bool:
        """Whether there is still something to wait for."""
        return self._thread.is_alive()

    def described(self) -> Mapping[str, object]:
        """How far it is (`dashboard.building.Building.described`)."""
        return self._process.building.described()

    def cancel(self) -> None:
        """Stop it; returns once nothing of it is left."""
        self.is_cancelled = True
        self._thread.join()

    def wait(self, seconds: float) -> None:
        """Return when it is over, or after so many seconds."""
        self._thread.join(seconds)

    def _follow(self) -> None:
        until = time.monotonic() + self._seconds
        try:
            while not self._process.wait(_LOOK_SECONDS):
                if self.is_cancelled or time.monotonic() > until:
                    break
            self._end(is_late=time.monotonic() > until)
        except ScoreroomError as error:
            self.problem = str(error)
        finally:
            self._drop()
            turn.release()

    def _end(self, *, is_late: bool) -> None:
        code = self._process.end()
        if self.is_cancelled:
            return
        if code == 0:
            self.entry = self._keep()
        elif is_late:
            self.problem = (
                f"Training took longer than {self._seconds / 60:,.0f} minutes and was stopped; bring fewer rows, or "
                "raise SCOREROOM_TRAIN_MINUTES."
            )
        else:
            self.problem = self._process.building.problem.replace(f"{self._folder}/", "")

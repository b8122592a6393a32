"""How far a build is that another process does, as it tells line by line, and what the steps of a build are."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from data.settings import PORTFOLIO_ROWS, Settings
from data.store.records import APPLICATIONS, CONTRIBUTIONS, MODEL, PREDICTIONS, QUALITY

RUNNING, USABLE, FAILED = "building", "usable", "failed"
# A page asks twice a second (dashboard/static/building.js). One that asked this recently is still open, and gets this
# long to learn why a build failed before the server ends.
_PATIENCE_S = 3.0
_STOPPED = "The build ended without saying why; the terminal or the log may tell."


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a build; `expected_s` are the seconds that it takes on two quiet cores, None where nobody knows."""

    name: str
    title: str
    what: str
    expected_s: float | None


# About what two quiet cores take for the usual rows; the page scales them by the steps that are done.
_EXPECTED_S = {APPLICATIONS: 7.0, MODEL: 69.0, PREDICTIONS: 0.5, CONTRIBUTIONS: 13.0, QUALITY: 3.0}


def steps_of(settings: Settings, *, is_synthetic: bool) -> tuple[Step, ...]:
    """The steps of building the portfolio of `settings`."""
    told = {
        APPLICATIONS: (
            ("Make the applications", f"{settings.rows:,} synthetic ones, drawn anew from a fixed seed.")
            if is_synthetic
            else ("Read the applications", "Every value is checked against the portfolio's definition.")
        ),
        MODEL: (
            "Train and check the model",
            "A model for each of five folds, one on all rows, and a check that ONNX Runtime gives the same PDs.",
        ),
        PREDICTIONS: ("Write the predictions", "For each application the PD of a model that has not seen it."),
        CONTRIBUTIONS: (
            "Explain the predictions",
            "What each feature adds to each PD. The dashboard opens before this is done.",
        ),
        QUALITY: ("Look through the data", "Gaps, repeated rows, leaks and odd values, for the page Data quality."),
    }
    scale = settings.rows / PORTFOLIO_ROWS
    return tuple(
        Step(name, title, what, _EXPECTED_S[name] * scale if is_synthetic else None)
        for name, (title, what) in told.items()
    )


class Building:
    """A build under way, safe to feed and to ask from any thread.

    There is something to show when the build says so; it has failed where its process ends before that.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = tuple(steps)
        self._began = time.monotonic()
        self._lock = threading.Lock()
        # When each step began, and the share of it that is done. One ends as the next begins.
        self._begun: dict[str, float] = {}
        self._shares: dict[str, float] = {}
        self._is_waiting = False
        self._asked_at = float("-inf")
        self._status = RUNNING
        self._over = threading.Event()
        self.problem = ""
        self.built: Sequence[str] | None = None

    @property
    def is_usable(self) -> bool:
        """Whether there is something to show."""
        return self._status == USABLE

    def wait(self) -> bool:
        """Wait until there is something to show; False where there never will be."""
        self._over.wait()
        return self.is_usable

    def take(self, line: bytes) -> None:
        """Take a line that the build tells: a JSON object as scripts/build.py writes it."""
        facts: Mapping[str, Any] = orjson.loads(line)
        with self._lock:
            self._is_waiting = "waiting" in facts
            self.problem = facts.get("problem", self.problem)
            self.built = facts.get("built", self.built)
            if name := facts.get("step"):
                self._begun.setdefault(name, time.monotonic())
                self._shares[name] = facts["done"] / facts["total"]
        if "usable" in facts:
            self._be_over(USABLE)

    def end(self, code: int) -> None:
        """Note that the process ended with `code`."""
        if code == 0:
            self._be_over(USABLE)
        elif not self.is_usable:
            self.problem = self.problem or _STOPPED
            self._be_over(FAILED)

    def described(self) -> dict[str, object]:
        """The state for people and programs, in seconds and shares (0 to 1)."""
        now = time.monotonic()
        with self._lock:
            return {
                "status": self._status,
                "seconds": round(now - self._began, 1),
                "is_waiting": self._is_waiting,
                "problem": self.problem,
                "steps": [self._described(step, now) for step in self.steps],
            }

    def look(self) -> dict[str, object]:
        """The state for an open page, which is waited for when the build fails."""
        found = self.described()
        self._asked_at = time.monotonic()
        return found

    def let_a_page_learn(self) -> None:
        """Wait a moment where a page is open that has not learnt yet that the build failed."""
        failed = time.monotonic()
        is_open = failed - self._asked_at < _PATIENCE_S
        while is_open and self._asked_at < failed and time.monotonic() - failed < _PATIENCE_S:
            time.sleep(0.1)

    def _described(self, step: Step, now: float) -> dict[str, object]:
        names, begun = [each.name for each in self.steps], list(self._begun)
        later = [self._begun[name] for name in begun if names.index(name) > names.index(step.name)]
        began = self._begun.get(step.name)
        state = ("kept" if later else "waiting") if began is None else "done" if later else "running"
        return {
            "name": step.name,
            "state": state,
            "share": round(self._shares.get(step.name, 0.0), 3),
            "seconds": None if began is None else round(min(later, default=now) - began, 1),
            "expected_s": step.expected_s,
        }

    def _be_over(self, status: str) -> None:
        self._status = status
        self._over.set()

"""A report that is being made in a thread of its own, so that no page waits for it: how far it is, and its files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType

from dashboard.limits import load_limits
from dashboard.report.formats import FORMATS
from dashboard.report.paper import Paper, Step
from data.errors import ScoreroomError

# How often a report that waits for its turn looks whether it is still wanted.
_LOOK_SECONDS = 0.2
# How long who asked for a file waits for it.
_PATIENCE_SECONDS = 600.0
Make = Callable[[Step], Paper]


@cache
def turns() -> threading.Semaphore:
    """How many reports this process may make at once, for all visits together."""
    return threading.Semaphore(load_limits().reports)


class NotMadeError(ScoreroomError):
    """A file was asked for of a report that is not made, and why."""


class Standing(StrEnum):
    """How far a report is."""

    WAITING = "waiting"
    MAKING = "making"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class _CancelledError(Exception):
    """Nobody wants the report any more."""


class Making:
    """One report on its way; `turns` says how many may be made at once.

    Its state may be read from any thread. `failed` is called with an exception that is no fault of the recipe.
    """

    def __init__(
        self,
        title: str,
        make: Make,
        turns: threading.Semaphore,
        failed: Callable[[Exception], None] = lambda _error: None,
    ) -> None:
        """Begin to make the report called `title`."""
        self.title = title
        self.standing = Standing.WAITING
        # What is being done, and which share of all is done.
        self.doing, self.share = "Waiting for another report", 0.0
        # One sentence, where it failed.
        self.problem = ""
        self.files: Mapping[str, bytes] = MappingProxyType({})
        self._make, self._turns, self._failed = make, turns, failed
        self._is_cancelled = threading.Event()
        # A server that ends does not wait for it.
        self._thread = threading.Thread(target=self._run, name="report", daemon=True)
        self._thread.start()

    @property
    def is_under_way(self) -> bool:
        """Whether there is still something to wait for."""
        return self.standing in (Standing.WAITING, Standing.MAKING)

    def cancel(self) -> None:
        """Stop before the next figure; what is done already stays."""
        self._is_cancelled.set()
        if self.is_under_way:
            self.standing = Standing.CANCELLED

    def wait(self, seconds: float) -> None:
        """Return when there is nothing to wait for any more, or after so many seconds."""
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            while not self._turns.acquire(timeout=_LOOK_SECONDS):
                self._check()
            try:
                self._work()
            finally:
                self._turns.release()
        except _CancelledError:
            self.standing = Standing.CANCELLED
        except ScoreroomError as error:
            self._fail(str(error))
        except Exception as error:  # noqa: BLE001 - whatever went wrong, who waits for the report has to be told
            self._failed(error)
            self._fail(f"The report could not be made ({type(error).__name__}); the server's log has the rest.")

    def _work(self) -> None:
        self._check()
        self.standing = Standing.MAKING
        paper = self._make(self._step("Part {} of {}", 0.0, 0.5))
        drawing = self._step("Drawing part {} of {} for the PDF", 0.5, 1.0)
        files = {kind: form.write(paper, drawing) for kind, form in FORMATS.items()}
        self._check()
        self.files = MappingProxyType(files)
        self.share, self.standing = 1.0, Standing.DONE

    def _step(self, words: str, low: float, high: float) -> Step:
        def step(done: int, total: int) -> None:
            self._check()
            self.doing = words.format(min(done + 1, total), total)
            self.share = low + (high - low) * done / max(total, 1)

        return step

    def _check(self) -> None:
        if self._is_cancelled.is_set():
            raise _CancelledError

    def _fail(self, problem: str) -> None:
        self.problem, self.standing = problem, Standing.FAILED


class Desk:
    """The report that one visit has on its way or in hand: at most one, since a new one takes its place."""

    def __init__(self) -> None:
        """An empty desk."""
        self.making: Making | None = None
        self._key: object = None

    def begin(self, key: object, start: Callable[[], Making], *, anew: bool = False) -> None:
        """Have the report of `start` made, unless that of the same `key` is here and not to be made `anew`."""
        if self.making is not None:
            is_good = self.making.is_under_way or self.making.standing is Standing.DONE
            if not anew and is_good and key == self._key:
                return
            self.making.cancel()
        self.making, self._key = start(), key

    def file(self, kind: str) -> bytes:
        """The report as a file of `kind`, waited for.

        Raises:
            NotMadeError: no report was begun, or it failed or was cancelled.
        """
        making = self.making
        if making is None:
            raise NotMadeError("No report is being made; press the button once more.")
        making.wait(_PATIENCE_SECONDS)
        if kind not in making.files:
            raise NotMadeError(making.problem or f"{making.title} is not made: {making.standing}.")
        return making.files[kind]

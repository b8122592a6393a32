"""A build in a process of its own, which tells how far it is through a pipe: one JSON object a line."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import orjson

from dashboard import journal
from dashboard.building import Building, steps_of
from data.settings import Settings
from inference.publishing.pipeline import product_of, source_of
from scripts._cli import BAD_INPUT, STOPPED, Advance, progress, say_waiting, sentence_of

_VERDICTS = {0: (journal.note, "done"), BAD_INPUT: (journal.warn, "refused"), STOPPED: (journal.note, "stopped")}


class BuildProcess:
    """`python -m scripts.build` beside this process, under the settings of the environment; `building` follows it.

    It ends when `end` is called or, with the next line that nobody reads, when this process does.
    """

    def __init__(self, settings: Settings) -> None:
        self.building = Building(steps_of(settings, is_synthetic=source_of(settings) is None))
        reading, writing = os.pipe()
        command = [sys.executable, "-m", "scripts.build", "--tell", str(writing)]
        # In a group of its own, so that the keyboard stops this process alone, which then ends the other one in order.
        self._process = subprocess.Popen(command, pass_fds=[writing], process_group=0)  # noqa: S603
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

    def _follow(self, lines: IO[bytes]) -> None:
        began = time.perf_counter()
        with lines:
            for line in lines:
                self.building.take(line)
        code = self._process.wait()
        tell, verdict = _VERDICTS.get(code, (journal.warn, "failed"))
        tell("build", steps=self.building.built, verdict=verdict, ms=round(1e3 * (time.perf_counter() - began), 1))
        self.building.end(code)


class Teller:
    """Tells the process at the other end of a pipe how far a build is; without that process the build ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def tell(self, **facts: object) -> None:
        """Tell a line."""
        try:
            os.write(self._descriptor, orjson.dumps(facts) + b"\n")
        except BrokenPipeError:
            raise KeyboardInterrupt from None

    def usable(self) -> None:
        """Tell that there is something to show."""
        self.tell(usable=True)

    def say_waiting(self, sentence: str) -> None:
        """Say and tell that another build is waited for."""
        say_waiting(sentence)
        self.tell(waiting=True)

    @contextmanager
    def progress(self, title: str) -> Iterator[Advance]:
        """A bar on stderr, of which the other process is told as well."""
        with progress(title) as advance:
            name = product_of(title)
            self.tell(step=name, done=0, total=1)

            def both(done: int, total: int) -> None:
                advance(done, total)
                self.tell(step=name, done=done, total=total)

            yield both

    @contextmanager
    def telling_problems(self) -> Iterator[None]:
        """Tell the sentence of an exception on its way."""
        try:
            yield
        except Exception as error:
            if sentence := sentence_of(error):
                self.tell(problem=sentence)
            raise

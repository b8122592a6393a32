"""The end of the pipe through which a build tells the process that began it how far it is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import orjson

from inference.publishing.pipeline import product_of
from scripts._cli import Advance, progress, say_waiting, sentence_of


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

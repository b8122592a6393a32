"""What is let in: as much as can be answered soon. The rest is turned away at once instead of being queued."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from limits import RateLimitItem

from inference.service.problems import ProblemError
from inference.service.tallies import Tallies

T = TypeVar("T")


class Workers:
    """Threads for work that takes long, which lets no more of it wait than a bound."""

    def __init__(self, what: str, *, threads: int, most: int, seconds: int) -> None:
        """At most `most` of `what` are let in, `threads` of which run at once, each for at most `seconds`."""
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=what)
        self._what = what
        self._most = most
        self._seconds = seconds
        self._taken = 0

    @property
    def taken(self) -> int:
        """How many places are taken."""
        return self._taken

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for one piece of work and for what it needs in memory, taken before that is read.

        Raises:
            ProblemError: none is free.
        """
        if self._taken >= self._most:
            raise ProblemError.from_overload(f"{self._most:,} {self._what}, the most at once, are under way")
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns, done in a thread; called where a place was taken.

        Raises:
            ProblemError: it was not done in time. Where it has begun it goes on, as no thread can be stopped, and keeps
                its place.
        """
        job = self._pool.submit(work)
        future = asyncio.wrap_future(job)
        try:
            return await asyncio.wait_for(asyncio.shield(future), self._seconds)
        except TimeoutError:
            if not job.cancel():
                self._taken += 1
                future.add_done_callback(self._give_back)
            raise ProblemError.from_long_work(self._seconds) from None

    def close(self) -> None:
        """Take no more work. What is under way is waited for by whoever asked for it, or else by the interpreter."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _give_back(self, future: asyncio.Future[T]) -> None:
        self._taken -= 1
        # What it came to is nobody's any more, and a fault that nobody asked for would be written to the log.
        future.cancelled() or future.exception()


class Rates:
    """How many requests each caller may send in a stretch of time (sliding window counter)."""

    def __init__(self, rate: RateLimitItem, tallies: Tallies | None = None) -> None:
        """`tallies` are shared by all processes that keep the rate together."""
        self._rate = rate
        self._tallies = tallies or Tallies()

    def check(self, caller: str) -> None:
        """Count one request of `caller`.

        Raises:
            ProblemError: it has sent as many as it may.
        """
        seconds = self._rate.get_expiry()
        window, into = divmod(time.time(), seconds)
        left = seconds - into
        with self._tallies.of(caller, int(window)) as tally:
            # Of the window before as much as a window that ends now would reach into it.
            if math.floor(tally.before * left / seconds + tally.now) < self._rate.amount:
                tally.now += 1
                return
            wait = min(left % (seconds / tally.before) if tally.before else left, left)
        raise ProblemError.from_rate(str(self._rate), max(1, math.ceil(wait)))

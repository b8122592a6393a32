"""Memory: what all that is read at once may take up together, and giving it back to the system afterwards."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Self

import pyarrow as pa

from data.errors import ScoreroomError

# Told how many bytes of memory something will take up in all before it does; may refuse.
Hold = Callable[[int], None]


class BusyError(ScoreroomError):
    """There is not enough memory now, but there may be later."""

    @classmethod
    def from_full(cls, limit: int) -> Self:
        return cls(f"Tables that take up {limit / 1e6:,g} MB, the most at once, are being read; try again in 5 s.")


class Budget:
    """Bytes of memory that all who lease some of them may take up together; safe from many threads at once."""

    def __init__(
        self, most: int, *, also: Callable[[], int] = lambda: 0, free: Callable[[int], None] = lambda _: None
    ) -> None:
        """`also` says how many bytes more are taken that nobody leases; `free` gives so many of them back if it can."""
        self._most = most
        self._also = also
        self._free = free
        self._held = 0
        self._lock = threading.Lock()

    @property
    def held(self) -> int:
        """How many bytes are leased."""
        return self._held

    def lease(self) -> AbstractContextManager[Lease]:
        """A lease of no bytes at first, given back at the end of the block and of every other that uses it."""
        return Lease(self).use()

    def change(self, before: int, after: int) -> None:
        """Hold `after` bytes where `before` were held.

        Raises:
            BusyError: memory would run out. A sole holder may take any number, so that nothing within the other
                limits is refused for ever.
        """
        also = self._also() if after > before else 0
        lacking = also + self._held - before + after - self._most
        if also and lacking > 0:
            self._free(lacking)
            also = self._also()
        with self._lock:
            others = self._held - before
            taken = also + others
            if after > before and taken and taken + after > self._most:
                raise BusyError.from_full(self._most)
            self._held = others + after


class Lease:
    """Bytes that one piece of work holds."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._held = 0
        self._users = 0
        self._lock = threading.Lock()

    @contextmanager
    def use(self) -> Iterator[Self]:
        """Keep the lease during the block, also where who took it has ended: a thread cannot be stopped."""
        with self._lock:
            self._users += 1
        try:
            yield self
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self.hold(0)

    def hold(self, size: int) -> None:
        """Hold `size` bytes in all, more or fewer than before.

        Raises:
            BusyError: others hold too many; what was held before stays held.
        """
        self._budget.change(self._held, size)
        self._held = size


def hold_nothing(_: int) -> None:
    """A `Hold` that never refuses."""


def give_back() -> None:
    """Hand memory that is free, but kept for later by Arrow's and the C library's allocators, back to the system.

    It takes some milliseconds, and is called in the thread that did the work, since Arrow's keeps a store for each.
    """
    pa.default_memory_pool().release_unused()
    if _TRIM is not None:
        _TRIM(0)


def _find_trim() -> Callable[[int], int] | None:
    """`malloc_trim` where the C library is GNU's."""
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)


_TRIM = _find_trim()

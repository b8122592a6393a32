"""Bound the memory of dropped files across all visits, while they are read and while they are kept.

Each visit holds a slot for its file. Where the memory for another one is lacking, the slots that were looked at longest
ago are emptied, and their visits say so.
"""

from __future__ import annotations

import threading
from functools import cache
from itertools import count
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakSet

from dashboard.limits import load_limits
from data.files.memory import Budget, give_back

__all__ = ["Slot", "budget", "give_back"]


class Sized(Protocol):
    """A kept object that knows its size."""

    @property
    def n_bytes(self) -> int:
        """Bytes of memory in use."""


F = TypeVar("F", bound=Sized)

_slots: WeakSet[Slot[Any]] = WeakSet()
_lock = threading.Lock()
_clock = count()


class Slot(Generic[F]):
    """The place of one visit's file, which counts against the budget as long as the visit holds the slot."""

    def __init__(self, file: F) -> None:
        self.file: F | None = file
        with _lock:
            self.used = next(_clock)
            _slots.add(self)

    def look(self) -> F | None:
        """The file, which was used just now; None where its memory was needed for another one."""
        self.used = next(_clock)
        return self.file


@cache
def budget() -> Budget:
    """The budget of all visits."""
    return Budget(load_limits().files_bytes, also=_kept_bytes, free=_free)


def _kept_bytes() -> int:
    with _lock:
        return sum(slot.file.n_bytes for slot in list(_slots) if slot.file is not None)


def _free(n_bytes: int) -> None:
    """Empty the slots that were used longest ago, until about `n_bytes` are free."""
    with _lock:
        for slot in sorted(_slots, key=lambda each: each.used):
            if n_bytes <= 0:
                return
            if slot.file is not None:
                n_bytes -= slot.file.n_bytes
                slot.file = None

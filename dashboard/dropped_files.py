"""The memory that dropped files of all visits take up, bounded while they are read and as long as they are kept."""

from __future__ import annotations

import threading
from functools import cache
from typing import Protocol
from weakref import WeakValueDictionary

from dashboard.limits import load_limits
from data.files.memory import Budget, give_back

__all__ = ["budget", "give_back", "keep"]


class Sized(Protocol):
    """Something kept that knows its size."""

    @property
    def n_bytes(self) -> int:
        """Bytes of memory that it takes up."""


_kept: WeakValueDictionary[int, Sized] = WeakValueDictionary()
_lock = threading.Lock()


@cache
def budget() -> Budget:
    """The budget of all visits; what is kept counts for as long as a visit holds it."""
    return Budget(load_limits().files_bytes, also=_kept_bytes)


def keep(file: Sized) -> None:
    """Count `file` until nobody holds it."""
    with _lock:
        _kept[id(file)] = file


def _kept_bytes() -> int:
    with _lock:
        return sum(file.n_bytes for file in list(_kept.values()))

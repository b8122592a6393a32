"""Bound the memory of dropped files across all visits, while they are read and while they are kept."""

from __future__ import annotations

import threading
from functools import cache
from typing import Protocol
from weakref import WeakValueDictionary

from dashboard.limits import load_limits
from data.files.memory import Budget, give_back

__all__ = ["budget", "give_back", "keep"]


class Sized(Protocol):
    """A kept object that knows its size."""

    @property
    def n_bytes(self) -> int:
        """Bytes of memory in use."""


_kept: WeakValueDictionary[int, Sized] = WeakValueDictionary()
_lock = threading.Lock()


@cache
def budget() -> Budget:
    """The budget of all visits; a kept file counts for as long as a visit holds it."""
    return Budget(load_limits().files_bytes, also=_kept_bytes)


def keep(file: Sized) -> None:
    """Count `file` against the budget until it is garbage-collected."""
    with _lock:
        _kept[id(file)] = file


def _kept_bytes() -> int:
    with _lock:
        return sum(file.n_bytes for file in list(_kept.values()))

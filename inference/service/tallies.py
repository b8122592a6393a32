"""How often each caller came in the present stretch of time and the one before, as all processes know it."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.service.board import SPAWN

# So many callers are told apart at the same time, by 63 bits of their names' digests.
_PLACES = 1 << 16
# How many places in a row one caller may have; where all are taken, whoever came least gives way.
_NEAR = 16
_CALLER, _WINDOW, _BEFORE, _NOW, _FIELDS = range(5)


@dataclass(slots=True)
class Tally:
    """How often a caller came in the window `before` this one, and in it until `now`."""

    before: int
    now: int


class Tallies:
    """The tallies of many callers; shared by processes to which it is passed when they are started."""

    def __init__(self, *, is_shared: bool = False) -> None:
        self._numbers: Any = SPAWN.RawArray("q", _PLACES * _FIELDS)
        self._lock_file = _make_lock_file() if is_shared else None
        self._lock: Any = None

    def close(self) -> None:
        """Remove what processes lock each other out with."""
        if self._lock is not None:
            self._lock.close()
        if self._lock_file is not None:
            self._lock_file.unlink(missing_ok=True)

    @contextmanager
    def of(self, caller: str, window: int) -> Iterator[Tally]:
        """The tally of a caller in the window of this number; what the block makes of `now` is kept."""
        with self._locked():
            numbers = memoryview(self._numbers).cast("B").cast("q")
            at, tally = _find(numbers, _digest(caller), window)
            yield tally
            numbers[at + _BEFORE], numbers[at + _NOW] = tally.before, tally.now

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # One process has one event loop, which counts one request after another.
        if self._lock_file is None:
            yield
            return
        import fcntl

        if self._lock is None:
            self._lock = self._lock_file.open("rb+")
        # It ends with the process that holds it, whatever that dies of.
        fcntl.lockf(self._lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._lock, fcntl.LOCK_UN)


def _find(numbers: memoryview[int], caller: int, window: int) -> tuple[int, Tally]:
    """Where the caller's numbers stand, made ready for `window`, and what they say."""
    places = [(caller + step) % _PLACES * _FIELDS for step in range(_NEAR)]
    own = next((at for at in places if numbers[at + _CALLER] == caller), None)
    if own is None:
        own = min(places, key=lambda at: _weight(numbers, at, window))
        for field, number in ((_CALLER, caller), (_WINDOW, window), (_BEFORE, 0), (_NOW, 0)):
            numbers[own + field] = number
    elapsed = window - numbers[own + _WINDOW]
    tally = Tally(numbers[own + _BEFORE], numbers[own + _NOW])
    # Who looked at the clock a moment earlier counts in the window that others have begun.
    if elapsed not in (0, -1):
        tally = Tally(tally.now if elapsed == 1 else 0, 0)
        numbers[own + _WINDOW] = window
    return own, tally


def _weight(numbers: memoryview[int], at: int, window: int) -> int:
    return numbers[at + _BEFORE] + numbers[at + _NOW] if window - numbers[at + _WINDOW] <= 1 else -1


def _digest(caller: str) -> int:
    # Never 0, which is nobody; no caller can choose another one's.
    return int.from_bytes(hashlib.sha256(caller.encode(errors="surrogatepass")).digest()[:8]) >> 1 | 1


def _make_lock_file() -> Path | None:
    if sys.platform == "win32":
        return None
    with tempfile.NamedTemporaryFile(prefix="scoreroom-", suffix=".lock", delete=False) as made:
        return Path(made.name)

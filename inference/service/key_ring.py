"""The keys that may call at the moment: those of a file, which is read again when it changes.

Taking a line out takes the key back, whatever else the file holds by then. A file that is damaged adds nobody: of the
keys in force, those stay whose line it still holds. One that is gone or empty holds none. Only one that the system does
not let us read, which says nothing about any key, leaves all in force.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from data.errors import ScoreroomError
from inference.service.keys import Key, Keys
from inference.service.telemetry import Metrics
from inference.serving.log import Log
from inference.serving.watch import Watch


class KeyRing:
    """The keys in force, and whether their file could be read when it last changed."""

    def __init__(self, path: Path, metrics: Metrics, log: Log) -> None:
        """Read the file at `path`.

        Raises:
            ScoreroomError: it cannot be read as a file of keys.
        """
        self._path = path
        self._metrics = metrics
        self._log = log
        self._watch = Watch((path,))
        self._keys = Keys.load(path)
        self.is_damaged = False

    def find(self, key: str) -> Key | None:
        """As `Keys.find`, of the keys in force."""
        return self._keys.find(key)

    async def look(self, *, at_once: bool = False) -> None:
        """Read the file again if it has changed, or `at_once`."""
        if await asyncio.to_thread(self._watch.has_changed, at_once=at_once):
            await asyncio.to_thread(self._read)

    def _read(self) -> None:
        before = self._keys
        try:
            self._keys = Keys.load(self._path)
        except ScoreroomError as error:
            self._keys = before.still_in(self._path)
            self.is_damaged = True
            self._log.warning("key_file_damaged", reason=str(error), **_told(before, self._keys))
        else:
            self.is_damaged = False
            self._log.event("key_file_read", **_told(before, self._keys))
        self._metrics.say_key_file(is_damaged=self.is_damaged)


def _told(before: Keys, now: Keys) -> dict[str, object]:
    return {"keys": len(now.names), "added": sorted(now.names - before.names), "gone": sorted(before.names - now.names)}

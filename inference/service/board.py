"""Numbers and a text that several processes of the service share, each writing to a place of its own.

They outlive the process that wrote them, so that counts go on where its successor takes its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing import get_context
from typing import Any

_TEXT_BYTES = 256
# Processes do not inherit what another one has loaded: its threads would be missing.
SPAWN = get_context("spawn")


class Board:
    """For each of `n_places` processes `n_numbers` floats and a text, none at first; passed on when one is started."""

    def __init__(self, n_numbers: int, n_places: int = 1) -> None:
        self.n_places = n_places
        self._n_numbers = n_numbers
        self._numbers: Any = SPAWN.RawArray("d", n_numbers * n_places)
        self._texts: Any = SPAWN.RawArray("c", _TEXT_BYTES * n_places)

    def numbers(self, place: int) -> memoryview[float]:
        """The numbers of a place, to be read and written."""
        whole: Any = memoryview(self._numbers).cast("B").cast("d")
        return whole[place * self._n_numbers : (place + 1) * self._n_numbers]  # type: ignore[no-any-return]

    def write_text(self, place: int, text: str) -> None:
        """Leave a text of at most 255 bytes at a place."""
        written = text.encode()[: _TEXT_BYTES - 1].ljust(_TEXT_BYTES, b"\0")
        self._texts[place * _TEXT_BYTES : (place + 1) * _TEXT_BYTES] = written

    def texts(self) -> Sequence[str]:
        """The text of each place; a place without a text has an empty one."""
        whole = bytes(memoryview(self._texts).cast("B"))
        parts = (whole[start : start + _TEXT_BYTES] for start in range(0, len(whole), _TEXT_BYTES))
        return [part.rstrip(b"\0").decode(errors="replace") for part in parts]

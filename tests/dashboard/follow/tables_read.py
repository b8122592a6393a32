"""Reading a table by cutoff as static/drag.js does, written down a second time."""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Iterator
from typing import Any

import numpy as np


class Read:
    """A table: its head, and the word of each slot in each row."""

    def __init__(self, packed: bytes) -> None:
        content = gzip.decompress(packed)
        start = 4 + int.from_bytes(content[:4], "little")
        self.head: dict[str, Any] = json.loads(content[4:start])
        numbers = _numbers(content[start:])
        changes: list[np.ndarray] = []
        for like in self.head["likes"]:
            own = np.array(list(itertools.islice(numbers, self.head["rows"])))
            changes.append(own if like is None else own + like[1] * changes[like[0]])
        assert next(numbers, None) is None
        self._columns = [np.cumsum(each) for each in changes]

    @property
    def places(self) -> list[tuple[str, int]]:
        return [(slot["where"], slot["place"]) for slot in self.head["slots"]]

    def word(self, slot: int, row: int) -> str:
        told = self.head["slots"][slot]
        kind = 0 if told["pick"] < 0 else int(self._columns[told["pick"]][row])
        text: str = told["templates"][kind][0]
        for hole, (decimals, is_apart) in enumerate(told["formats"][kind]):
            digits = f"{int(self._columns[told['holes'][hole]][row]):0{decimals + 1}d}"
            whole, point = (digits[:-decimals], f".{digits[-decimals:]}") if decimals else (digits, "")
            text += (f"{int(whole):,}" if is_apart else whole) + point + told["templates"][kind][hole + 1]
        return text


def _numbers(content: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in content:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield (number >> 1) ^ -(number & 1)
            number = shift = 0

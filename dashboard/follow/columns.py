"""Texts by row as columns of whole numbers, which pack well: neighbouring rows say nearly the same.

Numbers are taken out of the texts. What is left are a few templates; each number becomes a column in units of its last
digit. A column is stored as the changes from row to row, less those of an earlier column that moves alike (an
interval's end with its value, the declined against the approved). static/drag.js undoes this and computes nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]

# Either with separators where they belong, or without any.
_NUMBER = re.compile(r"\d{4,}(?:\.\d+)?|\d{1,3}(?:,\d{3})*(?:\.\d+)?")
_BETWEEN, _HOLE = "\x1f", "\x00"
# Of the last columns, so many are looked at for one that moves alike.
_NEAR = 16


@dataclass(slots=True)
class Columns:
    """Columns of one number a row; `likes` holds for each an earlier one and its sign, or None."""

    changes: list[IntArray] = field(default_factory=list)
    likes: list[tuple[int, int] | None] = field(default_factory=list)
    _stored: list[IntArray] = field(default_factory=list)

    def add(self, values: IntArray) -> int:
        """Add a column and return its index."""
        changes = np.diff(values, prepend=0)
        least, like, stored = _cost(changes), None, changes
        for index in range(max(0, len(self.changes) - _NEAR), len(self.changes)):
            for sign in (1, -1):
                rest = changes - sign * self.changes[index]
                if (cost := _cost(rest)) < least:
                    least, like, stored = cost, (index, sign), rest
        self.changes.append(changes)
        self.likes.append(like)
        self._stored.append(stored)
        return len(self.changes) - 1

    def packed(self) -> bytes:
        """All columns, one after the other, as numbers of seven bits a byte, the sign in the lowest."""
        return _varints(np.concatenate(self._stored)) if self._stored else b""


def _cost(changes: IntArray) -> float:
    return float(np.log2(1 + np.abs(changes)).sum())


def _varints(values: IntArray) -> bytes:
    bare = ((values << 1) ^ (values >> 63)).astype(np.uint64)
    limits = np.uint64(1) << np.arange(7, 63, 7, dtype=np.uint64)
    sizes = 1 + np.searchsorted(limits, bare, side="right")
    ends = np.cumsum(sizes)
    out = np.zeros(int(ends[-1]), dtype=np.uint8)
    for byte in range(int(sizes.max())):
        has = sizes > byte
        bits = (bare[has] >> np.uint64(7 * byte)) & np.uint64(127)
        goes_on = np.where(sizes[has] > byte + 1, np.uint64(128), np.uint64(0))
        out[(ends - sizes)[has] + byte] = (bits | goes_on).astype(np.uint8)
    return out.tobytes()


class _Numbers(dict[str, tuple[int, tuple[int, bool]]]):
    """A number in units of its last digit, with its decimals and whether thousands are set apart, by its text."""

    def __missing__(self, text: str) -> tuple[int, tuple[int, bool]]:
        whole, _, decimals = text.partition(".")
        self[text] = int(whole.replace(",", "") + decimals), (len(decimals), "," in whole or len(whole) < 4)
        return self[text]


def add_texts(columns: Columns, texts: Sequence[str], rows: IntArray) -> dict[str, object]:
    """Add columns for `texts`, of which `rows` names one for each row; return what puts the texts together again.

    `templates` holds the parts around the numbers, `formats` for each number its decimals and whether thousands are
    set apart. `pick` is the column that names a row's template (-1 where there is one), `holes` those of the numbers.
    """
    joined = _BETWEEN.join(texts)
    numbers, bare = _NUMBER.findall(joined), _NUMBER.sub(_HOLE, joined).split(_BETWEEN)
    if any(number[0] == "0" and number[1:2].isdigit() for number in numbers):
        # Not written as numbers are; each text is a template of its own.
        numbers, bare = [], list(texts)
    read = _Numbers()
    known: dict[tuple[object, ...], int] = {}
    parsed = [read[number] for number in numbers]
    values = np.array([value for value, _ in parsed], dtype=np.int64)
    formats = [form for _, form in parsed]
    n_holes = np.array([text.count(_HOLE) for text in bare], dtype=np.int64)
    starts = np.cumsum(n_holes) - n_holes
    picks = [
        known.setdefault((text, *formats[start : start + n]), len(known))
        for text, start, n in zip(bare, starts.tolist(), n_holes.tolist(), strict=True)
    ]
    pick = np.array(picks, dtype=np.int64)
    pick_column = columns.add(pick[rows]) if len(known) > 1 else -1
    holes = []
    for hole in range(int(n_holes.max(initial=0))):
        has = n_holes > hole
        column = np.zeros(len(texts), dtype=np.int64)
        column[has] = values[starts[has] + hole]
        # Where a text has no such number, the last one stands.
        last = np.maximum.accumulate(np.where(has, np.arange(len(texts)), 0))
        holes.append(columns.add(column[last][rows]))
    return {
        "templates": [str(template[0]).split(_HOLE) for template in known],
        "formats": [list(template[1:]) for template in known],
        "pick": pick_column,
        "holes": holes,
    }


def table_bytes(columns: Columns, facts: Mapping[str, object]) -> bytes:
    """The table: the length of its head in four bytes (little end first), the head as JSON, and the columns."""
    head = json.dumps({**facts, "likes": columns.likes}, ensure_ascii=False, separators=(",", ":")).encode()
    return len(head).to_bytes(4, "little") + head + columns.packed()

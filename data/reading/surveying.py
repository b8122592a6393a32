"""A first pass over a text table: its encoding, layout, damage, and what fits every cell of each column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from data.errors import FileError
from data.reading.blocks import Damage, Found, blocks, check_quotes, judge_odd
from data.reading.cells import Asked, Format, Survey, as_text, resolve
from data.reading.layout import Layout, layout_of
from data.reading.said import NOTHING, Said
from data.reading.text import (
    WINDOWS,
    NotUtf8Error,
    Progress,
    TextFile,
    decoded_head,
    eight_bit_encoding,
    encoding_of,
)
from data.store.opening import ZIP

# A list or lines of records, a record of columns, or a list of lists.
_JSON = re.compile(rb'(\xef\xbb\xbf)?\s*(\[\s*\[|(\[\s*)?\{\s*"[^"]*"\s*:)')
# Blocks up to so many bytes are kept between the two passes over a text.
_MOST_KEPT = 64 << 20


@dataclass(frozen=True)
class Surveyed:
    """A text table of `n_rows` that has been looked at once, and can be read any number of times."""

    file: TextFile
    layout: Layout
    formats: Mapping[str, Format]
    asked: tuple[Asked, ...]
    found: Found
    damage: Damage
    n_rows: int
    kept: Sequence[pl.DataFrame] | None

    def blocks(self, progress: Progress | None = None) -> Iterator[pl.DataFrame]:
        """The rows as text, block by block; `progress` gets the second half of the bytes done."""
        if self.kept is not None:
            yield from self.kept
            return
        yield from blocks(self.file, self.layout, Found(), _half(progress, 1))

    def texts(self) -> Iterator[pl.DataFrame]:
        """The rows as text in which numbers are written with a point and nothing else; gaps stay as they are."""
        for frame in self.blocks():
            yield pl.DataFrame([as_text(frame[name], found) for name, found in self.formats.items()])


def survey_text(path: Path, kind: str, said: Said = NOTHING, progress: Progress | None = None) -> Surveyed:
    """Look at the text file `path` once; what is `said` is not guessed. `progress` gets the first half of the bytes.

    Raises:
        FileError: it is no text or no table.
        TableError: lines are damaged.
    """
    file = open_text(path, kind, said)
    try:
        return _surveyed(file, said, progress)
    except NotUtf8Error:
        return _surveyed(replace(file, encoding=eight_bit_encoding(file)), said, progress)


def open_text(path: Path, kind: str, said: Said = NOTHING) -> TextFile:
    """The text file `path`, its encoding found or as said. Raises FileError if it is no text."""
    text = TextFile(path, kind, said.get("table", "") if kind == ZIP else "")
    try:
        head = text.head()
    except FileError as error:
        if not error.has_choice:
            raise
        raise FileError.from_unreadable(path, error.reason, "say which with --read table=NAME") from None
    if not head:
        raise FileError.from_empty(path)
    if _JSON.match(head):
        raise FileError.from_unreadable(path, "is JSON", "bring CSV or Parquet")
    encoding = said.get("encoding") or encoding_of(path, head)
    text = replace(text, encoding=encoding)
    try:
        decoded_head(text, head)
    except NotUtf8Error:
        text = replace(text, encoding=eight_bit_encoding(text))
    if text.encoding == WINDOWS and "encoding" not in said:
        return replace(text, encoding=eight_bit_encoding(text))
    return text


def _surveyed(file: TextFile, said: Said, progress: Progress | None) -> Surveyed:
    layout = layout_of(file.path, decoded_head(file, file.head()), said)
    surveys = {name: Survey(said) for name in layout.names}
    found, kept, n_rows, n_bytes = Found(), list[pl.DataFrame](), 0, 0
    for frame in blocks(file, layout, found, _half(progress, 0)):
        for name, survey in surveys.items():
            survey.look(frame[name])
        n_rows += frame.height
        n_bytes += int(frame.estimated_size())
        if n_bytes <= _MOST_KEPT:
            kept.append(frame)
        else:
            kept.clear()
    if found.quotes % 2 and layout.quote == '"':
        check_quotes(file, layout)
    damage = judge_odd(file, layout, n_rows, said) if found.n_odd else Damage()
    formats, asked = resolve(surveys, layout.separator, said)
    whole = tuple(kept) if n_bytes <= _MOST_KEPT else None
    return Surveyed(file, layout, formats, tuple(asked), found, damage, n_rows, whole)


def _half(progress: Progress | None, place: int) -> Progress | None:
    """`progress` for the first or the second of two passes."""
    return None if progress is None else lambda done, total: progress(done + place * total, 2 * total)

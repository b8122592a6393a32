"""The bytes of a text file as UTF-8, whatever its encoding and packing, from any line on and in bounded memory."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from data.errors import FileError, TableError
from data.store.opening import DAMAGE, open_readable, unpacked

Progress = Callable[[int, int], None]

HEAD = 1 << 20
_ASCII = bytes(range(128))
UTF_8 = "utf-8"
WINDOWS = "cp1252"
_CHUNK = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WORDS = {UTF_8: "UTF-8", WINDOWS: "Windows-1252", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "iso8859-1": "Latin-1"}
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x19\x1c-\x1f]")
# A byte that is no UTF-8, as `surrogateescape` decodes it.
_BROKEN = re.compile("[\udc80-\udcff]")
# Of UTF-16 without a mark, this share of every second byte is zero wherever text is mostly Latin.
_ZEROS = 0.6


class NotUtf8Error(Exception):
    """The text is not UTF-8 although its beginning was."""


@dataclass(frozen=True)
class TextFile:
    """A text file: how it is packed, which member of an archive it is, and its encoding."""

    path: Path
    kind: str
    member: str = ""
    encoding: str = UTF_8

    def head(self) -> bytes:
        """The first bytes, unpacked. Raises FileError if they cannot be."""
        with open_readable(self.path) as handle, unpacked(self.path, self.kind, handle, self.member) as inner:
            try:
                return inner.read(HEAD)
            except DAMAGE as error:
                raise FileError.from_damaged(self.path, self.kind) from error

    @contextmanager
    def open(
        self, skip: int = 0, *, runs: bool = False, padded: bool = False, progress: Progress | None = None
    ) -> Iterator[Utf8]:
        """The text as UTF-8 without its byte-order mark, from character `skip` on.

        `runs` makes runs of blanks one, and `padded` leaves out those before quotation marks.
        """
        with open_readable(self.path) as handle, unpacked(self.path, self.kind, handle, self.member) as inner:
            yield Utf8(self, handle, inner, skip, runs=runs, padded=padded, progress=progress)


class Utf8(io.RawIOBase):
    """A readable file of UTF-8 bytes; reading raises NotUtf8Error, or FileError where an archive is damaged."""

    def __init__(
        self,
        file: TextFile,
        handle: BinaryIO,
        inner: BinaryIO,
        skip: int,
        *,
        runs: bool,
        padded: bool,
        progress: Progress | None,
    ) -> None:
        super().__init__()
        self._file, self._handle, self._inner = file, handle, inner
        self._decoder = codecs.getincrementaldecoder(file.encoding)()
        self._skip, self._runs, self._padded, self._progress = skip, runs, padded, progress
        self._total = file.path.stat().st_size
        self._ready, self._rest = b"", b""
        self._begun = self._ended = False
        self.quotes = 0

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` with the next bytes; 0 at the end."""
        while not self._ended and len(self._ready) < len(buffer):
            self._ready += self._next()
        piece, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)

    def lines(self) -> Iterator[str]:
        """The lines with their ends."""
        return iter(io.TextIOWrapper(io.BufferedReader(self), encoding=UTF_8, newline=""))

    def _next(self) -> bytes:
        chunk = self._raw()
        self._ended = not chunk
        is_utf8 = self._file.encoding == UTF_8
        if is_utf8 and not self._begun:
            chunk = chunk.removeprefix(codecs.BOM_UTF8)
        # Bytes of a letter that is cut off by the end of the last chunk, of which nothing was given.
        before = self._decoder.getstate()[0] if self._skip else b""
        try:
            text = self._decoder.decode(chunk, final=self._ended)
        except UnicodeDecodeError as error:
            if is_utf8:
                raise NotUtf8Error from error
            raise _undecodable(self._file) from error
        if not self._begun and text:
            self._begun = True
            text = text.removeprefix("\ufeff")
        skipped, text = text[: self._skip], text[self._skip :]
        self._skip -= len(skipped)
        if is_utf8:
            # As it came: to make bytes of its letters again takes as long as to read them.
            content = b"" if self._skip else (before + chunk)[len(skipped.encode(UTF_8)) :]
        else:
            content = text.encode(UTF_8, "replace")
        self.quotes += content.count(b'"')
        return self._in_lines(content) if self._runs or self._padded else content

    def _raw(self) -> bytes:
        chunk = b""
        try:
            # An archive may give less than it is asked for, and a byte-order mark is taken off as a whole.
            while len(chunk) < len(codecs.BOM_UTF8) and (more := self._inner.read(_CHUNK)):
                chunk += more
        except DAMAGE as error:
            raise FileError.from_damaged(self._file.path, self._file.kind) from error
        if self._progress is not None:
            self._progress(min(self._handle.tell(), self._total), self._total)
        return chunk

    def _in_lines(self, content: bytes) -> bytes:
        lines = self._rest + content
        end = len(lines) if self._ended else lines.rfind(b"\n") + 1
        whole, self._rest = lines[:end], lines[end:]
        if self._padded:
            return re.sub(rb"([,;|]) +([\"'])", rb"\1\2", whole)
        return re.sub(rb" ?(\r?\n) ?", rb"\1", re.sub(rb"[ \t]+", b" ", whole)).lstrip(b" ").removesuffix(b" ")

    def readable(self) -> bool:
        """Always."""
        return True


def letters_assumed(file: TextFile) -> str:
    """The letters of a text in Windows-1252 that would be others in the encodings of Central Europe, in order."""
    found: set[int] = set()
    with open_readable(file.path) as handle, unpacked(file.path, file.kind, handle, file.member) as inner:
        while chunk := inner.read(_CHUNK):
            found |= set(chunk.translate(None, _ASCII))
    letters = bytes(sorted(found)).decode(WINDOWS, "replace")
    others = bytes(sorted(found)).decode("cp1250", "replace")
    return "".join(one for one, other in zip(letters, others, strict=True) if one != other)


def word_encoding(encoding: str) -> str:
    """An encoding as people call it."""
    return _WORDS.get(encoding, encoding)


def encoding_of(path: Path, head: bytes) -> str:
    """The encoding that a text beginning with `head` is in: by its mark, by its zero bytes, UTF-8, or Windows-1252.

    Raises:
        FileError: it is no text.
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    start = head[: 4096 - len(head) % 2] if len(head) < 4096 else head[:4096]
    half = max(1, len(start) // 2)
    first, second = start[::2].count(0) / half, start[1::2].count(0) / half
    if max(first, second) > _ZEROS and min(first, second) < 1 - _ZEROS:
        return "utf-16-le" if second > first else "utf-16-be"
    if _BINARY.search(head):
        raise FileError.from_unreadable(path, "is no text", "bring CSV, Parquet, a workbook, SAS, SPSS or Stata")
    try:
        codecs.getincrementaldecoder(UTF_8)().decode(head)
    except UnicodeDecodeError:
        return WINDOWS
    return UTF_8


def eight_bit_encoding(file: TextFile) -> str:
    """Windows-1252, for a text that is not UTF-8.

    Raises:
        TableError: it is marked as UTF-8, or most of what is not ASCII is that, so that the rest is damage.
        FileError: it has bytes that Windows-1252 has not.
    """
    n_broken = n_good = 0
    for text in _escaped(file):
        n_letters = len(text) - len(text.encode("ascii", "ignore"))
        n_escaped = len(text) - len(text.encode(UTF_8, "ignore").decode(UTF_8)) if n_letters else 0
        n_broken, n_good = n_broken + n_escaped, n_good + n_letters - n_escaped
    if n_broken and (n_good > n_broken or file.head().startswith(codecs.BOM_UTF8)):
        raise TableError.from_encoding(file.path, "", *_broken_lines(file))
    return WINDOWS


def _escaped(file: TextFile) -> Iterator[str]:
    """The text piece by piece, a byte that is no UTF-8 as half a surrogate pair."""
    decoder = codecs.getincrementaldecoder(UTF_8)("surrogateescape")
    with open_readable(file.path) as handle, unpacked(file.path, file.kind, handle, file.member) as inner:
        while chunk := inner.read(_CHUNK):
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)


def _broken_lines(file: TextFile) -> tuple[int, int]:
    """How many lines have bytes that are no UTF-8, and the first of them."""
    n_lines, lines = 1, set[int]()
    for text in _escaped(file):
        lines |= {n_lines + text[: match.start()].count("\n") for match in _BROKEN.finditer(text)}
        n_lines += text.count("\n")
    return len(lines), min(lines)


def decoded_head(file: TextFile, head: bytes) -> str:
    """The beginning of the text, without its byte-order mark and ending with a whole line where there are more."""
    decoder = codecs.getincrementaldecoder(file.encoding)()
    try:
        text = decoder.decode(head).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        if file.encoding == UTF_8:
            raise NotUtf8Error from error
        raise _undecodable(file) from error
    if len(head) >= HEAD and (end := max(text.rfind("\n"), text.rfind("\r"))) > 0:
        text = text[: end + 1]
    return text


def _undecodable(file: TextFile) -> FileError:
    return FileError.from_unreadable(
        file.path,
        f"its text is not {word_encoding(file.encoding)} throughout",
        "say its encoding, such as --read encoding=cp850, or save it as UTF-8",
    )

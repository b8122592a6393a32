"""What a Parquet file of anybody's bytes says of its own size, read without unpacking anything.

Arrow believes a file: it makes objects of about ten times the footer's bytes, and unpacks a page to the size that the
page's header says, whatever the footer said. So both are looked at first. The layout is
https://parquet.apache.org/docs/file-format/, the headers' encoding Thrift's compact protocol.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import BinaryIO

import pyarrow.parquet as pq

_MAGIC = b"PAR1"
_TAIL = 8
# Of Thrift's types: a boolean is its own value, the numbers are varints but for bytes and doubles.
_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _STRUCT = 0, 1, 2, 3, 7, 8, 12
_VARINTS = (4, 5, 6)
_UNPACKED, _PACKED = 2, 3
_DEEPEST = 8


class LayoutError(Exception):
    """Bytes that are no page's header."""


def footer_bytes(handle: BinaryIO) -> int:
    """The length that the footer of an opened file states; 0 without a footer."""
    size = handle.seek(0, 2)
    if size < _TAIL + len(_MAGIC):
        return 0
    handle.seek(size - _TAIL)
    tail = handle.read(_TAIL)
    return int.from_bytes(tail[:4], "little") if tail.endswith(_MAGIC) else 0


def page_sizes(handle: BinaryIO, footer: pq.FileMetaData) -> Iterator[int]:
    """How many bytes each page of an opened file says that it unpacks to, column after column.

    Raises:
        LayoutError: a page's header contradicts itself, or lies outside the file.
    """
    with mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for number in range(footer.num_row_groups):
            group = footer.row_group(number)
            for place in range(group.num_columns):
                yield from _chunk_pages(content, group.column(place))


def _chunk_pages(content: mmap.mmap, chunk: pq.ColumnChunkMetaData) -> Iterator[int]:
    place: int = chunk.data_page_offset
    if chunk.has_dictionary_page and 0 < chunk.dictionary_page_offset < place:
        place = chunk.dictionary_page_offset
    # Of a column without values, no page is read.
    end = place + chunk.total_compressed_size if chunk.num_values else place
    while place < end:
        header = _Header(content, place)
        if header.unpacked < 0 or header.packed < 0:
            raise LayoutError
        yield header.unpacked
        place = header.end + header.packed


class _Header:
    """A page's header at a place: what the page unpacks to, its bytes in the file, and where they begin."""

    def __init__(self, content: mmap.mmap, place: int) -> None:
        self._content = content
        self.end = place
        self.unpacked = self.packed = -1
        self._struct(0)

    def _struct(self, depth: int) -> None:
        if depth > _DEEPEST:
            raise LayoutError
        name = 0
        while (head := self._byte()) != _STOP:
            step, kind = head >> 4, head & 15
            # A name that stands twice would be read otherwise than here.
            before, name = name, name + step if step else self._number()
            if name <= before:
                raise LayoutError
            value = self._value(kind, depth)
            if depth == 0 and name == _UNPACKED:
                self.unpacked = value
            elif depth == 0 and name == _PACKED:
                self.packed = value

    def _value(self, kind: int, depth: int) -> int:
        if kind in _VARINTS:
            return self._number()
        if kind == _BINARY:
            length = self._varint()
            self.end += length
        elif kind == _STRUCT:
            self._struct(depth + 1)
        elif kind in (_BYTE, _DOUBLE):
            self.end += 1 if kind == _BYTE else 8
        elif kind not in (_TRUE, _FALSE):
            # No header of a page has lists.
            raise LayoutError
        return -1

    def _number(self) -> int:
        found = self._varint()
        return (found >> 1) ^ -(found & 1)

    def _varint(self) -> int:
        found = shift = 0
        while shift < 64:
            byte = self._byte()
            found |= (byte & 127) << shift
            if byte < 128:
                return found
            shift += 7
        raise LayoutError

    def _byte(self) -> int:
        if not 0 <= self.end < len(self._content):
            raise LayoutError
        byte = self._content[self.end]
        self.end += 1
        return byte

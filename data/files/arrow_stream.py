"""An Arrow IPC stream of anybody's bytes, turned into a Parquet file that can be judged like every other.

Arrow believes what a stream says of itself: one text that a thousand places share is copied a thousand times, and what
is compressed unpacks to any size. So the frame of each message is looked at first, in plain Python that can only
misread, and the cells of each record batch are validated before anything is computed from them. The layout of the
messages is https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from data.errors import FileError
from data.files.batch_limits import BatchError, ExcessError, Limits
from data.files.validate import shown

STREAM = ".arrows"
_FILE_MAGIC = b"ARROW1"
_CONTINUES = b"\xff\xff\xff\xff"
_SCHEMA, _DICTIONARY, _BATCH = 1, 2, 3
# By the numbers of `Type` in Schema.fbs: nothing, integers, floats, booleans, decimals and three kinds of text.
_TAKEN = frozenset({1, 2, 3, 6, 7, 5, 20, 24})
_REFUSED = {4: "bytes", 15: "bytes", 19: "bytes", 23: "bytes", 8: "dates", 9: "times", 10: "times", 18: "durations"}
# Many very small batches take time out of proportion to their bytes.
_MOST_MESSAGES = 1_000
# Names and metadata, which a small message can say again and again: each time at least an object of this size.
_MOST_WORDS = 4_000_000
_WORD = 64
_READ = ipc.IpcReadOptions(ensure_alignment=ipc.Alignment.DataTypeSpecific, use_threads=False)
_HOW = "write it with `pyarrow.ipc.new_stream` or Polars' `write_ipc_stream`"


class StreamError(BatchError):
    """Bytes that are no Arrow IPC stream, or one that cannot be taken."""

    @classmethod
    def from_file_format(cls, path: Path) -> Self:
        return cls(f"{path}: is an Arrow file, expected the stream format; {_HOW}.")

    @classmethod
    def from_other_format(cls, path: Path) -> Self:
        return cls(f"{path}: does not begin as an Arrow IPC stream; {_HOW}.")

    @classmethod
    def from_compressed(cls, path: Path) -> Self:
        return cls(
            f"{path}: has compressed record batches; write it without compression (`compression=None` in pyarrow's "
            "`IpcWriteOptions`, `compression='uncompressed'` in Polars)."
        )

    @classmethod
    def from_byte_order(cls, path: Path) -> Self:
        return cls(f"{path}: has its numbers in big-endian order; write it in little-endian order.")

    @classmethod
    def from_type(cls, path: Path, name: str, found: str) -> Self:
        return cls(f"{path}: column {shown(name)} holds {found}, expected numbers or text; convert it or leave it out.")


class DamagedStreamError(StreamError):
    """An Arrow IPC stream that is not whole, or contradicts itself."""

    @classmethod
    def from_stream(cls, path: Path) -> Self:
        return cls(f"{path}: is not a whole Arrow IPC stream (damaged or cut short); write it again.")

    @classmethod
    def from_contents(cls, path: Path, name: str) -> Self:
        return cls(f"{path}: column {shown(name)} contradicts itself (damaged); write the stream again.")


def is_stream(name: str) -> bool:
    """Whether a file has the extension of an Arrow IPC stream."""
    return Path(name).suffix.lower() == STREAM


def parquet_of_stream(path: Path, content: bytes, limits: Limits) -> bytes:
    """The Parquet file, uncompressed, of the rows of an Arrow IPC stream, its dictionaries written out.

    `path` is only what sentences call the stream. A stream without rows makes a file without rows.

    Raises:
        StreamError: `content` is no whole stream of columns of numbers and text in little-endian order, or compressed.
        ExcessError: it is larger than `limits`.
        BatchError: it has text that is not UTF-8.
        FileError: there are no bytes.
    """
    _check_messages(path, content, limits)
    try:
        with ipc.open_stream(pa.py_buffer(content), options=_READ) as reader:
            _check_extensions(path, reader.schema)
            table = pa.Table.from_batches(_batches(path, reader, limits), reader.schema)
        return _written(pa.Table.from_arrays([_plain(column) for column in table.columns], table.column_names))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DamagedStreamError.from_stream(path) from error


def _written(table: pa.Table) -> bytes:
    out = pa.BufferOutputStream()
    pq.write_table(table, out, compression="none", use_dictionary=False, write_statistics=False, store_schema=False)
    written: bytes = out.getvalue().to_pybytes()
    return written


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of FlatBuffers, read without trust: a number that would lie outside is some number, and never an error.

    Slots are numbered as the fields of Message.fbs and Schema.fbs are.
    """

    content: bytes
    place: int

    @classmethod
    def root(cls, content: bytes) -> Self:
        return cls(content, _number(content, 0, 4))

    def number(self, slot: int, size: int) -> int:
        """The signed number of `size` bytes in a slot, 0 where nothing stands there."""
        place = self._slot(slot)
        return _number(self.content, place, size, signed=True) if place else 0

    def table(self, slot: int) -> _Table | None:
        """The table that a slot leads to."""
        place = self._slot(slot)
        return _Table(self.content, self._led_to(place)) if place else None

    def length(self, slot: int) -> int:
        """How many letters or elements the text or vector of a slot has."""
        place = self._slot(slot)
        return _number(self.content, self._led_to(place), 4) if place else 0

    def text(self, slot: int) -> bytes:
        """The text of a slot."""
        place = self._slot(slot)
        start = self._led_to(place) + 4
        return self.content[start : start + self.length(slot)] if place else b""

    def tables(self, slot: int) -> Iterator[_Table]:
        """The tables of a vector, which may be the same one many times."""
        first = self._led_to(self._slot(slot)) + 4
        for place in range(first, first + 4 * self.length(slot), 4):
            yield _Table(self.content, self._led_to(place))

    def _led_to(self, place: int) -> int:
        return place + _number(self.content, place, 4)

    def _slot(self, slot: int) -> int:
        directory = self.place - _number(self.content, self.place, 4, signed=True)
        within = 4 + 2 * slot
        if within >= _number(self.content, directory, 2):
            return 0
        offset = _number(self.content, directory + within, 2)
        return self.place + offset if offset else 0


def _number(content: bytes, place: int, size: int, *, signed: bool = False) -> int:
    return int.from_bytes(content[place : place + size], "little", signed=signed)


class _Words:
    """The memory that names and metadata need as Python objects."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = 0

    def count(self, size: int) -> None:
        self._size += _WORD + size
        if self._size > _MOST_WORDS:
            raise ExcessError.from_words(self._path, _MOST_WORDS)

    def count_pairs(self, table: _Table, slot: int) -> None:
        for pair in table.tables(slot):
            self.count(pair.length(0) + pair.length(1))


def _check_messages(path: Path, content: bytes, limits: Limits) -> None:
    """Refuse a stream that Arrow could not read within bounds; what it cannot read at all, Arrow says itself."""
    if not content:
        raise FileError.from_empty(path)
    if content.startswith(_FILE_MAGIC):
        raise StreamError.from_file_format(path)
    if not content.startswith(_CONTINUES):
        raise StreamError.from_other_format(path)
    words = _Words(path)
    for number, message in enumerate(_messages(path, content)):
        if number >= _MOST_MESSAGES:
            raise ExcessError.from_messages(path, _MOST_MESSAGES)
        words.count_pairs(message, 4)
        kind, header = message.number(1, 1), message.table(2)
        if header is None or (kind == _SCHEMA) != (number == 0):
            raise DamagedStreamError.from_stream(path)
        if kind == _SCHEMA:
            _check_schema(path, header, limits, words)
        else:
            _check_uncompressed(path, kind, header)


def _messages(path: Path, content: bytes) -> Iterator[_Table]:
    """The root of each message's metadata up to the mark at the stream's end, which has to be there."""
    place = 0
    while content[place : place + 4] == _CONTINUES:
        size = _number(content, place + 4, 4, signed=True)
        if size == 0 and place + 8 <= len(content):
            return
        start = place + 8
        if size <= 0 or start + size > len(content):
            break
        message = _Table.root(content[start : start + size])
        yield message
        body = message.number(3, 8)
        if body < 0:
            break
        place = start + size + body
    raise DamagedStreamError.from_stream(path)


def _check_schema(path: Path, header: _Table, limits: Limits, words: _Words) -> None:
    if header.number(0, 2):
        raise StreamError.from_byte_order(path)
    n_columns = header.length(1)
    if n_columns > limits.columns:
        raise ExcessError.from_columns(path, n_columns, limits.columns)
    words.count_pairs(header, 2)
    for field in header.tables(1):
        words.count(field.length(0))
        words.count_pairs(field, 6)
        kind, n_children = field.number(2, 1), field.length(5)
        if kind not in _TAKEN or n_children:
            found = _REFUSED.get(kind, "nested or other values")
            raise StreamError.from_type(path, field.text(0).decode(errors="replace"), found)


def _check_uncompressed(path: Path, kind: int, header: _Table) -> None:
    batch = header.table(1) if kind == _DICTIONARY else header
    if kind not in (_DICTIONARY, _BATCH) or batch is None:
        raise DamagedStreamError.from_stream(path)
    if batch.table(3) is not None:
        raise StreamError.from_compressed(path)


def _check_extensions(path: Path, found: pa.Schema) -> None:
    for field in found:
        if isinstance(field.type, pa.BaseExtensionType):
            raise StreamError.from_type(path, field.name, str(field.type))


def _batches(path: Path, reader: ipc.RecordBatchStreamReader, limits: Limits) -> Iterator[pa.RecordBatch]:
    n_rows = n_bytes = 0
    for batch in reader:
        n_rows += batch.num_rows
        if n_rows > limits.rows:
            raise ExcessError.from_rows(path, limits.rows)
        if n_rows * batch.num_columns > limits.cells:
            raise ExcessError.from_cells(path, limits.cells, batch.num_columns)
        # Sizes are known to be sound before they are summed up, and bounded before every letter is looked at.
        _validate(path, batch, full=False)
        n_bytes += batch.nbytes + sum(map(_view_bytes, batch.columns))
        if n_bytes <= limits.unpacked_bytes:
            _validate(path, batch, full=True)
            n_bytes += sum(map(_decoded_bytes, batch.columns))
        if n_bytes > limits.unpacked_bytes:
            raise ExcessError.from_unpacked(path, limits.unpacked_bytes)
        yield batch


def _validate(path: Path, batch: pa.RecordBatch, *, full: bool) -> None:
    try:
        batch.validate(full=full)
    except pa.ArrowException as error:
        name = next((name for name, array in _named(batch) if not _is_valid(array, full=full)), "")
        if "UTF8" in str(error):
            raise BatchError.from_encoding(path, name) from error
        raise DamagedStreamError.from_contents(path, name) from error


def _named(batch: pa.RecordBatch) -> Iterator[tuple[str, pa.Array]]:
    return zip(batch.schema.names, batch.columns, strict=True)


def _is_valid(array: pa.Array, *, full: bool) -> bool:
    try:
        array.validate(full=full)
    except pa.ArrowException:
        return False
    return True


def _view_bytes(array: pa.Array) -> int:
    """The length together of texts that may all be views of the same letters, 0 for other columns."""
    values = _values(array)
    return int(_lengths(values).sum()) if pa.types.is_string_view(values.type) else 0


def _decoded_bytes(array: pa.Array) -> int:
    """The bytes of a dictionary column's texts once unpacked to one per row; 0 for other columns."""
    values = _values(array)
    if values is array or not _is_text(values.type):
        return 0
    indices = array.indices.drop_null().to_numpy()
    return int(_lengths(values)[indices].sum())


def _values(array: pa.Array) -> pa.Array:
    return array.dictionary if pa.types.is_dictionary(array.type) else array


def _lengths(texts: pa.Array) -> NDArray[np.int64]:
    """The bytes of each text of an array just read, 0 for none; where offsets contradict each other, some number."""
    n_texts = len(texts)
    if not n_texts:
        return np.empty(0, dtype=np.int64)
    layout = texts.buffers()[1]
    if pa.types.is_string_view(texts.type):
        lengths = np.frombuffer(layout, dtype=np.uint32, count=4 * n_texts)[::4].astype(np.int64)
    else:
        width = np.int64 if pa.types.is_large_string(texts.type) else np.int32
        offsets = np.frombuffer(layout, dtype=width, count=n_texts + 1).astype(np.int64)
        lengths = offsets[1:] - offsets[:-1]
    return np.where(texts.is_valid().to_numpy(zero_copy_only=False), lengths, 0)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The same values, texts as `large_string`: Arrow takes no views out of a dictionary."""
    if pa.types.is_dictionary(column.type):
        chunks = [_wide(chunk.dictionary).take(chunk.indices) for chunk in column.chunks]
        return pa.chunked_array(chunks, _wide_type(column.type.value_type))
    return _wide(column)


def _wide(values: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    return values.cast(_wide_type(values.type))


def _wide_type(found: pa.DataType) -> pa.DataType:
    return pa.large_string() if _is_text(found) else found


def _is_text(found: pa.DataType) -> bool:
    return bool(pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_string_view(found))

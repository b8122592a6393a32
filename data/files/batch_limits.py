"""Limits on a dropped file, checked before it is read: its size, its format, and its size when unpacked."""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.errors import FileError, ScoreroomError
from data.files.parquet_layout import LayoutError, footer_bytes, page_sizes
from data.files.parquet_source import is_any
from data.files.validate import shown
from data.reading.table import is_text
from data.reading.text import encoding_of
from data.reading.typed import is_beyond_polars
from data.store.opening import DAMAGE, PARQUET, ZIP, kind_of, open_readable, unpacked

_BLOCK = 1 << 20
_BATCH_ROWS = 65_536
# A text in quotation marks may run over several lines; a file of more than so many a row is not worth a second look.
_LINES_A_ROW = 10
_MOST_MEMBERS = 1_000
# Looking at a page's header takes ten millionths of a second; a million rows make about 7,000 pages.
_MOST_PAGES = 100_000
_ENTRY = b"PK\x01\x02"
# Only these are unpacked piece by piece; `zipfile` unpacks a whole piece of the others, however large it becomes.
_BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_FOREIGN = (
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG\r\n", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!\x1a", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "an archive inside an archive"),
    (b"\xfd7zXZ", "an XZ archive"),
    (b"ARROW1", "an Arrow file inside an archive"),
    (b"PK\x03\x04", "an archive inside an archive"),
    (b"\x1f\x8b", "an archive inside an archive"),
    (b"PAR1", "a Parquet file inside an archive"),
)
_CARRIED_TYPES = (
    "string",
    "large_string",
    "string_view",
    "null",
    "integer",
    "floating",
    "boolean",
    "decimal128",
    "date",
    "timestamp",
    "time",
)


class BatchError(ScoreroomError):
    """A file or body of applications that cannot be taken."""

    @classmethod
    def from_foreign(cls, path: Path, found: str) -> Self:
        return cls(f"{path}: is {found}; bring CSV (also .gz or .zip), Parquet or a workbook.")

    @classmethod
    def from_compression(cls, path: Path) -> Self:
        return cls(f"{path}: is compressed by a method that is not taken here; pack it as an ordinary zip archive.")

    @classmethod
    def from_members(cls, path: Path, limit: int) -> Self:
        return cls(f"{path}: an archive with one CSV file is expected, found more than {limit:,} files; unpack it.")

    @classmethod
    def from_other_table(cls, path: Path, missing: list[str], n_needed: int) -> Self:
        return cls(
            f"{path}: holds {n_needed - len(missing)} of the {n_needed} columns that the model needs, so it is another "
            f"table; {listed(missing)} are missing; bring the columns of the portfolio's own table."
        )

    @classmethod
    def from_missing_columns(cls, path: Path, missing: list[str]) -> Self:
        what = (
            "1 column that the model needs is"
            if len(missing) == 1
            else f"{len(missing)} columns that the model needs are"
        )
        return cls(f"{path}: {what} missing: {listed(missing)}; add them, empty where nothing is known.")

    @classmethod
    def from_repeated_column(cls, path: Path, name: str) -> Self:
        return cls(f"{path}: column {shown(name)} stands more than once in the header; keep one of them.")

    @classmethod
    def from_encoding(cls, path: Path, name: str) -> Self:
        return cls(f"{path}: column {shown(name)} has text that is not UTF-8; write the file again with text in UTF-8.")

    @classmethod
    def from_unreadable(cls, path: Path, reason: str) -> Self:
        return cls(f"{path}: cannot be read as a table ({reason}); bring CSV or Parquet.")


class ExcessError(BatchError):
    """One that is larger than what is taken."""

    @classmethod
    def from_excess(cls, path: Path, what: str, limit: str, fix: str, found: str = "") -> Self:
        count = found and f" (found {found})"
        return cls(f"{path}: {what} more than {limit}, the most that is taken{count}; {fix}.")

    @classmethod
    def from_bytes(cls, path: Path, found: int, limit: int) -> Self:
        return cls.from_excess(path, "has", _megabytes(limit), _SPLIT, f"{found:,} bytes")

    @classmethod
    def from_unpacked(cls, path: Path, limit: int) -> Self:
        return cls.from_excess(path, "unpacks to", _megabytes(limit), _SPLIT)

    @classmethod
    def from_carried(cls, path: Path, found: int, limit: int) -> Self:
        fix = "leave out columns that no application has"
        return cls.from_excess(path, "has further columns of", _megabytes(limit), fix, _megabytes(found))

    @classmethod
    def from_rows(cls, path: Path, limit: int, found: int | None = None) -> Self:
        return cls.from_excess(path, "has", f"{limit:,} rows", _SPLIT, "" if found is None else f"{found:,}")

    @classmethod
    def from_lines(cls, path: Path, limit: int) -> Self:
        return cls.from_excess(path, "has", f"{limit:,} lines", _SPLIT)

    @classmethod
    def from_columns(cls, path: Path, found: int, limit: int) -> Self:
        fix = "leave out those that are not needed"
        return cls.from_excess(path, "has", f"{limit:,} columns", fix, f"{found:,}")

    @classmethod
    def from_footer(cls, path: Path, found: int, limit: int) -> Self:
        fix = "write it with fewer row groups and without metadata"
        return cls.from_excess(path, "has a footer of", _megabytes(limit), fix, _megabytes(found))

    @classmethod
    def from_row_groups(cls, path: Path, found: int, limit: int) -> Self:
        fix = "write it in fewer and longer row groups"
        return cls.from_excess(path, "has", f"{limit:,} row groups", fix, f"{found:,}")

    @classmethod
    def from_pages(cls, path: Path, limit: int) -> Self:
        return cls.from_excess(path, "has", f"{limit:,} pages", "write it in fewer and longer row groups")

    @classmethod
    def from_messages(cls, path: Path, limit: int) -> Self:
        return cls.from_excess(path, "has", f"{limit:,} messages", "write it in fewer and longer record batches")

    @classmethod
    def from_words(cls, path: Path, limit: int) -> Self:
        return cls.from_excess(path, "has names and metadata of", _megabytes(limit), "write it without metadata")

    @classmethod
    def from_cells(cls, path: Path, limit: int, n_columns: int) -> Self:
        fix = "split it into several files or leave out columns that are not needed"
        return cls.from_excess(path, f"has {n_columns:,} columns and with them", f"{limit:,} cells", fix)


_SPLIT = "split it into several files"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a dropped file may be: its bytes, as it is and unpacked, those of further columns; rows, columns, cells.

    Of a Parquet file also the bytes of its footer, of which reading makes ten to twenty times as many, and its row
    groups.
    """

    file_bytes: int = 100_000_000
    unpacked_bytes: int = 300_000_000
    # They stay in the memory of the visit.
    carried_bytes: int = 100_000_000
    rows: int = 200_000
    columns: int = 1_000
    # An empty cell takes 16 bytes of memory and one byte in a file.
    cells: int = 40_000_000
    footer_bytes: int = 8_000_000
    row_groups: int = 1_000


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Contents:
    """The contents of a file that is small enough to be read.

    `n_bytes` is what it unpacks to, and `most_rows` is no less than the rows that it has. `n_lines` is the number of
    lines of a text, None for Parquet and where line ends are of several kinds; `not_carried` are the columns of a
    Parquet file that hold what no cell of a CSV can (lists, bytes and such).
    """

    n_bytes: int
    most_rows: int
    n_lines: int | None = None
    not_carried: frozenset[str] = frozenset()


def check_contents(path: Path, limits: Limits) -> Contents:
    """Look through the file without keeping more of it than a block.

    Raises:
        BatchError: it is no table, or one that is larger than `limits`.
        FileError: it is empty or damaged.
    """
    kind = kind_of(path)
    if kind == PARQUET:
        return _check_parquet(path, limits)
    if kind == ZIP:
        _check_zip(path)
    return _check_text(path, kind, limits)


def is_held_whole(path: Path, limits: Limits) -> bool:
    """Whether the file is read as a whole, and not piece by piece: a workbook, Arrow, or one of a statistics package.

    Raises:
        ExcessError: it unpacks to more than `limits`.
        BatchError, FileError: it is an archive that cannot be unpacked.
    """
    kind = kind_of(path)
    if kind == ZIP:
        _check_zip(path)
    if kind == PARQUET or is_text(path):
        return False
    if kind == ZIP:
        _check_unpacked(path, limits.unpacked_bytes)
    return True


def listed(names: Collection[str], most: int = 5) -> str:
    """The first few names of a file's columns, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(shown(name) for name in list(names)[:most]) + more


def _check_zip(path: Path) -> None:
    with open_readable(path) as handle:
        # Counted before `zipfile` makes an object of each; the mark is at each entry of the archive's directory.
        if sum(block.count(_ENTRY) for block in iter(lambda: handle.read(_BLOCK), b"")) > _MOST_MEMBERS:
            raise BatchError.from_members(path, _MOST_MEMBERS)
        try:
            with zipfile.ZipFile(handle) as archive:
                members = archive.infolist()
        except DAMAGE as error:
            raise FileError.from_damaged(path, ZIP) from error
    if any(member.compress_type not in _BOUNDED for member in members):
        raise BatchError.from_compression(path)


def _check_unpacked(path: Path, most: int) -> None:
    n_bytes = 0
    with open_readable(path) as handle:
        try:
            with zipfile.ZipFile(handle) as archive:
                for member in archive.infolist():
                    with archive.open(member) as inner:
                        for block in iter(lambda: inner.read(_BLOCK), b""):
                            n_bytes += len(block)
                            if n_bytes > most:
                                raise ExcessError.from_unpacked(path, most)
        except (*DAMAGE, RuntimeError) as error:
            raise FileError.from_damaged(path, ZIP) from error


def _check_text(path: Path, kind: str, limits: Limits) -> Contents:
    n_bytes = n_feeds = n_returns = 0
    last = b""
    most_lines = _LINES_A_ROW * limits.rows
    for block in _blocks(path, kind):
        if not n_bytes:
            _check_beginning(path, block)
        n_bytes += len(block)
        n_feeds += block.count(b"\n")
        n_returns += block.count(b"\r")
        last = block[-1:]
        if n_bytes > limits.unpacked_bytes:
            raise ExcessError.from_unpacked(path, limits.unpacked_bytes)
        if max(n_feeds, n_returns) > most_lines:
            raise ExcessError.from_lines(path, most_lines)
    most_rows = max(n_feeds, n_returns)
    if n_feeds and n_returns not in (0, n_feeds):
        return Contents(n_bytes, most_rows)
    return Contents(n_bytes, most_rows, n_lines=(n_feeds or n_returns) + (last not in b"\r\n"))


def _blocks(path: Path, kind: str) -> Iterator[bytes]:
    with open_readable(path) as handle, unpacked(path, kind, handle) as inner:
        try:
            yield from iter(lambda: inner.read(_BLOCK), b"")
        except DAMAGE as error:
            raise FileError.from_damaged(path, kind) from error


def _check_beginning(path: Path, block: bytes) -> None:
    found = next((what for magic, what in _FOREIGN if block.startswith(magic)), None)
    if found is None and b"\0" in block:
        try:
            encoding_of(path, block)
        except FileError:
            found = "no text (it holds zero bytes)"
    if found is not None:
        raise BatchError.from_foreign(path, found)


def _check_parquet(path: Path, limits: Limits) -> Contents:
    try:
        with open_readable(path) as handle:
            found = footer_bytes(handle)
            # Before it is read: each of its entries becomes an object.
            if found > limits.footer_bytes:
                raise ExcessError.from_footer(path, found, limits.footer_bytes)
            with pq.ParquetFile(handle) as file:
                _check_footer(path, file.metadata, limits)
                n_bytes, n_rows = _check_pages(path, handle, file.metadata, limits), file.metadata.num_rows
                fields = list(file.schema_arrow)
        texts = [field.name for field in fields if is_any(field.type, "string", "large_string", "string_view")]
        n_bytes += _check_texts(path, texts, limits)
    except (pa.ArrowException, OSError, LayoutError) as error:
        raise FileError.from_damaged(path, PARQUET) from error
    not_carried = [
        field.name for field in fields if not is_any(field.type, *_CARRIED_TYPES) or is_beyond_polars(field.type)
    ]
    return Contents(n_bytes, n_rows, not_carried=frozenset(not_carried))


def _check_footer(path: Path, footer: pq.FileMetaData, limits: Limits) -> None:
    if footer.num_columns > limits.columns:
        raise ExcessError.from_columns(path, footer.num_columns, limits.columns)
    if footer.num_rows > limits.rows:
        raise ExcessError.from_rows(path, limits.rows, footer.num_rows)
    if footer.num_rows * footer.num_columns > limits.cells:
        raise ExcessError.from_cells(path, limits.cells, footer.num_columns)
    if footer.num_row_groups > limits.row_groups:
        raise ExcessError.from_row_groups(path, footer.num_row_groups, limits.row_groups)
    groups = (footer.row_group(number) for number in range(footer.num_row_groups))
    if sum(group.total_byte_size for group in groups) > limits.unpacked_bytes:
        raise ExcessError.from_unpacked(path, limits.unpacked_bytes)


def _check_pages(path: Path, handle: BinaryIO, footer: pq.FileMetaData, limits: Limits) -> int:
    """What all pages unpack to; refuse more of it than is taken, whatever the footer says of them."""
    n_bytes = 0
    for number, size in enumerate(page_sizes(handle, footer)):
        n_bytes += size
        if n_bytes > limits.unpacked_bytes:
            raise ExcessError.from_unpacked(path, limits.unpacked_bytes)
        if number >= _MOST_PAGES:
            raise ExcessError.from_pages(path, _MOST_PAGES)
    return n_bytes


def _check_texts(path: Path, names: list[str], limits: Limits) -> int:
    """How long all texts are together; refuse more than is taken, and such as are not UTF-8.

    One long text that all rows share takes up its own length in the file, and that of all rows when it is read; Polars
    trusts that texts are UTF-8, and the process dies of one that is not.
    """
    total = 0
    with pq.ParquetFile(path, read_dictionary=names) as file:
        for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=names):
            for name, array in zip(batch.schema.names, batch.columns, strict=True):
                _check_encoding(path, name, array)
                total += _decoded_bytes(array)
            if total > limits.unpacked_bytes:
                raise ExcessError.from_unpacked(path, limits.unpacked_bytes)
    return total


def _check_encoding(path: Path, name: str, array: pa.Array) -> None:
    try:
        array.validate(full=True)
    except pa.ArrowInvalid as error:
        raise BatchError.from_encoding(path, name) from error


def _decoded_bytes(array: pa.Array) -> int:
    if not pa.types.is_dictionary(array.type):
        return int(array.nbytes)
    lengths = pc.binary_length(array.dictionary).cast(pa.int64())
    return int(pc.sum(lengths.take(array.indices)).as_py() or 0)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,g} MB"

"""Opening a file that a person brought: what it is and its bytes unpacked, every obstacle said in one sentence."""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import polars as pl
import pyarrow as pa

from data.errors import DamageError, FileError, ScoreroomError

CSV, GZIP, ZIP, PARQUET, BZIP2, ZSTD = ".csv", ".gz", ".zip", ".parquet", ".bz2", ".zst"
# What a table in an archive may be called.
_TEXTS = (".csv", ".tsv", ".tab", ".txt", ".data", ".dat")

# What unpacking a damaged archive raises; NotImplementedError is zipfile's word for an unknown compression.
DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)

# What a damaged file makes its readers raise: Polars (a panic among them), Arrow, and the parsers of what it says of
# itself, which come upon missing keys, other types and text that is not UTF-8.
TROUBLE = (
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
    pa.ArrowException,
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    MemoryError,
    EOFError,
    struct.error,
)

_MAGIC = {
    b"PAR1": PARQUET,
    b"\x1f\x8b": GZIP,
    b"PK\x03\x04": ZIP,
    b"PK\x05\x06": ZIP,
    b"BZh": BZIP2,
    b"\x28\xb5\x2f\xfd": ZSTD,
}


class SpecialFileError(OSError):
    """A device, a pipe or a socket where a file is expected: it has no end, or none until somebody writes."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EINVAL, "is a device or a pipe", str(path))


def open_file(path: Path) -> BinaryIO:
    """`path` opened for reading bytes, without waiting for whoever might write to it.

    What was opened is looked at, and not what stands at `path` a moment before.

    Raises:
        SpecialFileError: it is no file.
        OSError: it is missing, is a directory, or may not be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        # A socket cannot even be opened.
        raise (SpecialFileError(path) if error.errno == errno.ENXIO else error) from None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise (
            IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
            if stat.S_ISDIR(mode)
            else (SpecialFileError(path))
        )
    return os.fdopen(descriptor, "rb")


def check_readable(path: Path) -> None:
    """Raise FileError unless `path` is a file that may be read; a device or a pipe cannot be read twice."""
    with open_readable(path):
        pass


def is_there(path: Path) -> bool:
    """Whether anything exists at `path`, even if it cannot be read."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn any error from reading `path`, a file of the portfolio, into one sentence.

    The block must only read, because its own errors would be reported as damage.

    Raises:
        DamageError: it cannot be read as what it should be.
    """
    try:
        yield
    except TROUBLE as error:
        if isinstance(error, DamageError) or (isinstance(error, ScoreroomError) and not isinstance(error, FileError)):
            raise
        raise DamageError.from_trouble(path, error) from error


@contextmanager
def open_readable(path: Path) -> Iterator[BinaryIO]:
    """`path` opened for reading bytes.

    Raises:
        FileError: it is missing, is not a file, or may not be read.
    """
    try:
        handle = open_file(path)
    except (FileNotFoundError, NotADirectoryError):
        raise FileError.from_missing(path) from None
    except IsADirectoryError:
        raise FileError.from_directory(path) from None
    except SpecialFileError:
        raise FileError.from_special(path) from None
    except OSError as error:
        raise FileError.from_no_access(path, error.strerror or str(error)) from error
    with handle:
        yield handle


def read_bytes(path: Path) -> bytes:
    """The bytes of a file of the portfolio.

    Raises:
        DamageError: it is missing, is not a file, or cannot be read.
    """
    with reading(path), open_readable(path) as handle:
        return handle.read()


def kind_of(path: Path) -> str:
    """CSV, GZIP, ZIP, BZIP2, ZSTD or PARQUET: by its first bytes, for a name can be wrong.

    Raises:
        FileError: it cannot be read, is empty, or is text under the name of an archive or of Parquet.
    """
    with open_readable(path) as handle:
        head = handle.read(max(map(len, _MAGIC)))
    if not head:
        raise FileError.from_empty(path)
    kind = kind_of_bytes(head)
    suffix = path.suffix.lower()
    if kind == CSV and suffix in _MAGIC.values():
        raise FileError.from_damaged(path, suffix)
    return kind


def kind_of_bytes(content: bytes) -> str:
    """The kind whose mark `content` begins with, otherwise CSV, which has no mark of its own."""
    return next((kind for magic, kind in _MAGIC.items() if content.startswith(magic)), CSV)


@contextmanager
def unpacked(path: Path, kind: str, handle: BinaryIO, member: str = "") -> Iterator[BinaryIO]:
    """The text's bytes behind `handle`, the opened `path`; reading them raises one of DAMAGE if the archive is broken.

    `member` names the file in a zip archive that holds several.

    Raises:
        FileError: the zip archive is damaged, protected, has no such member, or holds not exactly one table of text.
    """
    if kind == GZIP:
        with gzip.GzipFile(fileobj=handle) as stream:
            yield cast("BinaryIO", stream)
    elif kind == BZIP2:
        with bz2.BZ2File(handle) as unzipped:
            yield cast("BinaryIO", unzipped)
    elif kind == ZSTD:
        with pa.CompressedInputStream(pa.PythonFile(handle, mode="r"), "zstd") as inflated:
            yield cast("BinaryIO", inflated)
    elif kind == ZIP:
        with _zip_member(path, handle, member) as stream:
            yield stream
    else:
        yield handle


@contextmanager
def _zip_member(path: Path, handle: BinaryIO, called: str) -> Iterator[BinaryIO]:
    try:
        archive = zipfile.ZipFile(handle)
    except DAMAGE as error:
        raise FileError.from_damaged(path, ZIP) from error
    with archive:
        members = [info for info in archive.infolist() if _is_table(info.filename)]
        chosen = [info for info in members if called in ("", info.filename, Path(info.filename).name)]
        if len(chosen) != 1:
            raise FileError.from_zip_members(path, [info.filename for info in members])
        if chosen[0].flag_bits & 1:
            raise FileError.from_unreadable(path, "is protected by a password", "unpack it and name the file")
        try:
            stream = archive.open(chosen[0])
        except DAMAGE as error:
            raise FileError.from_damaged(path, ZIP) from error
        with stream:
            yield cast("BinaryIO", stream)


def _is_table(name: str) -> bool:
    # macOS packs a shadow of every file ("__MACOSX/._name") that is no table.
    return name.lower().endswith(_TEXTS) and not Path(name).name.startswith("._")

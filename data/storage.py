"""Writing files so that a reader sees the old one or the whole new one, and digests to tell which."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import polars as pl

from data.errors import FileError
from data.opening import open_file

ROW_GROUP_ROWS = 1 << 16
_CHUNK = 1 << 20


@contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on a clean exit it takes the place of `path`, otherwise it is removed.

    The temporary path may be made a file or a directory by the caller; a file replaces a file, a directory a directory.
    A symbolic link stays, and what it points to is replaced. The content is on the disk before the name changes.

    Raises:
        FileError: the place cannot be written (no rights, disk full, the parent is a file, a device stands there, or a
            directory where a file is to go); what was there is as it was. Every OSError in the block counts as one of
            writing, so let the block do nothing else.
    """
    place = _place(path)
    beside = place.with_name(f".{place.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        _flush(beside)
        _swap(beside, place)
    except OSError as error:
        raise FileError.from_unwritable(path, error.strerror or str(error)) from error
    finally:
        # What went wrong above is what the person must hear, not that cleaning up met the same obstacle.
        with suppress(OSError):
            _remove(beside)


def write_parquet(
    frame: pl.DataFrame,
    path: Path,
    *,
    metadata: Mapping[str, str] | None = None,
    row_group_rows: int = ROW_GROUP_ROWS,
) -> None:
    """Write `frame` to `path` as Parquet: zstd, row groups of `row_group_rows` rows, key-value `metadata`.

    Raises:
        FileError: as `write_atomically`.
    """
    # Polars reports a full disk as an error in the data, so it writes to memory and the system call is made here.
    buffer = io.BytesIO()
    frame.write_parquet(
        buffer, compression="zstd", row_group_size=row_group_rows, metadata=dict(metadata) if metadata else None
    )
    with write_atomically(path) as beside, buffer.getbuffer() as content:
        beside.write_bytes(content)


def read_parquet(path: Path) -> pl.DataFrame:
    """The table in `path`, whose name may hold what Polars would otherwise take for a pattern, such as brackets."""
    return pl.read_parquet(path, glob=False)


def check_file_place(path: Path) -> None:
    """Raise FileError when it is plain already, before any work, that no file can be written at `path`."""
    place = _place(path)
    try:
        if place.is_dir():
            raise FileError.from_occupied(path, "a directory")
        ancestor = next(parent for parent in place.parents if parent.exists())
        if not ancestor.is_dir():
            raise FileError.from_unwritable(path, f"{ancestor} is a file")
        if not os.access(ancestor, os.W_OK | os.X_OK):
            raise FileError.from_unwritable(path, f"no right to write in {ancestor}")
    except OSError as error:
        raise FileError.from_unwritable(path, error.strerror or str(error)) from error


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with open_file(Path(path)) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _place(path: Path) -> Path:
    """Where `path` leads; a device or a pipe there is refused, because renaming over it would destroy it."""
    try:
        place = Path(path).resolve()
        special = place.exists() and not (place.is_file() or place.is_dir())
    except (OSError, RuntimeError) as error:
        # Before Python 3.13 a loop of links is a RuntimeError.
        raise FileError.from_unwritable(path, getattr(error, "strerror", None) or str(error)) from error
    if special:
        raise FileError.from_occupied(path, "a device or a pipe")
    return place


def _flush(path: Path) -> None:
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    for file in files:
        with file.open("rb") as stream:
            os.fsync(stream.fileno())


def _swap(new: Path, place: Path) -> None:
    if new.is_dir() != place.is_dir() and place.exists():
        code = errno.EISDIR if place.is_dir() else errno.ENOTDIR
        raise OSError(code, os.strerror(code))
    # rename() replaces a file in one step but refuses a directory that is not empty: that one steps aside first.
    if not place.is_dir():
        new.replace(place)
        return
    aside = place.with_name(f"{new.name}.old")
    place.rename(aside)
    try:
        new.rename(place)
    except OSError:
        aside.rename(place)
        raise
    shutil.rmtree(aside)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

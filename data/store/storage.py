"""Writing files so that a reader sees the old one or the whole new one, and digests to tell which."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import polars as pl

from data.errors import FileError
from data.store import owners
from data.store.exchange import exchange
from data.store.opening import open_file

ROW_GROUP_ROWS = 1 << 16
_CHUNK = 1 << 20
_ASIDE = ".old"
_PART = re.compile(rf"\.(?P<name>.+)\.(?P<owner>{owners.PATTERN})-[0-9a-f]{{8}}\.part(\.old)?", re.DOTALL)
# A part of another machine or container, whose processes cannot be seen from here, is left alone for a day.
_FOREIGN_SECONDS = 86_400


@contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on a clean exit it takes the place of `path`, otherwise it is removed.

    The temporary path may be made a file or a directory by the caller; a file replaces a file, a directory a directory.
    Either is done in one step where the file system can exchange directories; elsewhere a directory is away for the
    instant between two renames. A symbolic link stays, and what it points to is replaced. The content is on the disk
    before the name changes. What dead processes left behind of earlier attempts is removed first.

    Raises:
        FileError: the place cannot be written (no rights, disk full, the parent is a file, a device stands there, or a
            directory where a file is to go); what was there is as it was. Every OSError in the block counts as one of
            writing, so let the block do nothing else.
    """
    place = _place(path)
    beside = part_beside(place)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        sweep_parts(place.parent, place.name)
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


def part_beside(place: Path) -> Path:
    """A path beside `place` for what is to replace it, named so that it is swept once this process is gone."""
    return place.with_name(f".{place.name}.{owners.own()}-{secrets.token_hex(4)}.part")


def sweep_parts(folder: Path, name: str | None = None) -> None:
    """Remove the parts in `folder` that dead processes left, of the file or directory `name` or of all.

    A directory that had stepped aside for another that never came is put back.

    Raises:
        OSError: the folder cannot be read; a part that cannot be removed stays.
    """
    for part in dead_parts(folder, name):
        with suppress(OSError):
            match = _PART.fullmatch(part.name)
            place = folder / match["name"] if match else part
            if part.suffix == _ASIDE and not place.exists():
                part.rename(place)
            else:
                _remove(part)


def dead_parts(folder: Path, name: str | None = None) -> list[Path]:
    """The parts in `folder` that dead processes left, of the file or directory `name` or of all."""
    if not folder.is_dir():
        return []
    parts = [(path, _PART.fullmatch(path.name)) for path in folder.iterdir() if path.suffix in (".part", _ASIDE)]
    return [
        path
        for path, match in parts
        if match and (name is None or match["name"] == name) and _is_dead(path, match["owner"])
    ]


def _is_dead(part: Path, owner: str) -> bool:
    alive = owners.is_alive(owner)
    if alive is not None:
        return not alive
    try:
        return time.time() - part.stat().st_mtime > _FOREIGN_SECONDS
    except OSError:
        return False


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with open_file(Path(path)) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _place(path: Path) -> Path:
    """Resolve `path`; refuse a device or a pipe, because renaming over it would destroy it."""
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
    # rename() replaces a file in one step but refuses a directory that is not empty.
    if not place.is_dir():
        new.replace(place)
    elif not exchange(new, place):
        _swap_in_two_steps(new, place)


def _swap_in_two_steps(new: Path, place: Path) -> None:
    aside = place.with_name(f"{new.name}{_ASIDE}")
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

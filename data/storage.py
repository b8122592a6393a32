"""Writing files so that a reader sees the old one or the whole new one, and digests to tell which."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.errors import FileError

_CHUNK = 1 << 20


@contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on a clean exit it takes the place of `path`, otherwise it is removed.

    The temporary path may be made a file or a directory by the caller; a directory replaces a directory.

    Raises:
        FileError: the place cannot be written (no rights, disk full, the parent is a file).
    """
    path = Path(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        _swap(beside, path)
    except OSError as error:
        raise FileError.from_unwritable(path, error.strerror or str(error)) from error
    finally:
        _remove(beside)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _swap(new: Path, place: Path) -> None:
    # rename() replaces a file in one step but refuses a directory that is not empty: that one steps aside first.
    if not place.is_dir():
        new.replace(place)
        return
    aside = place.with_name(f".{place.name}.{os.getpid()}.old")
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

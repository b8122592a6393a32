"""One build at a time: a file that the system locks for as long as its holder lives, and that says who that is."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import platform
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from data.errors import FileError

LOCK = ".build.lock"
_POLL_SECONDS = 0.1
# A holder writes who it is right after taking the lock.
_PATIENCE_SECONDS = 1.0
_MOST_CHARACTERS = 200

Say = Callable[[str], None]


@contextmanager
def build_lock(folder: Path, say: Say = lambda _: None) -> Iterator[None]:
    """Hold the lock of `folder`; while another process holds it, wait, and `say` once who that is.

    The lock ends with the process, however that ends.

    Raises:
        FileError: the folder cannot be written.
    """
    path = folder / LOCK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = _acquire(path, say)
    except OSError as error:
        raise FileError.from_unwritable(folder, error.strerror or str(error)) from error
    try:
        yield
    finally:
        # Remove the file while it is locked, so that a waiter sees that it is no longer the one at its path.
        path.unlink(missing_ok=True)
        os.close(descriptor)


def is_building(folder: Path) -> bool:
    """Whether a process holds the lock of `folder` now; False where that cannot be asked."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _acquire(path: Path, say: Say) -> int:
    started, is_announced = time.monotonic(), False
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(path, descriptor):
                os.ftruncate(descriptor, 0)
                os.write(descriptor, _myself())
                return descriptor
        except BlockingIOError:
            holder = _holder(descriptor)
            if not is_announced and (holder or time.monotonic() - started > _PATIENCE_SECONDS):
                say(f"Waiting for another build to end: {holder or 'it has not said which'}.")
                is_announced = True
            time.sleep(_POLL_SECONDS)
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        there, held = path.stat(), os.fstat(descriptor)
    except FileNotFoundError:
        return False
    return (there.st_dev, there.st_ino) == (held.st_dev, held.st_ino)


def _myself() -> bytes:
    # A program on the command line may have many lines.
    command = " ".join(shlex.join(["python", *sys.orig_argv[1:]]).split())[:_MOST_CHARACTERS]
    since = datetime.now(UTC).isoformat(timespec="seconds")
    owner = {"pid": os.getpid(), "host": platform.node(), "since": since, "command": command}
    return json.dumps(owner).encode()


def _holder(descriptor: int) -> str:
    try:
        owner = json.loads(os.pread(descriptor, 1 << 16, 0))
        return f"process {owner['pid']} on {owner['host']} since {owner['since']} ({owner['command']})"
    except (ValueError, KeyError, TypeError):
        return ""
    except OSError as error:
        # A mandatory lock of a network file system.
        if error.errno in (errno.EACCES, errno.EAGAIN):
            return ""
        raise

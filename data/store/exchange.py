"""Swapping two directories in one step of the file system, where it has one."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
_RENAME_SWAP = 2
# Kernels, C libraries and file systems that cannot exchange report it with one of these.
_UNSUPPORTED = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)


def exchange(first: Path, second: Path) -> bool:
    """Give each of two existing paths on one file system the other's content, in one step.

    Returns False, with nothing changed, where the system or the file system has no such step.

    Raises:
        OSError: the paths cannot be renamed.
    """
    call = _system_call()
    if call is None:
        return False
    if call(os.fsencode(first), os.fsencode(second)) == 0:
        return True
    code = ctypes.get_errno()
    if code in _UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code), str(second))


@cache
def _system_call() -> Callable[[bytes, bytes], int] | None:
    """The system's exchange: `renameat2` of Linux, `renamex_np` of macOS, else None."""
    library = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "darwin":
        swap = getattr(library, "renamex_np", None)
        return None if swap is None else lambda one, other: int(swap(one, other, ctypes.c_uint(_RENAME_SWAP)))
    rename = getattr(library, "renameat2", None)
    if rename is None:
        return None
    flags = ctypes.c_uint(_RENAME_EXCHANGE)
    return lambda one, other: int(rename(_AT_FDCWD, one, _AT_FDCWD, other, flags))

"""The process that owns a file, identified so exactly that a reused process id is not mistaken for it.

An owner is `SCOPE-BOOT-PID-BIRTH`: the machine and its process namespace, the boot, the process id, and when the
process began. A process can be judged only from within the same scope.
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from functools import cache
from pathlib import Path

PATTERN = r"[0-9a-f]{8}-[0-9a-f]{8}-[0-9]+-[0-9a-f]{8}"


def own() -> str:
    """The owner that this process is."""
    return _own(os.getpid())


def is_alive(owner: str) -> bool | None:
    """Whether the process runs that is called `owner`; None where it belongs to another machine or container."""
    scope, boot, pid, birth = owner.split("-")
    here = _place()
    if scope != here[0]:
        return None
    return boot == here[1] and _born(int(pid)) == birth


@cache
def _own(pid: int) -> str:
    # Keyed by the process id, because a forked child is another process.
    return "-".join([*_place(), str(pid), _born(pid) or _short("")])


@cache
def _place() -> tuple[str, str]:
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        namespace = ""
    return _short(f"{platform.node()}\n{namespace}"), _short(_boot())


def _boot() -> str:
    if sys.platform == "darwin":
        return _output("/usr/sbin/sysctl", "-n", "kern.boottime")
    return _text(Path("/proc/sys/kernel/random/boot_id"))


def _born(pid: int) -> str | None:
    """When the process `pid` began, shortened; None if it does not exist or has ended."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return None
    except PermissionError:
        # Somebody else's process runs.
        pass
    if sys.platform == "darwin":
        return _short(_output("/bin/ps", "-o", "lstart=", "-p", str(pid)))
    # The command's name is in parentheses and may hold blanks; the state follows it, the start is field 22.
    fields = _text(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    if not fields:
        return _short("")
    return None if fields[0] in "ZX" else _short(fields[19])


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    except OSError:
        return ""


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]

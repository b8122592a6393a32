"""A place without network to run things in: namespaces of their own, loopback alone, an empty home and temp folder."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from data.errors import ScoreroomError
from data.settings import ROOT
from scripts.offline.calls import CALLS, SHOWN_BYTES, Call, Kind, Own, Seen, foreign, read_calls

_SIOCSIFFLAGS, _IFF_UP = 0x8914, 0x1
_RESOLVER = Path("/etc/resolv.conf")
_PATIENCE_S = 120
# Namespaces of a user's own first; root may do without where the kernel withholds those.
_TRIAL = "mount --bind /etc /etc && strace -o /dev/null true"
_WAYS = (("unshare", "--user", "--map-root-user", "--net", "--mount"), ("unshare", "--net", "--mount"))


class SeclusionError(ScoreroomError):
    """This machine cannot run a program without network and trace its system calls."""


def secluded_command(command: Sequence[str]) -> list[str]:
    """`command` with what makes it run in namespaces of its own.

    Raises:
        SeclusionError: a tool is missing, or not allowed.
    """
    reason = ""
    for tool, package in (("unshare", "util-linux"), ("strace", "strace"), ("mount", "mount")):
        try:
            subprocess.run([tool, "--version"], capture_output=True, check=True)  # noqa: S603
        except (OSError, subprocess.CalledProcessError):
            raise SeclusionError(
                f"{tool} was not found; this check needs Linux and the Debian package {package} (or its like)."
            ) from None
    for way in _WAYS:
        tried = subprocess.run([*way, "sh", "-c", _TRIAL], capture_output=True, text=True, check=False)  # noqa: S603
        if tried.returncode == 0:
            return [*way, *command]
        reason = tried.stderr.strip().splitlines()[-1] if tried.stderr.strip() else f"exit code {tried.returncode}"
    raise SeclusionError(
        f"unshare, mount or strace is not allowed here ({reason}); run this as root or where users may make "
        "namespaces (kernel.unprivileged_userns_clone); containers need the capabilities SYS_ADMIN and SYS_PTRACE."
    )


def raise_loopback() -> None:
    """Bring up the namespace's own loopback device, as `ip link set lo up` does."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP))


def ask_names_at(server: str, *options: str) -> None:
    """Let names be asked for at `server` alone, with `options` of the resolver, while the mount namespace lasts."""
    if _RESOLVER.exists():
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as here:
            here.write(f"nameserver {server}\noptions {' '.join(options)}\n")
            here.flush()
            subprocess.run(["mount", "--bind", here.name, str(_RESOLVER)], check=True)  # noqa: S603, S607


@dataclass
class Traced:
    """A command that was started under strace; `folder` holds its empty home, its temp folder and what it said."""

    command: Sequence[str]
    folder: Path
    writes: tuple[Path, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    cwd: Path = ROOT

    def __post_init__(self) -> None:
        self.home, self.temp, self._trace = (self.folder / name for name in ("home", "temp", "trace"))
        for each in (self.home, self.temp, self._trace):
            each.mkdir(parents=True)
        # Nothing of the caller's environment: a variable of its continuous integration stops some from reporting.
        xdg = {f"XDG_{name}_HOME": str(self.home / name.lower()) for name in ("CACHE", "CONFIG", "DATA", "STATE")}
        own = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(self.home), "TMPDIR": str(self.temp)}
        strace = [
            "strace",
            "--seccomp-bpf",
            "--follow-forks",
            "--output-separately",
            "--decode-fds=all",
            f"--string-limit={SHOWN_BYTES}",
            f"--trace={','.join(f'?{name}' for name in CALLS)}",
            f"--output={self._trace / 'thread'}",
        ]
        with (self.folder / "said").open("wb") as said:
            self._process = subprocess.Popen(  # noqa: S603
                [*strace, *self.command],
                cwd=self.cwd,
                env={**own, **xdg, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """Its output on stdout and stderr."""
        return (self.folder / "said").read_text(encoding="utf-8", errors="replace")

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def wait(self) -> int:
        """Its exit code once it has ended by itself."""
        return self._process.wait(_PATIENCE_S)

    def stop(self) -> int:
        """Ask it to end, and its exit code. strace lets the signal through to what it watches, and stays."""
        if self.is_running:
            os.killpg(self._process.pid, signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """End it where it has not ended."""
        if self.is_running:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def calls(self) -> Iterator[Call]:
        """The calls of all its threads and children."""
        for path in sorted(self._trace.iterdir()):
            with path.open(encoding="ascii", errors="replace") as lines:
                yield from read_calls(lines)

    def seen(self) -> list[Seen]:
        """What it did that is not its own business, what it left in its home and temp folder included; it has ended."""
        python = (Path(sys.prefix), Path(sys.base_prefix))
        sources = (ROOT, *python, *(path.resolve() for path in python))
        own = Own(folders=(self.temp, *self.writes), sources=sources, cwd=self.cwd)
        left = {Seen(Kind.FILE, str(path)) for place in (self.home, self.temp) for path in place.rglob("*")}
        seen = foreign(self.calls(), own) | left
        # The folders of a file go without saying.
        implied = {parent for each in seen if each.kind is Kind.FILE for parent in map(str, Path(each.name).parents)}
        return sorted(
            Seen(each.kind, each.name.replace(str(self.home), "~").replace(str(self.temp), "$TMPDIR"))
            for each in seen
            if each.name not in implied
        )


@contextmanager
def traced(
    command: Sequence[str],
    folder: Path,
    *,
    writes: tuple[Path, ...] = (),
    environment: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
) -> Iterator[Traced]:
    """A command under strace, which has ended when the context ends."""
    started = Traced(command, folder, writes, environment or {}, cwd)
    try:
        yield started
    finally:
        started.kill()

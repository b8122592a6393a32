"""A server to measure: started as a user starts it, waited for, weighed and ended."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from data.settings import ROOT

# Where the dashboard says that it is well.
HEALTH = "/_stcore/health"
_PATIENCE_S = 120.0
_LOOK_S = 0.02


class ServerError(RuntimeError):
    """A server ended or never answered; the text holds the end of its output."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers on `port` of this machine; `log` is all that it wrote.

    `started` is on the clock of time.monotonic, `healthy_s` counts from it.
    """

    process: subprocess.Popen[bytes]
    port: int
    health: str
    log: Path
    started: float
    healthy_s: float

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    def is_healthy(self) -> bool:
        """Whether it runs and reports that it is healthy."""
        return self.process.poll() is None and _is_healthy(f"{self.address}{self.health}")

    def rss_mb(self) -> float:
        """Memory of the process that is held in RAM, in MB of 1,000,000 bytes."""
        # Known to Linux and macOS alike, and needs no library.
        shown = subprocess.run(  # noqa: S603
            ["ps", "-o", "rss=", "-p", str(self.process.pid)],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        )
        return int(shown.stdout) * 1024 / 1e6

    def peak_mb(self) -> float:
        """The most memory that it held in RAM, in MB of 1,000,000 bytes; what it holds where no count is kept."""
        status = Path(f"/proc/{self.process.pid}/status")
        kept = status.read_text(encoding="ascii").partition("VmHWM:")[2].split() if status.exists() else []
        return int(kept[0]) * 1024 / 1e6 if kept else self.rss_mb()


def dashboard_command(port: int, arguments: Sequence[str] = ()) -> list[str]:
    """The command that a user starts the dashboard with."""
    return [sys.executable, "-m", "scripts.serve", "--port", str(port), *arguments]


def service_command(port: int) -> list[str]:
    """The command that a user starts the scoring service with."""
    return [sys.executable, "-m", "scripts.serve_api", "--port", str(port)]


def observed_command(how: str, path: Path, port: int, arguments: Sequence[str] = ()) -> list[str]:
    """The command that starts the dashboard with its script runs observed (`how`: observers.OBSERVERS), into `path`."""
    observed = [how, str(path), str(port), *arguments]
    return [sys.executable, "-m", "scripts.benchmarks.observed_dashboard", *observed]


def floor_command(port: int) -> list[str]:
    """The command that starts the floor app on the same configuration."""
    return [sys.executable, "-m", "scripts.benchmarks.floor_server", str(port)]


class RunLog:
    """The milliseconds of script runs that an observed server notes in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()
        self._taken = 0

    def take(self) -> float:
        """Milliseconds of the runs that ended since this was last asked, added up."""
        runs = self.path.read_text(encoding="utf-8").split()
        new, self._taken = runs[self._taken :], len(runs)
        return sum(map(float, new))


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    command: Sequence[str], port: int, health: str = HEALTH, log: Path | None = None, **environment: str
) -> Iterator[Server]:
    """Start `command`, wait until its path `health` answers without an error, and end it afterwards.

    Raises:
        ServerError: it ended, or did not answer within two minutes.
    """
    with tempfile.TemporaryDirectory(prefix="scoreroom-server-") as folder:
        log = log or Path(folder) / "server.log"
        started = time.monotonic()
        with log.open("wb") as said:
            process = subprocess.Popen(  # noqa: S603
                command,
                cwd=ROOT,
                stdout=said,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
            )
        try:
            _wait_until_healthy(process, f"http://localhost:{port}{health}", log)
            yield Server(process, port, health, log, started, time.monotonic() - started)
        finally:
            process.terminate()
            process.wait(60)


@asynccontextmanager
async def serve(command: Sequence[str], port: int, health: str = HEALTH) -> AsyncIterator[Server]:
    """`serving`, for which the event loop does not wait."""
    with ExitStack() as stack:
        yield await asyncio.to_thread(stack.enter_context, serving(command, port, health))


def _wait_until_healthy(process: subprocess.Popen[bytes], asked: str, log: Path) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        if _is_healthy(asked):
            return
        time.sleep(_LOOK_S)
    last_words = log.read_text(errors="replace")[-2_000:]
    raise ServerError(f"The server asked at {asked} did not become healthy. Its output:\n{last_words}")


def _is_healthy(asked: str) -> bool:
    try:
        urllib.request.urlopen(asked, timeout=30).close()  # noqa: S310
    except OSError:
        return False
    return True

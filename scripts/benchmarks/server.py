"""A server to measure: started as a user starts it, waited for, weighed and ended."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from data.settings import ROOT

_PATIENCE_S = 120.0
_LOOK_S = 0.02


class ServerError(RuntimeError):
    """A server that ended or never answered; the text holds the end of what it said."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers; `started` is on the clock of time.monotonic, `healthy_s` counts from it."""

    process: subprocess.Popen[bytes]
    address: str
    started: float
    healthy_s: float

    def rss_mb(self) -> float:
        """Memory of the process that is held in RAM, in MB of 1,000,000 bytes."""
        # Known to Linux and macOS alike, and needs no library.
        shown = subprocess.run(  # noqa: S603
            ["ps", "-o", "rss=", "-p", str(self.process.pid)],  # noqa: S607
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return int(shown.stdout) * 1024 / 1e6


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


@asynccontextmanager
async def serve(command: Sequence[str], port: int, health: str = "/_stcore/health") -> AsyncIterator[Server]:
    """Start `command`, wait until its path `health` answers without an error, and end it afterwards.

    Raises:
        ServerError: it ended, or did not answer within two minutes.
    """
    with tempfile.TemporaryFile() as said:
        started = time.monotonic()
        process = subprocess.Popen(  # noqa: S603
            command, cwd=ROOT, stdout=said, stderr=subprocess.STDOUT, env=os.environ | {"PYTHONUNBUFFERED": "1"}
        )
        try:
            address = f"http://localhost:{port}"
            await _wait_until_healthy(process, f"{address}{health}", said)
            yield Server(process, address, started, time.monotonic() - started)
        finally:
            process.terminate()
            process.wait(30)


async def _wait_until_healthy(process: subprocess.Popen[bytes], asked: str, said: IO[bytes]) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        if await asyncio.to_thread(_is_healthy, asked):
            return
        await asyncio.sleep(_LOOK_S)
    said.seek(0)
    last_words = said.read().decode(errors="replace")[-2_000:]
    raise ServerError(f"The server asked at {asked} did not become healthy. It said:\n{last_words}")


def _is_healthy(asked: str) -> bool:
    try:
        urllib.request.urlopen(asked, timeout=5).close()  # noqa: S310
    except (urllib.error.URLError, ConnectionError):
        return False
    return True

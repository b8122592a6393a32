"""A server under attack: started as users start it, watched for its memory and its log."""

from __future__ import annotations

import os
import re
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from data.settings import ROOT

_PATIENCE_S = 120
_FAULT = re.compile(r"\"level\": ?\"(?:error|critical)\"|Uncaught|Segmentation")

_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_RAISED = re.compile(r"[\w.]*(?:Error|Exception|Warning|Interrupt|Exit)\b")


@dataclass(frozen=True, slots=True)
class Watched:
    """A server that answers on `port` of this machine; `log` is all that it wrote."""

    process: subprocess.Popen[bytes]
    port: int
    health: str
    log: Path

    def is_healthy(self) -> bool:
        """Whether it runs and says that it is well."""
        try:
            with urllib.request.urlopen(f"http://localhost:{self.port}{self.health}", timeout=30) as answer:
                return self.process.poll() is None and answer.status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def memory_mb(self, what: str = "VmRSS") -> float:
        """What it holds in RAM, in MB of 1,000,000 bytes, or `VmHWM`: the most it ever held."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.findall(rf"{what}:\s+(\d+)", status)[0]) * 1024 / 1e6

    def faults(self) -> list[str]:
        """What its log says of its own faults: a line of that level, or a traceback as what is above and below."""
        told_plainly = _COLOUR.sub("", self.log.read_text(errors="replace"))
        lines = [line for line in told_plainly.splitlines() if line.strip()]
        told = []
        for at, line in enumerate(lines):
            # Streamlit draws a frame around the tracebacks of pages, in colours.
            if "Traceback (most recent call last)" in line:
                below = next((after for after in lines[at + 1 :] if _RAISED.match(after)), "")
                told.append(f"{lines[at - 1] if at else ''} / {below}")
            elif _FAULT.search(line):
                told.append(line)
        return told


@contextmanager
def watched(command: Sequence[str], port: int, health: str, log: Path, **environment: str) -> Iterator[Watched]:
    """Start `command`, wait until its path `health` answers, and end it afterwards.

    Raises:
        RuntimeError: it ended, or did not answer within two minutes.
    """
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=said, stderr=subprocess.STDOUT, env={**os.environ, **environment}
        )
    server = Watched(process, port, health, log)
    try:
        until = time.monotonic() + _PATIENCE_S
        while not server.is_healthy():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"The server did not answer: {log.read_text(errors='replace')[-2_000:]}")
            time.sleep(0.05)
        yield server
    finally:
        process.terminate()
        process.wait(60)

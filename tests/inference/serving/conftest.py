"""Processes that listen, and a certificate for them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from data.settings import ROOT

PATIENCE_S = 60
NAME = "scoreroom.example.com"


@dataclass(frozen=True)
class Certificate:
    """Files of a certificate for NAME and localhost, and what a client needs to trust it."""

    cert: Path
    key: Path
    trust: ssl.SSLContext


T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns, in a thread of its own, because a browser of other tests may hold this one's loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    folder = tmp_path_factory.mktemp("certificate")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
        "-subj",
        f"/CN={NAME}",
        "-addext",
        f"subjectAltName=DNS:{NAME},DNS:localhost",
        "-keyout",
        "key.pem",
        "-out",
        "fullchain.pem",
    ]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    trust = ssl.create_default_context(cafile=folder / "fullchain.pem")
    return Certificate(folder / "fullchain.pem", folder / "key.pem", trust)


@contextmanager
def process(
    command: Sequence[str], ports: Sequence[int], log: Path, **settings: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A process with `settings` (without SCOREROOM_) that listens on all `ports`; it has to end in order."""
    environment = {**os.environ, **{f"SCOREROOM_{name}": value for name, value in settings.items()}}
    with log.open("wb") as said:
        started = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said, stderr=subprocess.STDOUT)
    try:
        until = time.monotonic() + PATIENCE_S
        while not all(map(_listens, ports)):
            assert started.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        code = started.wait(PATIENCE_S)
    assert code == 0, log.read_text()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0

"""The scoring service as it really runs: a process of its own, asked over HTTP."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import httpx
import orjson
import polars as pl
import pytest

from data.home_credit import embedded
from data.predictions.table import OUT_OF_FOLD
from data.settings import ROOT, Settings
from data.store.records import FileRecord
from inference.inventory.entry import CHAMPION, ModelEntry, ModelKind
from inference.inventory.store import applications_digest, now, of_manifest, publish, read_rows
from inference.model.build import publish_model
from inference.model.session import ScoringSession
from inference.model.training_settings import TrainingSettings
from scripts.benchmarks.server import free_port, service_command

PATIENCE_S = 60
# What the fixtures called so are.
Start = Callable[..., AbstractContextManager["Running"]]
CheckProblem = Callable[..., Mapping[str, Any]]
Write = Callable[[pl.DataFrame, str], bytes]
Read = Callable[[bytes, str], pl.DataFrame]


@dataclass
class Running:
    """A service that was started, and a client of it; `log` is what it wrote to stderr."""

    process: subprocess.Popen[bytes]
    client: httpx.Client
    log: Path

    @classmethod
    def start(cls, log: Path, environment: Mapping[str, str], workers: int = 1) -> Self:
        port = free_port()
        with log.open("wb") as said:
            process = subprocess.Popen(
                [*service_command(port), "--workers", str(workers)],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdout=subprocess.DEVNULL,
                stderr=said,
            )
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S, trust_env=False)
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            try:
                client.get("/health/live")
            except httpx.ConnectError:
                assert process.poll() is None, log.read_text()
                time.sleep(0.05)
            else:
                return cls(process, client, log)
        process.kill()
        raise AssertionError(f"the service did not answer: {log.read_text()}")

    @property
    def port(self) -> int:
        port = self.client.base_url.port
        assert port is not None
        return port

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, and its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def wait_until_read(self, asked: Future[Any]) -> None:
        """Wait until a request beside the one that asks is in the service; `asked` must not be done by then."""
        while "scoreroom_requests_in_flight 2.0" not in self.client.get("/metrics").text:
            assert not asked.done()
            time.sleep(0.005)

    def events(self, name: str = "request") -> list[dict[str, Any]]:
        """The lines of its log with this event."""
        lines = [orjson.loads(line) for line in self.log.read_bytes().splitlines()]
        return [line for line in lines if line["event"] == name]


@contextmanager
def running(log: Path, *, workers: int = 1, **environment: str) -> Iterator[Running]:
    started = Running.start(log, {f"SCOREROOM_{name}": value for name, value in environment.items()}, workers)
    try:
        with closing(started.client):
            yield started
    finally:
        if started.process.poll() is None:
            started.stop()


@pytest.fixture
def start(built: Settings, tmp_path: Path) -> Start:
    """Starts a service with settings, their names without `SCOREROOM_`; it is ended where it has not ended itself."""
    return partial(running, tmp_path / "log.jsonl")


@pytest.fixture(scope="module")
def service(built: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The service with its default settings."""
    with running(tmp_path_factory.mktemp("service") / "log.jsonl", API_DRAIN_SECONDS="0") as started:
        yield started


@pytest.fixture(scope="module")
def client(service: Running) -> httpx.Client:
    return service.client


@pytest.fixture(scope="module")
def session(built: Settings) -> ScoringSession:
    """What the service has to agree with."""
    return ScoringSession.open(built.model, embedded.DEFINITION)


@pytest.fixture(scope="module")
def table(built: Settings) -> pl.DataFrame:
    """Applications as they are sent."""
    return pl.read_parquet(built.applications).drop(embedded.TARGET)


@pytest.fixture(scope="session")
def challenger(built: Settings, small_settings: TrainingSettings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of another model of the built portfolio's applications."""
    folder: Path = tmp_path_factory.mktemp("challenger") / "model"
    digest, applications = FileRecord.of_file(built.applications).sha256, pl.read_parquet(built.applications)
    publish_model(applications, embedded.DEFINITION, folder, data_digest=digest, seed=12, settings=small_settings)
    return folder


@pytest.fixture
def place(built: Settings, challenger: Path, tmp_path: Path) -> Settings:
    """A copy of the built portfolio with the challenger in its inventory, called `next`."""
    place = copied(built, tmp_path)
    add_model(place, "next", challenger)
    return place


def copied(built: Settings, root: Path) -> Settings:
    """A copy of the built portfolio in `root`: what is published in the original is there for all other tests."""
    model = Path(shutil.copytree(built.model, root / "model"))
    return replace(built, model=model, processed=Path(shutil.copytree(built.processed, root / "processed")))


def add_model(settings: Settings, name: str, folder: Path, **said: Any) -> None:
    """Publish the model in `folder` in the inventory, with what it gives the applications as its scores."""
    session = ScoringSession.open(folder, embedded.DEFINITION)
    probabilities = session.score_frame(pl.read_parquet(settings.applications))
    scores = read_rows(settings, CHAMPION).with_columns(default_probability=probabilities)
    entry = ModelEntry(
        name=name,
        kind=ModelKind.LIGHTGBM,
        how=OUT_OF_FOLD,
        said="Made by a test.",
        data_sha256=applications_digest(settings),
        made_at=now(),
        **of_manifest(session.manifest),
    )
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    publish(settings, replace(entry, **said), files, scores, replaces=True)


def at(settings: Settings) -> dict[str, str]:
    """Settings that start a service with the portfolio at `settings`."""
    return {"MODEL": str(settings.model), "PROCESSED": str(settings.processed)}


@pytest.fixture(scope="session")
def check_problem() -> CheckProblem:
    """Asserts the one shape of everything that goes wrong, and what it has to say; returns the problem."""
    return _check_problem


def _check_problem(answer: httpx.Response, status: int, kind: str, *said: str) -> Mapping[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem.keys() - {"errors"} == {"type", "title", "status", "detail"}
    assert problem["status"] == status
    assert problem["type"] == f"urn:scoreroom:problem:{kind}"
    for words in said:
        assert words in problem["detail"]
    assert problem.get("errors") != []
    for fault in problem.get("errors", ()):
        assert fault.keys() <= {"field", "pointer", "row", "problem"}
        assert fault["problem"]
    return problem


@pytest.fixture(scope="session")
def written() -> Write:
    """Makes a body of a type out of a frame, by Polars' own writers."""
    return _written


def _written(frame: pl.DataFrame, media_type: str) -> bytes:
    out = io.BytesIO()
    writers: Mapping[str, Callable[[io.BytesIO], object]] = {
        "text/csv": frame.write_csv,
        "application/vnd.apache.parquet": frame.write_parquet,
        "application/vnd.apache.arrow.stream": frame.write_ipc_stream,
    }
    writers[media_type](out)
    return out.getvalue()


@pytest.fixture(scope="session")
def read() -> Read:
    """Reads the table in an answer of a type."""
    return _read


def _read(content: bytes, media_type: str) -> pl.DataFrame:
    readers: Mapping[str, Callable[[io.BytesIO], pl.DataFrame]] = {
        "text/csv": pl.read_csv,
        "application/vnd.apache.parquet": pl.read_parquet,
        "application/vnd.apache.arrow.stream": pl.read_ipc_stream,
    }
    return readers[media_type](io.BytesIO(content))

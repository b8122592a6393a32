"""Use each part of the product without network, and run its libraries without our configuration."""

from __future__ import annotations

import json
import re
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import polars as pl
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import InvalidStatus

from data.home_credit import embedded
from data.settings import ROOT
from scripts._visitor import Visitor, visiting
from scripts.benchmarks.server import HEALTH, dashboard_command, free_port, service_command
from scripts.offline.calls import Seen
from scripts.offline.seclusion import Traced, traced

# So few that building them takes seconds, and so many that a dropped file is longer than the part of it that Starlette
# keeps in memory.
ROWS = 2_500
_KEPT_BYTES = 1 << 20
# ONNX Runtime first asks for its collector nine seconds after it was loaded.
LEAST_SECONDS = 11.0
_PATIENCE_S = 60.0
_REPORTING = {
    "ORT_DISABLE_TELEMETRY": "0",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "true",
    "ARROW_TRACING_BACKEND": "otlp_http",
    "FASTAPI_OTEL_AUTO_CONFIGURE": "true",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.example:4318",
}
_TYPES = {".csv": "text/csv", ".parquet": "application/vnd.apache.parquet"}
_NAMED_IN_PAGE = re.compile(r"""(?:src|href)=["']([^"']+)["']""")


@dataclass(frozen=True, slots=True)
class Journey:
    """A part's task, its exit code, its output, and any side effects that were seen."""

    name: str
    did: str
    ended: int
    said: str
    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where journeys run: a folder for each under `root`, and the portfolio that the first one builds."""

    root: Path
    seconds: float = LEAST_SECONDS

    @property
    def built(self) -> Path:
        """The folder that the build writes to."""
        return self.root / "built"

    @property
    def environment(self) -> Mapping[str, str]:
        """The settings that a user gives, in an environment that asks libraries to report."""
        folders = {name: str(self.built / name.lower()) for name in ("RAW", "PROCESSED", "MODEL")}
        settings = {f"SCOREROOM_{name}": value for name, value in {**folders, "ROWS": str(ROWS)}.items()}
        return {**_REPORTING, **settings}


def run_journeys(place: Place) -> list[Journey]:
    """All journeys: the product's, and then `UNTAMED`. What does not need the portfolio runs beside its build."""
    with ThreadPoolExecutor() as pool:
        untamed = [pool.submit(journey, place) for journey in UNTAMED]
        first = build(place)
        others = [pool.submit(journey, place) for journey in (score, service, dashboard)]
        return [first, *(each.result() for each in (*others, *untamed))]


def build(place: Place) -> Journey:
    """Build the portfolio, the model, its predictions and contributions."""
    place.built.mkdir()
    command = [sys.executable, "-m", "scripts.build"]
    with traced(command, place.root / "build", writes=(place.built,), environment=place.environment) as started:
        return _journey(started, f"built a portfolio of {ROWS:,} applications and its model", started.wait())


def score(place: Place) -> Journey:
    """Score a zipped file of applications."""
    folder, out = place.root / "score", place.root / "scored"
    out.mkdir()
    source = place.root / "applications.zip"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("applications.csv", _applications(place).write_csv())
    command = [sys.executable, "-m", "scripts.score", "--in", str(source), "--out", str(out / "scores.parquet")]
    with traced(command, folder, writes=(out,), environment=place.environment) as started:
        ended = started.wait()
        n_scored = pl.read_parquet(out / "scores.parquet").height if not ended else 0
        return _journey(started, f"scored a zipped file of {n_scored:,} applications", ended)


def service(place: Place) -> Journey:
    """Ask every address of the service, and load its documentation with what the page names."""
    port = free_port()
    environment = {**place.environment, "SCOREROOM_API_DRAIN_SECONDS": "0"}
    body = (ROOT / "docs" / "application.json").read_bytes()
    table = _applications(place)
    with (
        traced(service_command(port), place.root / "service", environment=environment) as started,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=_PATIENCE_S, trust_env=False) as client,
    ):
        begun = time.monotonic()
        _wait_until(started, lambda: client.get("/health/ready").is_success)
        for path in ("/v1/model", "/metrics", "/openapi.json"):
            client.get(path).raise_for_status()
        json_type = {"content-type": "application/json"}
        client.post("/v1/score", content=body, headers=json_type).raise_for_status()
        _wait_until(started, lambda: client.post("/v1/explain", content=body, headers=json_type).is_success)
        for suffix, media_type in _TYPES.items():
            sent = _write(table, place.root / f"sent{suffix}").read_bytes()
            client.post("/v1/score/batch", content=sent, headers={"content-type": media_type}).raise_for_status()
        page = client.get("/docs").raise_for_status().text
        named = _NAMED_IN_PAGE.findall(page)
        for path in named:
            client.get(path).raise_for_status()
        _linger(begun, place.seconds)
        did = f"scored, explained, scored {table.height:,} as CSV and as Parquet, showed /docs with {len(named)} files"
        return _journey(started, did, started.stop())


def dashboard(place: Place) -> Journey:
    """Open every page, drop a file on the page that scores one, and provoke look-ups and a program."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with traced(dashboard_command(port), place.root / "dashboard", environment=place.environment) as started:
        begun = time.monotonic()
        _wait_until(started, lambda: httpx.get(f"{address}{HEALTH}", trust_env=False).is_success)
        for path in ("/", "/_stcore/host-config"):
            httpx.get(f"{address}{path}", timeout=_PATIENCE_S, trust_env=False).raise_for_status()
        with visiting(address) as visitor:
            visitor.run()
            for page in list(visitor.pages):
                visitor.run(page)
            dropped = _applications(place).write_csv().encode()
            assert len(dropped) > _KEPT_BYTES
            shown = visitor.drop("score-file", "dropped.csv", dropped)
            assert shown is not None
            assert shown.shows(f"{ROWS:,}"), "the dropped file was not scored"
            provoke(visitor)
            _linger(begun, place.seconds)
        did = f"opened {len(visitor.pages)} pages, dropped a file of {ROWS:,} applications"
        return _journey(started, f"{did}, came from a foreign origin, asked for git", started.stop())


def provoke(visitor: Visitor) -> None:
    """Ask as a foreign page, for which Streamlit looks up its own address, and for what it runs git for.

    Raises:
        AssertionError: the foreign page was let in.
    """
    try:
        with visiting(visitor.address, origin="http://evil.example"):
            raise AssertionError("a page of a foreign origin was let in")
    except InvalidStatus:
        pass
    visitor.send(BackMsg(load_git_info=True))
    # Messages are taken one after the other.
    visitor.run()


def untamed_runtime(place: Place) -> Journey:
    """ONNX Runtime, imported by itself."""
    program = f"import onnxruntime, time; time.sleep({LEAST_SECONDS})"
    with traced([sys.executable, "-c", program], place.root / "onnxruntime") as started:
        return _journey(started, "imported alone, without what Scoreroom sets", started.wait())


def untamed_streamlit(place: Place) -> Journey:
    """Streamlit, serving an app without Scoreroom's configuration."""
    port, folder = free_port(), place.root / "elsewhere"
    folder.mkdir()
    (folder / "app.py").write_text("import streamlit\n\nstreamlit.write('alone')\n", encoding="utf-8")
    options = ["--server.headless", "true", "--server.port", str(port)]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", *options]
    with traced(command, place.root / "streamlit", cwd=folder) as started:
        _wait_until(started, lambda: "URL" in started.said)
        with visiting(f"http://127.0.0.1:{port}") as visitor:
            visitor.run()
            provoke(visitor)
        return _journey(started, "served an app alone, without Scoreroom's configuration", started.stop())


UNTAMED: tuple[Callable[[Place], Journey], ...] = (untamed_runtime, untamed_streamlit)


def _journey(started: Traced, did: str, ended: int) -> Journey:
    return Journey(started.folder.name, did, ended, started.said, tuple(started.seen()))


def _applications(place: Place) -> pl.DataFrame:
    return pl.read_parquet(place.built / "processed" / "applications.parquet").drop(embedded.TARGET)


def _write(table: pl.DataFrame, path: Path) -> Path:
    if path.suffix == ".csv":
        table.write_csv(path)
    else:
        table.write_parquet(path)
    return path


def _wait_until(started: Traced, is_done: Callable[[], bool]) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until and started.is_running:
        try:
            if is_done():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"{started.folder.name} did not become ready; its output:\n{started.said[-2_000:]}")


def _linger(begun: float, seconds: float) -> None:
    time.sleep(max(0.0, begun + seconds - time.monotonic()))


def as_json(journeys: list[Journey]) -> str:
    """The journeys as JSON: by name the task, the exit code, the output, and side effects by kind."""
    by_name = {
        journey.name: {
            "did": journey.did,
            "ended": journey.ended,
            "said": journey.said,
            "seen": [[seen.kind, seen.name] for seen in journey.seen],
        }
        for journey in journeys
    }
    return json.dumps(by_name, indent=2)

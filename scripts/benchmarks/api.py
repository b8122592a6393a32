"""The scoring service under load: one process of it, and `wrk` in another that sends full applications.

The load is closed: each connection sends its next request once its last one is answered. So nothing waits in a queue
that nobody sees, and a latency is what that client waited; nothing is made up for requests that a stalled server was
not sent. The load tool shares the machine's cores with the service.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import polars as pl

from data.definition.at_hand import load_definition
from data.errors import ScoreroomError
from data.settings import Settings
from inference.model.session import ScoringSession
from scripts._measure import Say, silent
from scripts.benchmarks.server import Server, free_port, serve, service_command

TOOL = "wrk"
SCRIPT = Path(__file__).with_name("load.lua")
ROUTE, READY = "/v1/score", "/health/ready"
CONNECTIONS = (1, 8, 32, 64)
BODIES = 500
WARM_UP_S = 2
# One thread drives all connections: with two cores, a second one would take its time from the service.
THREADS = 1
# The goals, for two cores that the load tool shares.
GOAL_CONNECTIONS, LEAST_PER_S, MOST_P95_MS = 8, 1_500, 12
NO_ERRORS_UP_TO = 64
_SHARES = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}


class LoadToolError(ScoreroomError):
    """The load tool is missing or failed."""


class AnswerError(AssertionError):
    """An application that the service does not answer with the session's PD."""


@dataclass(frozen=True, slots=True)
class Bodies:
    """What is sent, one JSON text an application, and the PD that belongs to each."""

    texts: tuple[str, ...]
    probabilities: tuple[float, ...]

    @classmethod
    def read(cls, settings: Settings, count: int = BODIES) -> Bodies:
        """`count` applications from all over the table, all raw columns of each, null where missing."""
        definition = load_definition(settings)
        table = pl.scan_parquet(settings.applications).select(column.name for column in definition.inputs)
        height = table.select(pl.len()).collect().item()
        sample = table.gather_every(max(1, height // count)).head(count).collect()
        session = ScoringSession.open(settings.model, definition)
        # A date is sent as its text.
        rows = sample.with_columns(pl.selectors.date().cast(pl.String)).iter_rows(named=True)
        texts = tuple(json.dumps({"application": application}) for application in rows)
        return cls(texts, tuple(session.score(json.loads(text)["application"]) for text in texts))

    @property
    def mean_bytes(self) -> int:
        """Mean length of a body."""
        return round(sum(len(text.encode()) for text in self.texts) / len(self.texts))


@dataclass(frozen=True, slots=True)
class Load:
    """What clients saw: answers, what went wrong of any kind, seconds, and how many answers took so many microseconds.

    Wrong are connections that fail, answers with a status of 400 or more, and answers later than the tool's patience of
    two seconds. Requests that are under way when the time is over are in no count.
    """

    requests: int
    errors: int
    seconds: float
    latencies: Mapping[int, int]

    def figures(self) -> dict[str, object]:
        """Milliseconds at three percentiles, requests a second, requests and errors."""
        figures: dict[str, object] = {name: round(self._latency(share) / 1e3, 2) for name, share in _SHARES.items()}
        rate = round(self.requests / self.seconds, 1)
        return figures | {"requests_per_s": rate, "requests": self.requests, "errors": self.errors}

    @property
    def timed(self) -> int:
        """Answers whose time was taken: all but those beyond the tool's patience."""
        return sum(self.latencies.values())

    def _latency(self, share: float) -> int:
        """The least number of microseconds within which this share of the answers came; 0 where none came."""
        answers, within = sorted(self.latencies.items()), 0
        for latency, count in answers:
            within += count
            if within >= share * self.timed:
                return latency
        return 0


def measure_api(
    settings: Settings,
    *,
    seconds: float,
    connections: Sequence[int] = CONNECTIONS,
    workers: int = 1,
    say: Say = silent,
) -> dict[str, object]:
    """Latencies, throughput and errors under each number of connections, each for `seconds` after a warm-up.

    The tool counts whole seconds, so a part of one is rounded up. `server_us` is the processor time that the service
    took for a request (Linux only). With more than one of `workers`, the same figures of a service of so many processes
    follow under that name. Before and after the load, each body is answered with the PD of a session of the
    benchmark's own.

    Raises:
        LoadToolError: there is no wrk, or it failed.
        AnswerError: an answer is not the session's PD.
        ServerError: the service did not start.
    """
    say("applications to send")
    tool, bodies = tool_version(), Bodies.read(settings)
    sent = {"bodies": len(bodies.texts), "body_bytes": bodies.mean_bytes}
    figures: dict[str, object] = {"tool": tool, "processes": 1, **sent}
    figures |= asyncio.run(_measure(bodies, seconds, connections, 1, say))
    if workers > 1:
        say(f"the same with {workers} processes")
        more = asyncio.run(_measure(bodies, seconds, connections, workers, say))
        figures["several"] = {"processes": workers, **more}
    return figures


async def _measure(
    bodies: Bodies, seconds: float, connections: Sequence[int], workers: int, say: Say
) -> dict[str, object]:
    port = free_port()
    async with serve([*service_command(port), "--workers", str(workers)], port, health=READY) as server:
        return await asyncio.to_thread(_measure_server, server, bodies, seconds, connections, say)


def _measure_server(
    server: Server, bodies: Bodies, seconds: float, connections: Sequence[int], say: Say
) -> dict[str, object]:
    say("each answer beside the session's PD")
    check_answers(server.address, bodies)
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bodies.jsonl"
        path.write_text("\n".join(bodies.texts), encoding="utf-8")
        for n in connections:
            say(f"load over {n} connections, {seconds:g} s")
            figures[str(n)] = _measure_load(server, path, n, seconds)
    check_answers(server.address, bodies)
    return figures


def _measure_load(server: Server, bodies: Path, connections: int, seconds: float) -> dict[str, object]:
    url = f"{server.address}{ROUTE}"
    run_load(url, bodies, connections=connections, seconds=WARM_UP_S)
    before = processor_of_all_s(server.process.pid)
    load = run_load(url, bodies, connections=connections, seconds=seconds)
    after = processor_of_all_s(server.process.pid)
    if before is None or after is None or not load.requests:
        return load.figures()
    return load.figures() | {"server_us": round(1e6 * (after - before) / load.requests)}


def check_answers(address: str, bodies: Bodies) -> None:
    """Raise AnswerError where the service does not answer a body with its PD, to the last digit."""
    with httpx.Client(base_url=address, timeout=30, trust_env=False) as client:
        for position, (text, pd) in enumerate(zip(bodies.texts, bodies.probabilities, strict=True)):
            answer = client.post(ROUTE, content=text, headers={"Content-Type": "application/json"})
            if answer.status_code != httpx.codes.OK or answer.json().get("default_probability") != pd:
                raise AnswerError(
                    f"Body {position} is answered {answer.status_code} {answer.text[:300]}; its PD is {pd}"
                )


def find_tool() -> str:
    """The path of wrk.

    Raises:
        LoadToolError: it is not installed.
    """
    path = shutil.which(TOOL)
    if path is None:
        raise LoadToolError(
            f"No {TOOL} found on the path; install it with the system's package manager (apt-get install {TOOL}, "
            f"brew install {TOOL}) and run again."
        )
    return path


def tool_version() -> str:
    """Name and version of wrk.

    Raises:
        LoadToolError: it is not installed.
    """
    # It says its version, and then ends as if its arguments were wrong.
    shown = subprocess.run([find_tool(), "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    return shown.stdout.partition(" [")[0]


def run_load(url: str, bodies: Path, *, connections: int, seconds: float, threads: int = THREADS) -> Load:
    """Send the lines of `bodies` to `url` in turn, over `connections` shared out over the tool's `threads`.

    Raises:
        LoadToolError: there is no wrk, or it failed.
    """
    options = {"threads": threads, "connections": connections, "duration": math.ceil(seconds), "script": SCRIPT}
    command = [find_tool(), *(f"--{name}={value}" for name, value in options.items()), url, "--", str(bodies)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    last_line = ended.stdout.rstrip().rpartition("\n")[2]
    if ended.returncode or not last_line.startswith("{"):
        output = (ended.stderr or ended.stdout).strip()[-500:]
        raise LoadToolError(
            f"{TOOL} ended with code {ended.returncode} and without figures ({output}); fix that and run again."
        )
    return read_load(last_line, connections)


def read_load(line: str, connections: int) -> Load:
    """A run out of the line that load.lua writes at its end.

    Raises:
        LoadToolError: its latencies are not those of its answers.
    """
    summary = json.loads(line)
    requests, duration, errors = summary["requests"], summary["duration_us"], summary["errors"]
    rounds = requests // connections
    latencies = as_seen(dict(summary["latencies_us"]), duration // rounds if rounds else duration)
    load = Load(requests, sum(errors.values()), duration / 1e6, latencies)
    if load.timed != requests - errors["timeout"]:
        raise LoadToolError(
            f"{TOOL} timed {load.timed:,} answers of {requests:,}, so its latencies cannot be read; use version "
            "4.1 or 4.2."
        )
    return load


def as_seen(counts: Mapping[int, int], interval: int) -> dict[int, int]:
    """How many answers took each number of microseconds, without what wrk adds to that.

    Before it reports, wrk takes it that each connection meant to send a request every `interval` (its mean time between
    two): an answer after t counts again at t - interval, t - 2 interval and so on above one interval (stats_correct in
    its src/stats.c). No client of a closed load meant to, so these are taken out again, from the slowest answer down.
    Both are whole microseconds.
    """
    seen: dict[int, int] = {}
    slower: Counter[int] = Counter()
    for latency in sorted(counts, reverse=True):
        added = slower[latency % interval] if latency > interval else 0
        if counts[latency] > added:
            seen[latency] = counts[latency] - added
            slower[latency % interval] += seen[latency]
    return seen


def processor_of_all_s(process: int) -> float | None:
    """`processor_s` of a process and of all that it started and that still run."""
    own, children = processor_s(process), Path(f"/proc/{process}/task/{process}/children")
    if own is None or not children.exists():
        return own
    return own + sum(processor_of_all_s(int(each)) or 0 for each in children.read_text(encoding="ascii").split())


def processor_s(process: int) -> float | None:
    """Seconds of processor time that a process has taken, to 0.01; None where the system keeps no /proc."""
    path = Path(f"/proc/{process}/stat")
    if not path.exists():
        return None
    # The name, in brackets, may hold spaces; user and system time are the 12th and 13th field after it (proc(5)).
    fields = path.read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

"""The scoring service under hostile requests: never a fault, never a wrong PD, healthy afterwards."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import polars as pl

from data.files.spreadsheets import csv_of
from data.home_credit import embedded
from data.settings import Settings
from inference.model.session import ScoringSession
from scripts._measure import held_mb
from scripts.benchmarks.server import Server, free_port, service_command, serving
from tests.hostile.faults import faults
from tests.hostile.shapes import Bodies, Maker, ask, statuses

# What docs/service.md names, the interim answer, and what Uvicorn says to what is no HTTP.
DOCUMENTED = frozenset({100, 200, 304, 400, 401, 403, 404, 405, 408, 413, 415, 421, 422, 429, 503})
LEAKS = (b"Traceback", b'File "/', b"site-packages")
CONTROL_EACH = 50


@dataclass
class Outcome:
    """What an attack came to; `problems` is empty where all that is promised held."""

    requests: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    controls: int = 0
    problems: list[str] = field(default_factory=list)
    memory_mb: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The outcome as JSON has it."""
        return {
            "requests": self.requests,
            "controls": self.controls,
            "answers": dict(sorted(self.answers.items())),
            "memory_mb": {name: round(value) for name, value in self.memory_mb.items()},
            "problems": self.problems[:20],
            "n_problems": len(self.problems),
        }

    def close(self, server: Server) -> None:
        """Look at the server once more when the attack is over."""
        if not server.is_healthy():
            self.problems.append("the server is not healthy afterwards")
        pid = server.process.pid
        self.memory_mb |= {"after": held_mb(pid), "peak": held_mb(pid, "VmHWM")}
        self.problems += [f"log: {line[:300]}" for line in faults(server.log)]


def bodies_of(settings: Settings, n_rows: int = 20) -> Bodies:
    """Valid bodies of every type, out of the built portfolio."""
    table = pl.read_parquet(settings.applications, n_rows=n_rows).drop(embedded.TARGET)
    rows = [{name: value for name, value in row.items() if value is not None} for row in table.to_dicts()]
    stream = table.write_ipc_stream(None, compat_level=pl.CompatLevel.oldest()).getvalue()
    return Bodies(
        [{"application": row} for row in rows[:10]] + [{"applications": rows[:5]}],
        {
            "text/csv": csv_of(table),
            "application/vnd.apache.arrow.stream": stream,
            "application/vnd.apache.parquet": _parquet(table),
        },
    )


def _parquet(table: pl.DataFrame) -> bytes:
    import io

    out = io.BytesIO()
    table.write_parquet(out)
    return out.getvalue()


class Control:
    """One application, asked for again and again: its PD is to be bit for bit the session's own."""

    def __init__(self, settings: Settings, port: int, body: Mapping[str, Any]) -> None:
        self._address = f"http://127.0.0.1:{port}/v1/score"
        self._body = json.dumps(body)
        row = {name: value for name, value in body["application"].items() if name != embedded.ID}
        self._wanted = float(ScoringSession.open(settings.model, embedded.DEFINITION).score(row))

    def check(self, outcome: Outcome) -> None:
        """Ask once; a full house may refuse, nothing else may differ."""
        outcome.controls += 1
        headers = {"Content-Type": "application/json"}
        answer = httpx.post(self._address, content=self._body, headers=headers, timeout=60, trust_env=False)
        if answer.status_code == 503:
            outcome.answers["control 503"] += 1
        elif answer.status_code != 200 or answer.json()["default_probability"] != self._wanted:
            outcome.problems.append(f"control: {answer.status_code} {answer.text[:200]}, expected PD {self._wanted}")


def fuzz(server: Server, settings: Settings, *, requests: int, seed: int, say: Callable[[str], None]) -> Outcome:
    """Send `requests` hostile requests to a running service."""
    bodies, outcome = bodies_of(settings), Outcome(memory_mb={"before": held_mb(server.process.pid)})
    control = Control(settings, server.port, bodies.objects[0])
    control.check(outcome)
    for at, shape in enumerate(Maker(seed, bodies)):
        if at == requests:
            break
        judge(outcome, shape.kind, _asked(server, shape, outcome), DOCUMENTED)
        if at % CONTROL_EACH == CONTROL_EACH - 1:
            control.check(outcome)
            say(f"service {at + 1:,}/{requests:,}, {len(outcome.problems)} problems")
    control.check(outcome)
    outcome.close(server)
    return outcome


def _asked(server: Server, shape: Any, outcome: Outcome) -> bytes:
    try:
        return ask(server.port, shape)
    except OSError as error:
        outcome.problems.append(f"{shape.kind}: {type(error).__name__} {error} to {shape.content[:200]!r}")
        return b""


def judge(outcome: Outcome, kind: str, answer: bytes, documented: frozenset[int]) -> None:
    """Count an answer, and note what it should not have been."""
    outcome.requests += 1
    found = statuses(answer)
    outcome.answers.update([str(status) for status in found] or ["hung up"])
    outcome.problems += [f"{kind}: status {status}: {answer[:300]!r}" for status in found if status not in documented]
    outcome.problems += [f"{kind}: {leak!r} in {answer[:300]!r}" for leak in LEAKS if leak in answer]


def run(settings: Settings, folder: Path, *, requests: int, seed: int, say: Callable[[str], None]) -> Outcome:
    """Start a service, attack it, and end it."""
    port = free_port()
    with serving(service_command(port), port, "/health/ready", folder / "service.log") as server:
        return fuzz(server, settings, requests=requests, seed=seed, say=say)

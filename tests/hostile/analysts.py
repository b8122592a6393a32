"""Analysts at work: each walks the pages and changes filters over a websocket, while whatever else goes on goes on."""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from websockets.exceptions import WebSocketException

from data.home_credit import embedded
from data.settings import Settings
from scripts._measure import held_mb
from scripts._visitor import visiting
from scripts.benchmarks.server import HEALTH, Server, dashboard_command, free_port, service_command, serving
from tests.hostile import dashboard_fuzz, service_fuzz

PAGES = (
    "",
    "discrimination",
    "calibration",
    "cutoff",
    "segments",
    "stability",
    "explanation",
    "applications",
    "applicant",
    "score-file",
    "model-card",
)
# Between two clicks of somebody who reads what is on the screen.
READING_S = (1.0, 5.0)
# A batch of attacks between two looks at the clock.
_BATCH = 140


@dataclass
class Walk:
    """What the analysts' runs came to; times in seconds."""

    runs: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def to_json(self) -> dict[str, Any]:
        """Counts, and the median, 95th percentile and worst time of a run."""
        ordered = sorted(self.runs)
        return {
            "runs": len(ordered),
            "errors": len(self.errors),
            "first_errors": self.errors[:10],
            "median_s": round(statistics.median(ordered), 3) if ordered else None,
            "p95_s": round(ordered[int(0.95 * (len(ordered) - 1))], 3) if ordered else None,
            "worst_s": round(ordered[-1], 3) if ordered else None,
        }


def walk(address: str, until: float, seed: int, walked: Walk, ids: list[int]) -> None:
    """One analyst until the clock says `until`: pages at random, filters, cutoffs, applicants."""
    source = random.Random(seed)
    try:
        with visiting(address) as visitor:
            while time.monotonic() < until:
                query = {"cutoff": f"{source.uniform(3, 20):.2f}", "applicant": str(source.choice(ids))}
                if source.random() < 0.6:
                    column = source.choice([each for each in embedded.COLUMNS if each.name in _FILTERED])
                    query[f"f.{column.name}"] = source.choice(column.levels)
                    query["against"] = source.choice(("~rest", "~whole"))
                screen = visitor.run(source.choice(PAGES), query)
                with walked.lock:
                    walked.runs.append(screen.seconds)
                    walked.errors += screen.exceptions
                time.sleep(min(source.uniform(*READING_S), max(until - time.monotonic(), 0)))
    except (OSError, WebSocketException) as error:
        with walked.lock:
            walked.errors.append(f"{type(error).__name__}: {str(error)[:200]}")


_FILTERED = ("NAME_INCOME_TYPE", "NAME_EDUCATION_TYPE", "CODE_GENDER", "NAME_CONTRACT_TYPE")


def work(server: Server, settings: Settings, *, analysts: int, seconds: float, seed: int) -> Walk:
    """Let `analysts` walk for so many seconds; they come one after the other within the first."""
    ids = pl.read_parquet(settings.applications, columns=[embedded.ID], n_rows=500)[embedded.ID].to_list()
    walked, until = Walk(), time.monotonic() + seconds
    threads = [
        threading.Thread(target=walk, args=(server.address, until, seed + at, walked, ids)) for at in range(analysts)
    ]
    for thread in threads:
        thread.start()
        time.sleep(1 / analysts)
    for thread in threads:
        thread.join()
    return walked


def run(
    settings: Settings, folder: Path, *, minutes: float, seed: int, say: Callable[[str], None], analysts: int = 10
) -> dict[str, Any]:
    """Ten analysts on a dashboard, and beside them hostile requests to it and to a service, until the time is over."""
    ports = free_port(), free_port()
    attacked = service_fuzz.Outcome()
    with (
        serving(dashboard_command(ports[0]), ports[0], HEALTH, folder / "analysts.log") as dashboard,
        serving(service_command(ports[1]), ports[1], "/health/ready", folder / "analysts-service.log") as service,
    ):
        figures = dashboard_fuzz.Figures(dashboard.address)
        pid = dashboard.process.pid
        before = held_mb(pid)
        until = time.monotonic() + 60 * minutes

        def attack() -> None:
            at = seed
            while time.monotonic() < until - 20:
                for server, fuzzed in ((service, service_fuzz.fuzz), (dashboard, dashboard_fuzz.fuzz)):
                    found = fuzzed(server, settings, requests=_BATCH, seed=at, say=lambda _: None)
                    attacked.requests += found.requests
                    attacked.problems += found.problems
                at += 1
                say(
                    f"analysts: {max(until - time.monotonic(), 0) / 60:.1f} minutes left, "
                    f"{attacked.requests:,} attacks, {len(attacked.problems)} problems"
                )

        attacker = threading.Thread(target=attack)
        attacker.start()
        walked = work(dashboard, settings, analysts=analysts, seconds=60 * minutes, seed=seed)
        attacker.join()
        figures.check(attacked)
        attacked.close(dashboard)
        memory = {"before": before, "peak": held_mb(pid, "VmHWM"), "after": held_mb(pid)}
    problems = sorted(set(attacked.problems))
    return {
        "analysts": analysts,
        "minutes": minutes,
        **walked.to_json(),
        "attacks": attacked.requests,
        "problems": problems[:20],
        "n_problems": len(problems) + len(walked.errors),
        "memory_mb": {name: round(value) for name, value in memory.items()},
    }

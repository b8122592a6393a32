"""Seconds from the start of a process to its first healthy answer, for the scoring service and the dashboard."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Callable, Mapping, Sequence

from scripts._measure import Say, silent
from scripts.benchmarks.server import dashboard_command, free_port, serve, service_command

STARTS = 5


def measure_start(*, starts: int = STARTS, say: Say = silent) -> Mapping[str, object]:
    """Median seconds over `starts` starts of each, in turn, after one start not counted.

    That one has the operating system read the files; everything that servers need is built already.

    Raises:
        ServerError: a server ended, or did not answer within two minutes.
    """
    return asyncio.run(_measure(starts, say))


_SERVERS: Mapping[str, tuple[Callable[[int], Sequence[str]], str]] = {
    "service_s": (service_command, "/health/ready"),
    "dashboard_s": (dashboard_command, "/_stcore/health"),
}


async def _measure(starts: int, say: Say) -> Mapping[str, object]:
    taken: dict[str, list[float]] = {name: [] for name in _SERVERS}
    for turn in range(starts + 1):
        say(f"start {turn} of {starts}" if turn else "a start that is not counted")
        for name, (command, health) in _SERVERS.items():
            seconds = await _healthy_s(command, health)
            taken[name] += [seconds] if turn else []
    return {name: round(statistics.median(times), 2) for name, times in taken.items()} | {"starts": starts}


async def _healthy_s(command: Callable[[int], Sequence[str]], health: str) -> float:
    port = free_port()
    async with serve(command(port), port, health) as server:
        return server.healthy_s

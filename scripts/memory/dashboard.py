"""What the dashboard holds with so many analysts at work: their visits walk all pages, filter, and drop files."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

import polars as pl

from data.schema import TARGET
from data.settings import load_settings
from scripts._measure import Say
from scripts.benchmarks.server import dashboard_command, free_port, serve
from scripts.memory.visit import Visit, visiting
from scripts.memory.watch import descriptors, rss_mb, weighed

# So many of the visits have a file of so many rows dropped.
_EVERY, _ROWS = 5, 10_000
_REST_S = 10.0
# No more at once than so many: what is measured is memory, and not how long they wait for one another.
_AT_WORK = 5


async def study_dashboard(numbers: Sequence[int], say: Say) -> list[str]:
    """Lines of a Markdown table, one for each number of visits, all on one and the same dashboard."""
    file = pl.read_parquet(load_settings().applications).drop(TARGET).head(_ROWS).write_csv().encode()
    lines = ["| visits | files | before, MB | peak | at rest | descriptors | errors |", "|---|---|---|---|---|---|---|"]
    port = free_port()
    async with serve(dashboard_command(port), port) as server, AsyncExitStack() as stack:
        pid = server.process.pid
        # What the first page loads, and what is loaded behind it, is no visit's own.
        async with visiting(server.address) as first:
            await _walk(first, 0)
        await asyncio.sleep(_REST_S)
        visits: list[Visit] = []
        n_files = 0
        for number in sorted(numbers):
            say(f"{number} visits")
            gate = asyncio.Semaphore(_AT_WORK)
            with weighed(pid, _REST_S) as weight:
                new = [await stack.enter_async_context(visiting(server.address)) for _ in range(number - len(visits))]
                dropped = await asyncio.gather(
                    *(_work(visit, gate, len(visits) + place, file) for place, visit in enumerate(new))
                )
            visits += new
            n_files += sum(dropped)
            errors = sum(len(visit.errors) for visit in visits)
            lines.append(f"| {number} | {n_files} | {weight.row()} | {descriptors(pid)} | {errors} |")
            print(lines[-1], flush=True)
        await stack.aclose()
        await asyncio.sleep(_REST_S)
        print(f"all gone: {rss_mb(pid):,.0f} MB, {descriptors(pid)} descriptors", flush=True)
    return lines


async def _work(visit: Visit, gate: asyncio.Semaphore, number: int, file: bytes) -> int:
    async with gate:
        await _walk(visit, number)
        if number % _EVERY:
            return 0
        await visit.run("score-file")
        return int(await visit.drop("new.csv", file) < 300)


async def _walk(visit: Visit, number: int) -> None:
    """All pages, at a cutoff and with filters of the visit's own."""
    query = f"cutoff={5 + number / 10:.1f}&f.AMT_CREDIT={100_000 + 1_000 * number}..1000000"
    for page in list(visit.pages):
        await visit.run(page, query)

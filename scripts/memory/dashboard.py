"""What the dashboard holds with so many analysts at work: their visits walk all pages, filter, and drop files."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import polars as pl

from data.home_credit.embedded import TARGET
from data.settings import load_settings
from scripts._measure import Say, held_mb
from scripts._visitor import Visitor, visiting
from scripts.benchmarks.server import dashboard_command, free_port, serving
from scripts.memory.watch import descriptors, weighed

# So many of the visits have a file of so many rows dropped.
_EVERY, _ROWS = 5, 10_000
_REST_S = 10.0
# No more at once than so many: what is measured is memory, and not how long they wait for one another.
_AT_WORK = 5


def study_dashboard(numbers: Sequence[int], say: Say) -> list[str]:
    """Lines of a Markdown table, one for each number of visits, all on one and the same dashboard."""
    file = pl.read_parquet(load_settings().applications).drop(TARGET).head(_ROWS).write_csv().encode()
    lines = ["| visits | files | before, MB | peak | at rest | descriptors | errors |", "|---|---|---|---|---|---|---|"]
    port = free_port()
    with serving(dashboard_command(port), port) as server, ThreadPoolExecutor(_AT_WORK) as pool:
        pid = server.process.pid
        # What the first page loads, and what is loaded behind it, is no visit's own.
        with visiting(server.address) as first:
            _walk(first, 0)
        time.sleep(_REST_S)
        n_visits = n_files = n_errors = 0
        with ExitStack() as stack:
            for number in sorted(numbers):
                say(f"{number} visits")
                places = range(n_visits, number)
                with weighed(pid, _REST_S) as weight:
                    new = [stack.enter_context(visiting(server.address)) for _ in places]
                    done = list(pool.map(_work, new, places, [file] * len(new)))
                n_visits += len(new)
                n_files += sum(is_taken for is_taken, _ in done)
                n_errors += sum(errors for _, errors in done)
                lines.append(f"| {number} | {n_files} | {weight.row()} | {descriptors(pid)} | {n_errors} |")
                print(lines[-1], flush=True)
        time.sleep(_REST_S)
        print(f"all gone: {held_mb(pid):,.0f} MB, {descriptors(pid)} descriptors", flush=True)
    return lines


def _work(visitor: Visitor, number: int, file: bytes) -> tuple[bool, int]:
    """Walk, and drop a file where it is this one's turn: whether it was taken, and the exceptions that were shown."""
    errors = _walk(visitor, number)
    if number % _EVERY:
        return False, errors
    shown = [visitor.run("score-file"), visitor.drop("score-file", "new.csv", file)]
    return shown[1] is not None, errors + sum(len(screen.exceptions) for screen in shown if screen is not None)


def _walk(visitor: Visitor, number: int) -> int:
    """All pages, at a cutoff and with filters of the visit's own; the exceptions that were shown."""
    query = f"cutoff={5 + number / 10:.1f}&f.AMT_CREDIT={100_000 + 1_000 * number}..1000000"
    first = len(visitor.run().exceptions)
    return first + sum(len(visitor.run(page, query).exceptions) for page in list(visitor.pages))

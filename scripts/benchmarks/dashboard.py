"""Click-to-painted time of the dashboard in a real browser, beside a floor app; its start, memory, and many readers.

Browser and servers share the machine: the figures are what one machine needs for both ends, and with five readers at
once the five browsers are most of the load. docs/performance.md says how a screen is timed.
"""

from __future__ import annotations

import asyncio
import math
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from playwright.async_api import Browser
from playwright.async_api import Error as PlaywrightError

from data.predictions.table import ID, OUTCOME, PROBABILITY
from data.settings import Settings
from scripts._measure import Say, percentiles, silent
from scripts.benchmarks.browser import ScreenError, Timing, Visit, open_browser, visit
from scripts.benchmarks.drag import measure_drag
from scripts.benchmarks.expected import Portfolio
from scripts.benchmarks.first_page import measure_first_page
from scripts.benchmarks.interactions import FILTERED_BY, INTERACTIONS, Interaction, Steps, first_screen, floor
from scripts.benchmarks.scaled import scaled
from scripts.benchmarks.server import (
    RunLog,
    Server,
    dashboard_command,
    floor_command,
    free_port,
    observed_command,
    serve,
)
from scripts.benchmarks.two_models import NO_SECOND_MODEL, of_two_models

Figures = dict[str, object]
Samples = list[Timing]
STARTS = 3
WARM_UP = 3
# What a reader at a shared server does between two clicks; the other four go on meanwhile.
THINK_MS = 250
# Readers who go on for some time, and how often the server is weighed meanwhile.
CROWD, _WEIGHED = 20, 10
_SEED = 5
# The patience with a table of millions of rows on a busy machine.
_LOAD_MS = 300_000


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure: `interactions` is how many the server's memory is followed over, `crowd_s` the seconds that
    CROWD readers go on, `rows` the larger portfolio's size; 0 leaves a part out."""

    runs: int = 30
    interactions: int = 1_000
    readers: int = 5
    rows: int = 0
    crowd_s: int = 300


def measure_dashboard(settings: Settings, options: Options, say: Say = silent) -> Figures:
    """All figures of the section, milliseconds and seconds as the names say.

    Raises:
        BrowserError: there is no Chromium.
        ScreenError: a timed screen did not show the number that belongs to it.
    """
    return asyncio.run(_measure(settings, options, say))


async def _measure(settings: Settings, options: Options, say: Say) -> Figures:
    portfolio = Portfolio.read(settings.predictions)
    async with open_browser() as browser:
        say("starts until the first page is painted")
        figures = await _measure_starts(browser, portfolio)
        say("first pages, with and without what the browser keeps")
        figures["first_page"] = await measure_first_page(browser, portfolio)
        second = of_two_models(settings, portfolio)
        if not second:
            say(NO_SECOND_MODEL)
        timed = {**INTERACTIONS, **second}
        floor_samples, samples = await _measure_interactions(browser, portfolio, timed, options.runs, say)
        figures = described(floor_samples, samples) | figures | {"rows": portfolio.height}
        figures |= {"drag": await _measure_drag(browser, portfolio, say)}
        figures |= await _measure_server(browser, portfolio, options, say)
        if options.rows:
            figures |= await _measure_scaled(browser, portfolio, options, say)
        return figures | {"browser": browser.version}


async def _measure_starts(browser: Browser, portfolio: Portfolio) -> Figures:
    healthy, painted = [], []
    for _ in range(STARTS):
        port = free_port()
        async with serve(dashboard_command(port), port) as server, visit(browser) as reader:
            await reader.open(server.address, *first_screen(portfolio))
            painted.append(time.monotonic() - server.started - reader.linger_ms / 1e3)
            healthy.append(server.healthy_s)
    seconds = {"cold_start_s": painted[0], "second_start_s": statistics.median(painted[1:]), "healthy_s": max(healthy)}
    return {name: round(value, 2) for name, value in seconds.items()}


async def _measure_interactions(
    browser: Browser, portfolio: Portfolio, timed: Mapping[str, Interaction], runs: int, say: Say
) -> tuple[Samples, dict[str, Samples]]:
    """Each interaction `runs` times, in turn with the floor app's, so that a drifting machine is fair to both."""
    floor_samples: Samples = []
    found: dict[str, Samples] = {name: [] for name in timed}
    floor_port = free_port()
    async with serve(floor_command(floor_port), floor_port) as low, observed() as (server, log):
        for name, samples in found.items():
            say(f"interaction {name}")
            async with visit(browser) as below, visit(browser, log) as reader:
                steps = timed[name](reader, server.address, portfolio)
                await in_turn(runs, (floor(below, low.address), floor_samples), (steps, samples))
                check(reader)
    return floor_samples, found


async def _measure_drag(browser: Browser, portfolio: Portfolio, say: Say) -> Figures:
    say("the cutoff dragged")
    port = free_port()
    async with serve(dashboard_command(port), port) as server, visit(browser) as reader:
        figures = await measure_drag(reader, server.address, portfolio)
        check(reader)
    return dict(figures)


@asynccontextmanager
async def observed(*arguments: str) -> AsyncIterator[tuple[Server, RunLog]]:
    """The dashboard with its script runs timed."""
    with tempfile.TemporaryDirectory() as folder:
        log, port = RunLog(Path(folder) / "runs.txt"), free_port()
        async with serve(observed_command("times", log.path, port, arguments), port) as server:
            yield server, log


async def in_turn(runs: int, *contenders: tuple[Steps, Samples]) -> None:
    """One step of each contender after the other, `runs` times after some that are not counted."""
    async with AsyncExitStack() as stack:
        for steps, _ in contenders:
            await stack.enter_async_context(aclosing(steps))
        for turn in range(WARM_UP + runs):
            for steps, samples in contenders:
                timing = await anext(steps)
                if turn >= WARM_UP:
                    samples.append(timing)


def check(reader: Visit) -> None:
    if reader.problems:
        raise ScreenError(f"{reader.page.url} reported: {'; '.join(reader.problems[:3])}")


def described(floor_samples: Samples, samples: Mapping[str, Samples]) -> Figures:
    return {
        "floor_ms": percentiles([timing.painted for timing in floor_samples]),
        "interactions": {name: _painted(found) for name, found in samples.items()},
        "server_ms": {name: percentiles(_script_ms(found)) for name, found in samples.items()},
        "parts_ms": {"floor": _parts(floor_samples)} | {name: _parts(found) for name, found in samples.items()},
    }


def _painted(samples: Samples) -> Figures:
    times = [timing.painted for timing in samples]
    return {**percentiles(times), "n": len(times)}


def _script_ms(samples: Samples) -> list[float]:
    return [timing.script for timing in samples if timing.script is not None]


def _parts(samples: Samples) -> Figures:
    """Medians of the moments on the way to painted; how often a chart was drawn still later, and when the last was."""
    names = ("sent", "changed", "received", "settled", "painted")
    found = {name: [value for timing in samples if (value := getattr(timing, name)) is not None] for name in names}
    medians: Figures = {name: round(statistics.median(values), 1) for name, values in found.items() if values}
    late = [timing.charts for timing in samples if timing.charts and timing.charts > timing.painted]
    drawn = percentiles([max(timing.painted, timing.charts or 0) for timing in samples])
    return medians | {"late": len(late), "drawn_p95": drawn["p95"]}


async def _measure_server(browser: Browser, portfolio: Portfolio, options: Options, say: Say) -> Figures:
    """Memory after loading and after many interactions, and the times of several readers at once."""
    port = free_port()
    figures: Figures = {}
    async with serve(dashboard_command(port), port) as server:
        if options.interactions:
            say(f"memory over {options.interactions:,} interactions")
            figures |= await _measure_memory(browser, portfolio, server, options.interactions)
        concurrent: dict[str, Figures] = {}
        if options.readers:
            say(f"{options.readers} readers at once")
            concurrent[str(options.readers)] = await _measure_readers(browser, portfolio, server, options)
        if options.crowd_s:
            say(f"{CROWD} readers for {options.crowd_s} s")
            concurrent[str(CROWD)] = await _measure_crowd(browser, portfolio, server, options.crowd_s)
    return figures | ({"concurrent": concurrent} if concurrent else {})


async def _measure_memory(browser: Browser, portfolio: Portfolio, server: Server, interactions: int) -> Figures:
    async with _readers(browser, portfolio, server, list(INTERACTIONS), linger_ms=0) as series:
        for steps in series:
            await anext(steps)
        weights = [server.rss_mb()]
        for turn in range(interactions):
            await anext(series[turn % len(series)])
            if (turn + 1) % max(1, interactions // 4) == 0:
                weights.append(server.rss_mb())
    megabytes = [round(weight) for weight in weights]
    return {
        "rss_mb": megabytes[0],
        "rss_after_1000_mb": megabytes[-1],
        "memory": {"interactions": interactions, "rss_mb": megabytes},
    }


async def _measure_readers(browser: Browser, portfolio: Portfolio, server: Server, options: Options) -> Figures:
    async with _readers(browser, portfolio, server, _names(options.readers), linger_ms=THINK_MS) as series:
        for steps in series:
            await anext(steps)
        return _counted(await asyncio.gather(*(_read(steps, options.runs) for steps in series)))


async def _measure_crowd(browser: Browser, portfolio: Portfolio, server: Server, seconds: int) -> Figures:
    """CROWD readers for so many seconds; `rss_mb` is the server's memory from their first screens to their last."""
    async with _readers(browser, portfolio, server, _names(CROWD), linger_ms=THINK_MS) as series:
        for steps in series:
            await anext(steps)
        until = time.monotonic() + seconds
        reading = asyncio.gather(*(_read(steps, until=until) for steps in series))
        found, weights = await asyncio.gather(reading, _weigh(server, seconds / _WEIGHED))
    return _counted(found) | {"seconds": seconds, "rss_mb": weights}


def _names(n_readers: int) -> list[str]:
    return [list(INTERACTIONS)[turn % len(INTERACTIONS)] for turn in range(n_readers)]


async def _weigh(server: Server, pause_s: float) -> list[int]:
    weights = [round(server.rss_mb())]
    for _ in range(_WEIGHED):
        await asyncio.sleep(pause_s)
        weights.append(round(server.rss_mb()))
    return weights


def _counted(found: Sequence[tuple[list[float], str]]) -> Figures:
    times = [time for read, _ in found for time in read]
    errors = [error for _, error in found if error]
    if not times:
        raise ScreenError(f"None of {len(found)} readers at once saw a right screen; the first: {errors[0]}")
    counted: Figures = {**percentiles(times), "errors": len(errors), "n": len(times), "think_ms": THINK_MS}
    return counted | ({"said": errors} if errors else {})


@asynccontextmanager
async def _readers(
    browser: Browser, portfolio: Portfolio, server: Server, names: Sequence[str], *, linger_ms: int
) -> AsyncIterator[list[Steps]]:
    """A visit of its own for each of the interactions `names`."""
    async with AsyncExitStack() as stack:
        series = []
        for name in names:
            reader = await stack.enter_async_context(visit(browser, linger_ms=linger_ms))
            steps = INTERACTIONS[name](reader, server.address, portfolio)
            series.append(await stack.enter_async_context(aclosing(steps)))
        yield series


async def _read(steps: Steps, runs: float = math.inf, until: float = math.inf) -> tuple[list[float], str]:
    """One reader's times and, where a screen was wrong, what was; that ends the reader's visit.

    A reader takes `runs` steps, or those that begin before the clock of time.monotonic says `until`.
    """
    times: list[float] = []
    try:
        while len(times) < runs and time.monotonic() < until:
            timing = await anext(steps)
            times.append(timing.painted)
    except (ScreenError, PlaywrightError) as error:
        return times, str(error)
    return times, ""


async def _measure_scaled(browser: Browser, portfolio: Portfolio, options: Options, say: Say) -> Figures:
    """The same interactions on more rows, in turn with the usual ones.

    The larger table is brought as somebody's own predictions are; those have no applicants to look up.
    """
    found: dict[str, tuple[Samples, Samples]] = {name: ([], []) for name in INTERACTIONS if name != "applicant"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scaled.parquet"
        scaled(portfolio.frame, options.rows, seed=_SEED).sink_parquet(path)
        # Only what screens are compared with: the rest is for the server to hold.
        large = Portfolio(pl.read_parquet(path, columns=[ID, OUTCOME, PROBABILITY, FILTERED_BY]))
        say(f"load {large.height:,} applications")
        async with observed() as (usual, usual_log), observed("--predictions", str(path)) as (server, log):
            few_s = await _first_page(browser, usual, portfolio)
            many_s = await _first_page(browser, server, large)
            figures: Figures = {"rows": large.height, "usual_load_s": few_s, "load_s": many_s}
            for name, (few, many) in found.items():
                say(f"interaction {name} over {large.height:,} applications")
                async with visit(browser, usual_log) as below, visit(browser, log, patience_ms=_LOAD_MS) as reader:
                    await in_turn(
                        options.runs,
                        (INTERACTIONS[name](below, usual.address, portfolio), few),
                        (INTERACTIONS[name](reader, server.address, large), many),
                    )
                    check(reader)
            figures |= {"rss_mb": round(server.rss_mb()), "peak_mb": round(server.peak_mb())}
    return {"scale10": figures | {"interactions": {name: _compared(*both) for name, both in found.items()}}}


async def _first_page(browser: Browser, server: Server, portfolio: Portfolio) -> float:
    """Seconds from the start of a server's process until its first page is painted."""
    async with visit(browser, patience_ms=_LOAD_MS) as reader:
        await reader.open(server.address, *first_screen(portfolio))
        return round(time.monotonic() - server.started - reader.linger_ms / 1e3, 2)


def _compared(few: Samples, many: Samples) -> Figures:
    ratio = _median(many) / _median(few)
    return _painted(many) | {"server_ms": percentiles(_script_ms(many)), "ratio": round(ratio, 2)}


def _median(samples: Samples) -> float:
    return statistics.median(timing.painted for timing in samples)

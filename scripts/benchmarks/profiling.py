"""Where the time of an interaction goes: which functions of the server's script, and which work of the browser."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import CDPSession

from data.settings import Settings
from scripts.benchmarks.browser import open_browser, visit
from scripts.benchmarks.expected import Portfolio
from scripts.benchmarks.interactions import INTERACTIONS, Steps
from scripts.benchmarks.observers import cost_table, flame_graph, noted
from scripts.benchmarks.server import free_port, observed_command, serve

WARM_UP = 3
# What Chromium adds up over a page's life, in seconds.
TASKS = {
    "ScriptDuration": "scripts",
    "LayoutDuration": "layout",
    "RecalcStyleDuration": "styles",
    "TaskDuration": "all tasks",
}


@dataclass(frozen=True, slots=True)
class BrowserProfile:
    """Milliseconds a step: of the page's main thread by kind of work, and of its scripts by file (own time)."""

    tasks_ms: Mapping[str, float]
    files_ms: Mapping[str, float]


def profile_server(settings: Settings, interaction: str, runs: int, top: int) -> str:
    """cProfile's table of the script runs that `runs` steps of `interaction` cause, the `top` costliest lines.

    Raises:
        BrowserError: there is no Chromium.
        ScreenError: a screen did not show the number that belongs to it.
    """
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_drive(settings, interaction, runs, how=("profile", Path(folder))))
        return cost_table(noted(Path(folder)), top)


def draw_server(settings: Settings, interaction: str, runs: int) -> str:
    """The flame graph (speedscope JSON) of the script runs that `runs` steps of `interaction` cause.

    Raises:
        BrowserError: there is no Chromium.
        ScreenError: a screen did not show the number that belongs to it.
    """
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_drive(settings, interaction, runs, how=("sample", Path(folder))))
        return flame_graph(noted(Path(folder)), f"Dashboard: script runs of {interaction}")


def profile_browser(settings: Settings, interaction: str, runs: int) -> BrowserProfile:
    """What the page's main thread does in a step of `interaction`, the mean of `runs`.

    Raises:
        BrowserError: there is no Chromium.
        ScreenError: a screen did not show the number that belongs to it.
    """
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_drive(settings, interaction, runs, how=("times", Path(folder) / "runs.txt")))


async def _drive(settings: Settings, interaction: str, runs: int, *, how: tuple[str, Path]) -> BrowserProfile:
    portfolio, port = Portfolio.read(settings.predictions), free_port()
    async with (
        open_browser() as browser,
        serve(observed_command(how[0], how[1], port), port) as server,
        visit(browser) as reader,
        aclosing(INTERACTIONS[interaction](reader, server.address, portfolio)) as steps,
    ):
        for _ in range(WARM_UP):
            await anext(steps)
        # Exclude the first page and the warm-up.
        for path in noted(how[1]):
            path.unlink()
        return await _watch(await reader.page.context.new_cdp_session(reader.page), steps, runs)


async def _watch(session: CDPSession, steps: Steps, runs: int) -> BrowserProfile:
    for command in ("Performance.enable", "Profiler.enable", "Profiler.start"):
        await session.send(command)
    before = await _tasks(session)
    for _ in range(runs):
        await anext(steps)
    after = await _tasks(session)
    profile = (await session.send("Profiler.stop"))["profile"]
    tasks = {name: 1e3 * (after[name] - before[name]) / runs for name in after}
    return BrowserProfile(tasks, {name: spent / runs for name, spent in _by_file(profile).most_common(12)})


async def _tasks(session: CDPSession) -> dict[str, float]:
    metrics = (await session.send("Performance.getMetrics"))["metrics"]
    return {TASKS[metric["name"]]: float(metric["value"]) for metric in metrics if metric["name"] in TASKS}


def _by_file(profile: Mapping[str, Any]) -> Counter[str]:
    """Milliseconds by script file, of a profile that Chromium took; idle time is left out."""
    names = {node["id"]: _file(node["callFrame"]) for node in profile["nodes"]}
    spent: Counter[str] = Counter()
    for node, microseconds in zip(profile["samples"], profile["timeDeltas"], strict=True):
        if names[node] != "(idle)":
            spent[names[node]] += microseconds / 1e3
    return spent


def _file(frame: Mapping[str, Any]) -> str:
    name = PurePosixPath(urlsplit(frame["url"]).path).name
    return name or frame["functionName"] or "(native)"

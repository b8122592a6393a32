"""From the navigation to the first page painted, in an empty and in a warm browser cache, beside the floor app's."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Mapping

from playwright.async_api import Browser, BrowserContext

from scripts.benchmarks.browser import Shown, Visit, visiting
from scripts.benchmarks.expected import Portfolio
from scripts.benchmarks.interactions import first_screen, floor_screen
from scripts.benchmarks.server import dashboard_command, floor_command, free_port, serve

# A server warms the other pages after the first one was written.
_SETTLED_S = 12.0
TURNS = 9


async def measure_first_page(browser: Browser, portfolio: Portfolio, turns: int = TURNS) -> Mapping[str, object]:
    """Median seconds over `turns`, in turn, with servers that have shown the page before.

    `floor_s` and `cold_s` are those of a new visitor; `warm_s` is the dashboard's, in another tab of the same visitor.

    Raises:
        ScreenError: a page did not show what belongs to it.
    """
    low_port, port = free_port(), free_port()
    async with serve(floor_command(low_port), low_port) as low, serve(dashboard_command(port), port) as server:
        found: dict[str, list[float]] = {"floor_s": [], "cold_s": [], "warm_s": []}
        for turn in range(turns + 1):
            times = [
                await _open(browser, low.address, floor_screen(), visits=1),
                await _open(browser, server.address, first_screen(portfolio), visits=2),
            ]
            if turn == 0:
                await asyncio.sleep(_SETTLED_S)
                continue
            for name, seconds in zip(found, [seconds for each in times for seconds in each], strict=True):
                found[name].append(seconds)
    return {name: round(statistics.median(values), 3) for name, values in found.items()} | {"turns": turns}


async def _open(browser: Browser, address: str, shown: tuple[Shown, ...], *, visits: int) -> list[float]:
    """Seconds of each of the first `visits` of one visitor, each in a tab of its own."""
    async with visiting(browser) as context:
        return [await _open_tab(context, address, shown) for _ in range(visits)]


async def _open_tab(context: BrowserContext, address: str, shown: tuple[Shown, ...]) -> float:
    page = await context.new_page()
    timing = await Visit(page).open(address, *shown)
    await page.close()
    return timing.painted / 1e3

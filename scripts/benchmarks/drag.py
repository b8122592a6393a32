"""The cutoff's slider dragged by a real mouse: frames in which the page follows, and what it shows at 20 positions.

What is shown is compared with figures worked out from the predictions alone, while the button is down and no server is
asked, and once more when it was released and the server has answered.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from playwright.async_api import CDPSession

from scripts.benchmarks.browser import ScreenError, Visit
from scripts.benchmarks.expected import GRID, Portfolio
from scripts.benchmarks.interactions import USUAL

POSITIONS = 20
LATE_MS = 50.0
_SECONDS = 4.0
# More often than a screen is drawn, so that each frame has a new place of the mouse.
_MOVE_S = 0.008
# Pixels of the slider that the mouse goes to and fro over, to the right of the usual cutoff, where rates change fast.
_REACH = 24
_SLIDER = '.st-key-bar-cutoff input[type="range"]'
_THUMB = f"""() => {{
    const thumb = document.querySelector('{_SLIDER}').closest('[style*="left"]').getBoundingClientRect();
    return [thumb.x + thumb.width / 2, thumb.y + thumb.height / 2];
}}"""
# In each frame: when, where the slider is, and which approval rate the page shows.
_RECORD = f"""() => {{
    const frames = [];
    const card = [...document.querySelectorAll('[data-testid="stMetric"]')].find((each) =>
        each.querySelector('[data-testid="stMetricLabel"]').innerText.trim() === "Approval rate");
    const look = (time) => {{
        const value = card.querySelector('[data-testid="stMetricValue"]');
        frames.push([time, Number(document.querySelector('{_SLIDER}').value), value.textContent.trim()]);
        recording = requestAnimationFrame(look);
    }};
    let recording = requestAnimationFrame(look);
    window.stopRecording = () => {{ cancelAnimationFrame(recording); return frames; }};
}}"""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame: milliseconds, the slider's position in percent, and the approval rate shown."""

    ms: float
    percent: float
    shown: str


async def measure_drag(visit: Visit, address: str, portfolio: Portfolio) -> Mapping[str, object]:
    """Drag the cutoff on its own page: `frames_per_s` in which the number followed, and `late` ones (over 50 ms).

    Beside them the longest frame, the table's size in kB (gzip), the seconds from the hand's coming near until it was
    there, and at how many positions all figures were compared.

    Raises:
        ScreenError: a position showed something else than the rows say, the server was asked, or the page showed
            something else once it had answered.
    """
    await visit.open(f"{address}/cutoff", *portfolio.decisions(USUAL))
    page = visit.page
    mouse = await page.context.new_cdp_session(page)
    x, y = await page.evaluate(_THUMB)
    async with page.expect_response(re.compile(r"/follow/[0-9a-f]{32}$")) as answer:
        await _move(mouse, x, y)
    table = await answer.value
    sizes = await table.request.sizes()
    timing = table.request.timing
    await mouse.send("Input.dispatchMouseEvent", _event("mousePressed", x, y))
    await _move(mouse, x + 1, y)
    url = page.url
    frames = await _drag(visit, mouse, x, y)
    positions = await _compare(visit, mouse, portfolio, (x, y))
    if page.url != url:
        raise ScreenError(f"{page.url}: the address changed from {url} while the button was down.")
    await mouse.send("Input.dispatchMouseEvent", _event("mouseReleased", x + _REACH, y))
    await _settled(visit, portfolio, positions[-1])
    _check(frames, portfolio)
    return described(frames) | {
        "positions": len(positions),
        "table_kb": round(sizes["responseBodySize"] / 1e3, 1),
        "table_s": round(timing["responseEnd"] / 1e3, 2),
    }


def _event(kind: str, x: float, y: float) -> dict[str, object]:
    return {"type": kind, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1}


async def _move(mouse: CDPSession, x: float, y: float) -> None:
    await mouse.send("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": x, "y": y, "buttons": 1, "button": "left"})


async def _drag(visit: Visit, mouse: CDPSession, x: float, y: float) -> list[Frame]:
    """Move to and fro for some seconds, as fast as a hand's mouse reports, and return the frames meanwhile."""
    await visit.page.evaluate(_RECORD)
    loop = asyncio.get_running_loop()
    start, sent = loop.time(), []
    for turn in itertools.count(1):
        place = turn % (2 * _REACH)
        # Not waited for: the mouse goes on while the page draws.
        sent.append(asyncio.ensure_future(_move(mouse, x + 1 + min(place, 2 * _REACH - place), y)))
        await asyncio.sleep(max(0.0, start + turn * _MOVE_S - loop.time()))
        if loop.time() - start > _SECONDS:
            break
    frames = [Frame(*each) for each in await visit.page.evaluate("() => window.stopRecording()")]
    await asyncio.gather(*sent)
    return frames


async def _compare(visit: Visit, mouse: CDPSession, portfolio: Portfolio, start: tuple[float, float]) -> list[int]:
    """Stop at so many places, and compare everything shown there; return the positions."""
    positions = []
    for place in range(_REACH - POSITIONS + 1, _REACH + 1):
        await _move(mouse, start[0] + place, start[1])
        # Two frames: one in which React draws the slider, and one to be sure.
        await visit.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        percent = float(await visit.page.locator(_SLIDER).input_value())
        position = round(percent * GRID / 100)
        for shown in portfolio.decisions(position):
            if not await visit.shows(shown):
                raise ScreenError(f"Dragged to {percent:g} %, the page does not show {shown}.")
        positions.append(position)
    if len(set(positions)) < POSITIONS:
        raise ScreenError(f"The slider stood at {len(set(positions))} positions only: {positions}")
    return positions


async def _settled(visit: Visit, portfolio: Portfolio, position: int) -> None:
    """Wait until the server has answered, whose figures and address are those of the position.

    Raises:
        ScreenError: they are not.
    """
    moves = visit.page.locator("html[data-cutoff-moves]")
    await moves.wait_for(state="detached", timeout=visit.patience_ms)
    if not re.search(rf"[?&]cutoff={100 * position / GRID:g}(&|$)", visit.page.url):
        raise ScreenError(f"{visit.page.url} should name the cutoff {100 * position / GRID:g}.")
    for shown in portfolio.decisions(position):
        if not await visit.shows(shown):
            raise ScreenError(f"Released at {100 * position / GRID:g} %, the page does not show {shown}.")


def _check(frames: Sequence[Frame], portfolio: Portfolio) -> None:
    """Raises ScreenError where a frame showed a number that is not of its position."""
    for frame in frames:
        ((_, _), (_, expected)) = portfolio.approval(round(frame.percent * GRID / 100)).parts
        if frame.shown != expected:
            raise ScreenError(f"A frame at {frame.percent:g} % showed {frame.shown}; it is {expected}.")


def described(frames: Sequence[Frame]) -> dict[str, object]:
    """Frames a second in which the number was another one than in the frame before; late frames, and the longest."""
    pairs = list(itertools.pairwise(frames))
    lengths = [after.ms - before.ms for before, after in pairs]
    followed = sum(before.percent != after.percent and before.shown != after.shown for before, after in pairs)
    return {
        "frames_per_s": round(1e3 * followed / sum(lengths), 1),
        "late": sum(length > LATE_MS for length in lengths),
        "frames": len(pairs),
        "mean_ms": round(statistics.mean(lengths), 1),
        "longest_ms": round(max(lengths), 1),
    }

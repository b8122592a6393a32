"""A headless Chromium in which clicks are timed until the screen that belongs to them is painted."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, async_playwright
from playwright.async_api import Error as PlaywrightError

from data.errors import ScoreroomError
from scripts.benchmarks.server import RunLog

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # What the others leave: Chromium asks for its updates and for help with forms.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)
CLOCK = Path(__file__).with_name("painted.js")
WINDOW = (1440, 900)
# How long a screen may take before it is called wrong; far beyond anything that is called slow.
PATIENCE_MS = 60_000
LINGER_MS = 150


class BrowserError(ScoreroomError):
    """No browser is installed to measure in."""


class ScreenError(AssertionError):
    """A timed screen did not show what belongs to it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Texts that stand together on the screen: a place (CSS) that holds, for each part, an element (CSS) with its text.

    The text is all that the element holds, or where it is `within` other words, set off from them by spaces.
    """

    where: str
    parts: tuple[tuple[str, str], ...]
    within: bool = False

    def __str__(self) -> str:
        return " ".join(repr(text) for _, text in self.parts)


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds from the click to: painted, message sent, last message received, new value shown, run over, and the
    last change inside a chart (None where there was none); `script` are those that the server's script ran, where it is
    observed.
    """

    painted: float
    sent: float | None
    received: float | None
    changed: float
    settled: float
    charts: float | None
    script: float | None = None

    @property
    def answered(self) -> float | None:
        """From the browser's message to the last one that the server sent back: the server and the way there."""
        return None if self.sent is None or self.received is None else self.received - self.sent


def metric(label: str, value: str) -> Shown:
    """A metric card with its value."""
    return Shown(
        '[data-testid="stMetric"]', (('[data-testid="stMetricLabel"]', label), ('[data-testid="stMetricValue"]', value))
    )


def find_chromium() -> str:
    """The path of a Chromium.

    Raises:
        BrowserError: no Chromium is on the path.
    """
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        raise BrowserError(
            f"No Chromium found (looked for {', '.join(NAMES)} on the path); install it with the system's package "
            "manager (apt-get install chromium, brew install chromium) and run again."
        )
    return path


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """A headless Chromium.

    Raises:
        BrowserError: no Chromium is on the path.
    """
    path = find_chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(QUIET))
        try:
            yield browser
        finally:
            await browser.close()


class Visit:
    """One reader's page, in a context of its own; `problems` collects what the page reports as errors.

    `log` is that of the server where it is observed, and serves no other visit meanwhile. `linger_ms` is the pause
    after each painted screen, in which charts that are drawn late are noticed, `patience_ms` how long a screen may take
    before it is called wrong.
    """

    def __init__(
        self, page: Page, log: RunLog | None = None, linger_ms: int = LINGER_MS, patience_ms: int = PATIENCE_MS
    ) -> None:
        self.page = page
        self.log = log
        self.linger_ms = linger_ms
        self.patience_ms = patience_ms
        self.problems: list[str] = []
        page.on("pageerror", lambda error: self.problems.append(str(error)))

    async def open(self, address: str, *expected: Shown) -> Timing:
        """Go to `address` and wait until `expected` is painted; times are from the start of the navigation.

        Raises:
            ScreenError: it never was.
        """
        await self.page.goto(address, wait_until="commit")
        return await self._wait("opened", [_plain(expected), self.linger_ms], expected)

    async def time(self, event: str, act: Callable[[], Awaitable[object]], *expected: Shown) -> Timing:
        """Do `act`, whose DOM event `event` starts the clock, and wait until `expected` is painted.

        Raises:
            ScreenError: it never was, or was there before.
        """
        arm = "([event, shown, linger]) => scoreroomClock.arm(event, shown, linger)"
        try:
            await self.page.evaluate(arm, [event, _plain(expected), self.linger_ms])
            if self.log:
                # Exclude the runs that led here from this step.
                self.log.take()
            await act()
        except PlaywrightError as error:
            raise self._wrong(expected, error) from None
        timing = await self._wait("result", [], expected)
        return replace(timing, script=self.log.take()) if self.log else timing

    async def shows(self, shown: Shown) -> bool:
        """Whether `shown` is on the screen now."""
        return bool(await self.page.evaluate("(shown) => scoreroomClock.shows(shown)", _plain([shown])))

    async def _wait(self, function: str, arguments: Sequence[object], expected: Sequence[Shown]) -> Timing:
        program = f"(given) => scoreroomClock.within({self.patience_ms}, scoreroomClock.{function}(...given))"
        try:
            return Timing(**await self.page.evaluate(program, list(arguments)))
        except PlaywrightError as error:
            raise self._wrong(expected, error) from None

    def _wrong(self, expected: Sequence[Shown], error: PlaywrightError) -> ScreenError:
        reason = error.message.splitlines()[0]
        return ScreenError(f"{self.page.url} should show {', '.join(map(str, expected))}: {reason}")


@asynccontextmanager
async def visit(
    browser: Browser, log: RunLog | None = None, *, linger_ms: int = LINGER_MS, patience_ms: int = PATIENCE_MS
) -> AsyncIterator[Visit]:
    """A page of a fresh visitor with an empty cache, who leaves at the end."""
    async with visiting(browser) as context:
        yield Visit(await context.new_page(), log, linger_ms, patience_ms)


@asynccontextmanager
async def visiting(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A fresh visitor with an empty cache and the clock in every page, who leaves at the end."""
    width, height = WINDOW
    context = await browser.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(PATIENCE_MS)
    await context.add_init_script(path=CLOCK)
    try:
        yield context
    finally:
        await context.close()


def _plain(expected: Sequence[Shown]) -> list[dict[str, object]]:
    return [asdict(shown) for shown in expected]

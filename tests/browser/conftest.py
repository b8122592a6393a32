"""A real server and a real Chromium for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from data.settings import Settings
from scripts.benchmarks.browser import QUIET
from scripts.benchmarks.server import dashboard_command, free_port, serving
from tests.browser.visits import VIEWPORT, open_returning_visit

Serve = Callable[..., str]

# How long a screen may take on a machine that is busy with other work: patience, not a demand.
expect.set_options(timeout=30_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright, chromium: str) -> Browser:
    """For visits that are a browser's first."""
    return playwright.chromium.launch(executable_path=chromium, args=list(QUIET))


@pytest.fixture(scope="session")
def profile(playwright: Playwright, chromium: str, tmp_path_factory: pytest.TempPathFactory) -> BrowserContext:
    """A browser that keeps what it has loaded and compiled, which takes a second of each first visit."""
    return playwright.chromium.launch_persistent_context(
        tmp_path_factory.mktemp("profile"),
        executable_path=chromium,
        args=list(QUIET),
        viewport=VIEWPORT,  # type: ignore[arg-type]
    )


class Server:
    """A dashboard in a process of its own, at an address that it keeps when it is started again."""

    def __init__(self, *arguments: str) -> None:
        self._port = free_port()
        self._arguments = arguments
        self.address = f"http://localhost:{self._port}"
        self._start()

    def _start(self) -> None:
        self._running = ExitStack()
        self._running.enter_context(serving(dashboard_command(self._port, self._arguments), self._port))

    def stop(self) -> None:
        self._running.close()

    def restart(self) -> None:
        self.stop()
        self._start()


@pytest.fixture(scope="session")
def serve(built: Settings) -> Iterator[Serve]:
    """A function that starts the dashboard with the given arguments and returns its address."""
    servers: list[Server] = []

    def start(*arguments: str) -> str:
        servers.append(Server(*arguments))
        return servers[-1].address

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def server(built: Settings) -> Iterator[Server]:
    """A dashboard that belongs to one test, which may stop it and start it again."""
    own = Server()
    yield own
    own.stop()


@pytest.fixture(scope="session")
def dashboard(serve: Serve) -> str:
    """The address of the dashboard on the built portfolio."""
    return serve()


@pytest.fixture
def frame(built: Settings) -> pl.DataFrame:
    """The built portfolio's predictions, as they are stored."""
    return pl.read_parquet(built.predictions)


@pytest.fixture
def page(profile: BrowserContext) -> Iterator[Page]:
    """A visit of its own; the test fails when the page reports an error or asks another host for anything."""
    with open_returning_visit(profile) as page:
        yield page

"""First pages: a new visitor's cache is empty, and that of the same visitor's second tab is not."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from scripts.benchmarks.browser import metric, open_browser
from scripts.benchmarks.first_page import _open

PAGE = """<!doctype html><script src="/kept.js"></script>
<div data-testid="stApp" data-test-script-state="notRunning"><div data-testid="stMetric">
<p data-testid="stMetricLabel">Times 3</p><p data-testid="stMetricValue">15,000</p></div></div>"""
asked: Counter[str] = Counter()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        asked[self.path] += 1
        is_script = self.path == "/kept.js"
        content = (b"" if is_script else PAGE.encode()) + b"\n"
        self.send_response(200)
        self.send_header("content-type", "text/javascript" if is_script else "text/html")
        self.send_header("cache-control", "max-age=1000" if is_script else "no-store")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


async def visits(address: str) -> list[list[float]]:
    shown = (metric("Times 3", "15,000"),)
    async with open_browser() as browser:
        return [await _open(browser, address, shown, visits=count) for count in (1, 2)]


@pytest.mark.usefixtures("chromium")
def test_the_second_tab_of_a_visitor_has_what_the_first_one_loaded() -> None:
    asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        # In a thread of its own: another test may have left Playwright's loop running in this one.
        with ThreadPoolExecutor(1) as pool:
            times = pool.submit(lambda: asyncio.run(visits(f"http://127.0.0.1:{server.server_port}/"))).result()
        server.shutdown()
    assert [len(each) for each in times] == [1, 2]
    assert min(seconds for each in times for seconds in each) > 0
    # Three pages, and the script once for each of the two visitors.
    assert (asked["/"], asked["/kept.js"]) == (3, 2)

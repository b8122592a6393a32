"""Starting the dashboard: what is wrong with the command line is said before anything is served."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import polars as pl
import pytest

from data.settings import ROOT, Settings
from data.store.build_lock import build_lock
from scripts.benchmarks.browser import open_browser
from scripts.benchmarks.server import free_port
from tests.inference.serving.conftest import process


def serve(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.serve", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--map", "y=outcome"), "name the file too"),
        (("--port", "99999"), "99999 is no port"),
        (("--predictions", "/no/such.csv"), "no such file"),
        (
            ("--predictions", "two.csv"),
            "could each be the outcome; which column says who defaulted? Answer with --map default=outcome",
        ),
        (("--predictions", "nested.parquet"), "column target holds lists or structures; expected two values"),
        (("--predictions", "README.md"), "README.md: cannot be read as a table"),
        (("--predictions", "LICENSE", "--map", "nonsense"), "is not COLUMN=ROLE"),
    ],
)
def test_a_wrong_command_ends_with_2_and_a_sentence(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    (tmp_path / "two.csv").write_text("default,y,pd\nno,yes,0.5\n")
    pl.DataFrame({"target": [[1], [0, 1]], "pd": [0.1, 0.9]}).write_parquet(tmp_path / "nested.parquet")
    ended = serve(*(str(tmp_path / each) if (tmp_path / each).exists() else each for each in arguments))
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_what_was_taken_for_what_is_said_before_anything_is_served(tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text("y,pd,prediction,amount\nyes,0.5,1,NA\nno,0.1,0,5\n,0.2,0,6\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "scripts.serve", "--predictions", str(path), "--port", port]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        said = [next(server.stdout).rstrip() for _ in range(3)]
        server.terminate()
    assert said == [
        "theirs.csv: outcome from y (yes = default), PD from pd",
        "Read as missing in columns of numbers: amount: NA (1).",
        f"Scoreroom is at http://localhost:{port}",
    ]


def test_a_taken_port_is_said_before_anything_is_served(built: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ended = serve("--port", str(other.getsockname()[1]))
    assert ended.returncode == 2
    assert "name another one with --port" in ended.stderr
    assert ended.stdout == ""


def places(folder: Path) -> dict[str, str]:
    """Nothing built and nothing dropped, in `folder`."""
    return {name: str(folder / name.lower()) for name in ("RAW", "PROCESSED", "MODEL")} | {"ROWS": "1000"}


def serving(folder: Path, port: int) -> subprocess.Popen[str]:
    environment = os.environ | {f"SCOREROOM_{name}": value for name, value in places(folder).items()}
    command = [sys.executable, "-m", "scripts.serve", "--port", str(port)]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=-1, stderr=-1, text=True)


def ask(port: int, path: str) -> httpx.Response:
    transport = httpx.HTTPTransport(retries=8)
    with httpx.Client(transport=transport, trust_env=False) as client:
        return client.get(f"http://localhost:{port}{path}", timeout=60)


async def watch(port: int) -> tuple[str, str]:
    """The heading of the page that is opened while the build runs, and that of the page that it turns into."""
    async with open_browser() as browser:
        page = await browser.new_page()
        await page.goto(f"http://localhost:{port}/cutoff")
        first = await page.get_by_role("heading", level=1).inner_text()
        await page.get_by_test_id("stMetric").first.wait_for(timeout=60_000)
        return first, await page.get_by_role("heading", level=1).inner_text()


@pytest.mark.usefixtures("chromium")
def test_the_page_of_a_build_turns_into_the_dashboard_by_itself(tmp_path: Path) -> None:
    port = free_port()
    with process(
        [sys.executable, "-m", "scripts.serve", "--port", str(port)], [port], tmp_path / "log", **places(tmp_path)
    ):
        assert ask(port, "/_stcore/health").status_code == 503
        assert ask(port, "/health").json()["status"] == "building"
        # In a thread of its own: another test may have left Playwright's loop running in this one.
        with ThreadPoolExecutor(1) as pool:
            shown = pool.submit(lambda: asyncio.run(watch(port))).result()
        assert shown == ("Building the portfolio and its model", "Cutoff")
        assert ask(port, "/health").status_code == 200


def test_a_build_that_fails_says_so_on_the_page_and_in_the_terminal(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "application_train.csv").write_text("SK_ID_CURR\n1\n")
    with ExitStack() as other:
        # Nothing fails before the page is open.
        other.enter_context(build_lock(tmp_path / "processed"))
        with serving(tmp_path, port) as server:
            while not (told := ask(port, "/building/state").json())["is_waiting"]:
                time.sleep(0.1)
            other.close()
            while told["status"] == "building":
                told = ask(port, "/building/state").json()
            _, error = server.communicate(timeout=60)
    assert server.returncode == 2
    assert "application_train.csv" in told["problem"]
    assert error.splitlines().count(told["problem"]) == 1


def test_the_keyboard_stops_server_and_build(tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path, port) as server:
        while "running" not in {step["state"] for step in ask(port, "/health").json()["steps"]}:
            time.sleep(0.1)
        server.send_signal(signal.SIGINT)
        _, error = server.communicate(timeout=60)
    assert server.returncode == 130
    assert error.count("Stopped; nothing half-written was left behind.") == 1
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []

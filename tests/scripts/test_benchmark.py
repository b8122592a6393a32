"""The benchmark: what screens must show, the clock in the browser, the larger portfolio, and the report."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
import pytest

from data.settings import ROOT, Settings
from scripts._measure import percentiles
from scripts.benchmarks.browser import (
    NAMES,
    ScreenError,
    Timing,
    metric,
    open_browser,
    visit,
)
from scripts.benchmarks.expected import Portfolio
from scripts.benchmarks.report import BEGIN, END, ReportError, insert, render
from scripts.benchmarks.scaled import JITTER, scaled
from scripts.benchmarks.server import RunLog

PAGE = ROOT / "docs" / "performance.md"
# Five applications; the second and third have the same PD, the last one that of the cutoff 0.5.
FRAME = pl.DataFrame(
    {
        "application_id": [11, 12, 13, 14, 15],
        "is_default": [False, True, False, False, True],
        "default_probability": [0.0625, 0.25, 0.25, 0.125, 0.5],
        "kind": ["a", "a", "b", "b", "b"],
    },
    schema_overrides={"default_probability": pl.Float32, "application_id": pl.Int32},
)
FIGURES = {
    "machine": {
        "python": "3.11.7", "machine": "x86_64", "cores": 2, "system": "Linux", "libraries": {"polars": "2.1.0"},
    },
    "browser": "156",
    "rows": 307_511,
    "floor_ms": {"p50": 80.4, "p95": 100.0},
    "interactions": {"cutoff": {"p50": 150.0, "p95": 310.0, "n": 30}, "page": {"p50": 300.0, "p95": 450.0, "n": 30}},
    "server_ms": {"cutoff": {"p50": 20.0, "p95": 30.0}, "page": {"p50": 40.0, "p95": 61.0}},
    "parts_ms": {"floor": {"sent": 5.0, "changed": 40.0, "painted": 80.4, "late": 0, "drawn_p95": 100.0}},
    "healthy_s": 1.2,
    "cold_start_s": 4.5,
    "rss_mb": 412,
    "memory": {"interactions": 1_000, "rss_mb": [412, 420]},
    "concurrent": {"5": {"p50": 400.0, "p95": 900.0, "errors": 1}},
    "scale10": {
        "rows": 3_075_110,
        "interactions": {"cutoff": {"p50": 180.0, "p95": 400.0, "ratio": 1.2, "server_ms": {"p50": 9.0, "p95": 12.0}}},
    },
}  # fmt: skip


def test_percentiles_lie_between_the_neighbours() -> None:
    assert percentiles([10.0, 40.0, 20.0, 30.0]) == {"p50": 25.0, "p95": 38.5}
    assert percentiles([7.0]) == {"p50": 7.0, "p95": 7.0}


def test_expected_numbers_are_those_worked_out_by_hand() -> None:
    portfolio = Portfolio(FRAME)
    assert portfolio.applications() == metric("Applications", "5")
    assert portfolio.applications("kind", ["a"]) == metric("Applications", "2")
    assert portfolio.default_rate("kind", ["b"]) == metric("Default rate", "33.33 %")
    assert portfolio.approval(2_500) == metric("Approval rate", "40.00 %")
    assert portfolio.approval(2_501) == metric("Approval rate", "80.00 %")
    assert portfolio.declined_share("bad", 2_501) == "50.0 %"
    assert portfolio.declined_share("good", 2_500) == "33.3 %"
    assert portfolio.defaults_among_declined(1_250) == "50.0 %"
    # Of six pairs five are ordered rightly and one is tied.
    assert portfolio.gini == pytest.approx(2 * 5.5 / 6 - 1, abs=1e-12)
    assert 1_251 <= portfolio.widest_gap <= 2_500
    assert portfolio.cohort_line().parts == (("p", "5 of 5 applications (100.0 %), 2 defaults"),)


def test_a_larger_portfolio_has_ids_of_its_own_and_pds_a_little_off() -> None:
    large = scaled(FRAME, 12, seed=3)
    assert large.height == 12
    assert large["application_id"].n_unique() == 12
    assert large.schema == FRAME.schema
    assert large.head(5).equals(FRAME)
    ratios = (large[5:10]["default_probability"] / FRAME["default_probability"]).to_list()
    assert all(1 - JITTER <= ratio <= 1 + JITTER for ratio in ratios)
    assert len(set(ratios)) > 1


def test_runs_of_the_script_are_added_up_since_the_last_look(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "runs.txt")
    assert log.take() == 0
    log.path.write_text("1.5\n2.0\n")
    assert log.take() == 3.5
    assert log.take() == 0


T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """What the coroutine returns; in a thread of its own, since a browser of other tests may hold this one's loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


# A screen like Streamlit's: a click starts a run, which shows a new number, then freshens what is stale, then ends.
SCREEN = """
<div data-testid="stApp" data-test-script-state="notRunning">
  <button>Go</button>
  <div data-testid="stMetric"><p data-testid="stMetricLabel">Rate</p><p data-testid="stMetricValue">1.00 %</p></div>
  <p id="other" data-stale="false"></p>
</div>
<script>
  const at = (name) => { document.body.dataset[name] = performance.now(); };
  document.querySelector("button").addEventListener("pointerdown", () => {
    at("clicked");
    const app = document.querySelector("[data-testid=stApp]"), other = document.querySelector("#other");
    app.dataset.testScriptState = "running";
    other.dataset.stale = "true";
    const value = document.querySelector("[data-testid=stMetricValue]");
    setTimeout(() => { value.textContent = "2.00\\u00a0%"; at("shown"); }, 20);
    setTimeout(() => { app.dataset.testScriptState = "notRunning"; }, 40);
    setTimeout(() => { at("fresh"); other.dataset.stale = "false"; }, 60);
  });
</script>
"""


async def click(value: str, *, patience_ms: int) -> tuple[Timing, dict[str, str]]:
    async with open_browser() as browser, visit(browser, linger_ms=0, patience_ms=patience_ms) as reader:
        await reader.page.goto("data:text/html,")
        await reader.page.set_content(SCREEN)
        timing = await reader.time("pointerdown", reader.page.get_by_role("button").click, metric("Rate", value))
        return timing, await reader.page.evaluate("({ ...document.body.dataset })")


def test_the_clock_waits_for_the_number_the_run_and_everything_stale(chromium: str) -> None:
    timing, moments = run(click("2.00 %", patience_ms=30_000))
    clicked, shown, fresh = (float(moments[name]) for name in ("clicked", "shown", "fresh"))
    # The browser's clock is coarse; its steps are far below the waits of the screen.
    assert timing.changed >= shown - clicked - 1
    assert timing.settled >= fresh - clicked - 1
    assert timing.changed < timing.settled < timing.painted


@pytest.mark.parametrize(("value", "said"), [("3.00 %", "not within 500 ms"), ("1.00 %", "before the click")])
def test_a_screen_with_another_number_fails(chromium: str, value: str, said: str) -> None:
    with pytest.raises(ScreenError, match=said):
        run(click(value, patience_ms=500))


@pytest.mark.xdist_group("built")
def test_without_a_browser_the_benchmark_says_so(built: Settings, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "scripts.benchmark", "dashboard"], cwd=ROOT, env=os.environ | {"PATH": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert ended.returncode == 2
    assert "No Chromium found" in ended.stderr
    assert NAMES[0] in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_the_report_says_what_was_measured_and_what_was_reached() -> None:
    tables = render(FIGURES)
    assert "Measured over 307,511 applications on 2 cores (Linux x86_64, Python 3.11.7, polars 2.1.0)" in tables
    rows = [line for line in tables.splitlines() if line.startswith("| ")]
    assert "| cutoff | 30 | 150 | 310 | 3.1 | 300 ms, 3 floors | **no** | 20 / 30 (yes) |" in rows
    assert "| page | 30 | 300 | 450 | 4.5 | 500 ms | yes | 40 / 61 (**no**) |" in rows
    assert "| Process start to the first page painted, first start | 4.5 s | 4 s | **no** |" in rows
    assert "| Memory of the server, loaded and each interaction done once | 412 MB | 700 MB | yes |" in rows
    assert "| Memory on the way, over 1,000 interactions | 412, 420 MB | not growing | |" in rows
    assert (
        "| 5 readers at once, painted p50 / p95 | 400 / 900 ms, errors: 1 | p95 1,000 ms, no error | **no** |" in rows
    )
    assert "| floor | 5 | 40 | | | 80 | 0 | 100 |" in rows
    assert "| cutoff | 180 | 400 | 1.20 | yes | 9 / 12 |" in rows


def test_the_report_replaces_what_stands_between_the_marks() -> None:
    assert insert(f"before\n{BEGIN}\nold\n{END}\nafter", "new") == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter"


@pytest.mark.parametrize("page", ["none", BEGIN, f"{END} {BEGIN}", f"{BEGIN} {BEGIN} {END}", f"{BEGIN} {END} {END}"])
def test_a_page_without_its_marks_is_left_alone(page: str) -> None:
    with pytest.raises(ReportError, match="once each"):
        insert(page, "new")


def test_the_report_is_written_into_the_page(tmp_path: Path) -> None:
    page, figures = tmp_path / "page.md", tmp_path / "figures.json"
    page.write_text(f"# Speed\n\n{BEGIN}\n{END}\n")
    figures.write_text(json.dumps(FIGURES))
    command = [sys.executable, "-m", "scripts.benchmark_report", "--json", str(figures), "--page", str(page)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert page.read_text() == f"# Speed\n\n{BEGIN}\n\n{render(FIGURES)}\n\n{END}\n"


def commands() -> list[str]:
    """The command lines that docs/performance.md tells to run."""
    return re.findall(r"^    (python -m .+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_the_page_has_its_marks_and_commands() -> None:
    insert(PAGE.read_text(encoding="utf-8"), "")
    named = {command.split()[2] for command in commands()}
    assert named == {"scripts.benchmark", "scripts.benchmark_report", "scripts.profile_dashboard"}


@pytest.mark.parametrize("command", commands())
def test_the_commands_of_the_page_exist_with_their_options(command: str) -> None:
    module, *arguments = shlex.split(command.partition("#")[0])[2:]
    shown = subprocess.run(
        [sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    for option in arguments:
        if option.startswith("--"):
            assert option in shown.stdout

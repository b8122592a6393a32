"""Profiles of real work: the tables name this project's functions, and so does the flame graph."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from data.settings import ROOT, Settings
from scripts.benchmarks.observers import cost_table, noted
from scripts.benchmarks.profiling import _drive, draw_server


def profile(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.profile_performance", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)


def frames(text: str) -> set[tuple[str, str]]:
    """Name and file of every function in a flame graph."""
    return {(frame["name"], frame["file"]) for frame in json.loads(text)["shared"]["frames"]}


def test_scoring_is_profiled_and_drawn(built: Settings, tmp_path: Path) -> None:
    flame = tmp_path / "scoring.speedscope.json"
    ended = profile("scoring", "--runs", "2", "--top", "60", "--flame", flame)
    assert ended.returncode == 0, ended.stderr
    one_by_one, at_once = ended.stdout.split("Scoring a table of 10,000 applications")
    calls = {line.split()[-1]: line.split()[0] for line in one_by_one.splitlines() if "inference/" in line}
    # 1,000 applicants, twice.
    assert {calls[name] for name in calls if name.endswith("(score)")} == {"2000"}
    assert {calls[name] for name in calls if "encoding.py" in name and name.endswith("(row)")} == {"2000"}
    assert "(score_frame)" in at_once
    assert "(score_frame)" not in one_by_one
    assert str(ROOT) not in ended.stdout
    assert frames(flame.read_text()) >= {
        ("score", "inference/model/session.py"),
        ("score_frame", "inference/model/session.py"),
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("scoring", "--flame", "scoring.svg"), "name a file that ends in .json"),
        (("scoring", "--flame", "LICENSE/scoring.json"), "cannot be written"),
        (("nonsense",), "invalid choice: 'nonsense'"),
        (("scoring", "--runs", "0"), "0 is below 1"),
    ],
)
def test_a_wrong_command_ends_with_2_before_anything_is_profiled(arguments: tuple[str, ...], said: str) -> None:
    ended = profile(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_reruns_of_the_dashboard_and_the_browser_s_work_are_profiled(
    chromium: str, built: Settings, run: Any, tmp_path: Path
) -> None:
    found = run(_drive(built, "cutoff", 2, how=("profile", tmp_path)))
    table = cost_table(noted(tmp_path), 400)
    runs = [line.split()[0] for line in table.splitlines() if line.endswith("(_run_script)")]
    # One run a step, those of the first page and of the warm-up left out.
    assert runs == ["2"]
    assert "dashboard/app_pages/overview.py" in table
    assert 0 < found.tasks_ms["scripts"] < found.tasks_ms["all tasks"]
    assert any(name.endswith(".js") for name in found.files_ms)
    assert min(found.files_ms.values()) > 0


def test_reruns_of_the_dashboard_are_drawn(chromium: str, built: Settings, in_thread: Any) -> None:
    drawn = in_thread(draw_server, built, "cutoff", 1)
    assert frames(drawn) >= {("main", "dashboard/app.py"), ("render_page", "dashboard/components/frame.py")}
    assert json.loads(drawn)["name"] == "Dashboard: script runs of cutoff"

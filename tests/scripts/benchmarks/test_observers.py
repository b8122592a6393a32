"""What observers note of calls, and how it is read: times, cProfile's table, and a flame graph."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from data.settings import ROOT
from scripts.benchmarks.observers import cost_table, flame_graph, noted, profiled, relative, sampled, timed

HERE = "tests/scripts/benchmarks/test_observers.py"


def spin(seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


def outer(seconds: float, times: int) -> None:
    for _ in range(times):
        spin(seconds)


def other(seconds: float) -> None:
    spin(seconds)


def test_each_call_is_a_line_of_milliseconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])

    def work(seconds: float) -> None:
        now[0] += seconds

    observed = timed(work, tmp_path / "runs.txt")
    for seconds in (0.25, 0.0015):
        observed(seconds)
    assert (tmp_path / "runs.txt").read_text() == "250.000\n1.500\n"


def test_the_table_of_costs_adds_up_all_calls(tmp_path: Path) -> None:
    observed = profiled(outer, tmp_path)
    for times in (2, 3):
        observed(0.001, times)
    assert [path.name for path in noted(tmp_path)] == ["000000.prof", "000001.prof"]
    table = cost_table(noted(tmp_path), 10)
    rows = {line.split()[-1]: line.split() for line in table.splitlines() if HERE in line}
    lines = {name.partition(":")[2].partition("(")[2].rstrip(")"): cells for name, cells in rows.items()}
    assert lines["outer"][0] == "2"
    assert lines["spin"][0] == "5"
    assert float(lines["outer"][3]) >= 0.005
    assert str(ROOT) not in table
    # Only as many lines as were asked for.
    assert HERE not in cost_table(noted(tmp_path), 0)


def stacks(profile: dict[str, Any], frames: list[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    """Each stack that was open, by names; opened and closed as brackets are, at times that never go back."""
    opened: list[int] = []
    at = profile["startValue"]
    for event in profile["events"]:
        assert at <= event["at"] <= profile["endValue"] + 1e-9
        at = event["at"]
        if event["type"] == "O":
            opened.append(event["frame"])
            yield tuple(frames[frame]["name"] for frame in opened)
        else:
            assert (event["type"], opened.pop()) == ("C", event["frame"])
    assert opened == []


def test_the_flame_graph_is_one_that_speedscope_reads(tmp_path: Path) -> None:
    observed = sampled(outer, tmp_path)
    for times in (1, 2):
        observed(0.02, times)
    sampled(other, tmp_path / "..")(0.001)
    assert [path.name for path in noted(tmp_path)] == ["000000.json", "000001.json"]
    graph = json.loads(flame_graph(noted(tmp_path), "A title"))
    assert graph["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    (profile,) = graph["profiles"]
    assert (graph["name"], profile["name"], profile["type"], profile["unit"]) == (
        "A title",
        "A title",
        "evented",
        "seconds",
    )
    # Both calls together: 20 and 40 ms.
    assert profile["endValue"] - profile["startValue"] >= 0.06
    frames = graph["shared"]["frames"]
    assert {(frame["name"], frame["file"]) for frame in frames} >= {("outer", HERE), ("spin", HERE)}
    found = list(stacks(profile, frames))
    (deepest,) = [stack for stack in found if stack[-1:] == ("spin",)]
    assert deepest[-2:] == ("outer", "spin")
    assert not any("other" in stack for stack in found)


def test_files_that_are_still_written_are_not_read(tmp_path: Path) -> None:
    for name in ("000001.prof", "000000.json", "000002.part"):
        (tmp_path / name).touch()
    assert [path.name for path in noted(tmp_path)] == ["000000.json", "000001.prof"]


def test_paths_are_those_of_a_checkout() -> None:
    assert relative(f"in {ROOT}/data/schema.py:3 and /elsewhere.py") == "in data/schema.py:3 and /elsewhere.py"

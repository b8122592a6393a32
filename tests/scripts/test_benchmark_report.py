"""The page on performance: it says what the last JSON says, claims included, and its commands and paths exist."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from data.settings import ROOT
from scripts.benchmark_report import FIGURES, PAGE
from scripts.benchmarks.report import BEGIN, END, MISSED, SECTIONS, fill, render

TEXT = PAGE.read_text(encoding="utf-8")
# The page without what stands between its marks.
TEXT_WITHOUT = re.sub(r"(<!-- (\w+): begin -->).*?(<!-- \2: end -->)", r"\1\3", TEXT, flags=re.DOTALL)
# The earlier report's tables: component, metric's words, before, after, gain.
CLAIMS = [
    ("API", "P95", "> 100 ms", "42 ms", "> 2x"),
    ("API", "max throughput", "< 50 req/s", "120 req/s", "> 2x"),
    ("Dashboard", "interaction", "> 3 sec", "< 1 sec", "Instant"),
    ("Data", "loading", "5-10 sec", "< 0.5 sec", ""),
    ("Data", "gain", "", "", "24x"),
    ("Startup", "service", "~min", "~3 sec", "Fast"),
    ("API inference", "one row", "~3.73 ms", "~0.06 ms", ""),
    ("API inference", "gain", "", "", "~65x"),
]
TECHNIQUES = (
    "FastAPI",
    "`async`",
    "Uvicorn",
    "Pydantic",
    "Singleton",
    "`@st.cache_data`",
    "Parquet",
    "ONNX Runtime",
    "pickle",
    "`cProfile`",
    "P50, P95, P99",
    "`TestPerformance`",
)


def between_marks(section: str) -> str:
    return TEXT.partition(BEGIN.format(section))[2].partition(END.format(section))[0].strip()


def test_the_page_agrees_with_the_last_figures() -> None:
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    rendered = render(figures)
    # Nothing is left that was not measured.
    assert list(rendered) == [*SECTIONS, MISSED]
    for section, tables in rendered.items():
        assert between_marks(section) == tables
    assert fill(TEXT, figures) == TEXT


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: f"{claim[0]} {claim[1]}")
def test_each_claim_of_the_earlier_report_stands_in_a_row_with_what_was_measured(claim: tuple[str, ...]) -> None:
    lines = [line for line in between_marks("claims").splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    component, metric, before, *claimed = claim
    found = [
        cells
        for cells in rows
        if cells[0] == component and metric in cells[1] and before in cells[2] and all(c in cells[3] for c in claimed)
    ]
    assert found
    assert all(re.match(r"[\d.,]+( ?(ms|s|req/s)|x)$", cells[4]) for cells in found)


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_each_technique_of_the_earlier_report_is_named_with_where_it_is(technique: str) -> None:
    lines = TEXT.partition("| technique of the report |")[2].partition("###")[0].splitlines()
    (line,) = [line for line in lines if technique in line.split(" | ")[0]]
    assert re.search(r"`(inference|dashboard|data|scripts|tests)/", line.split(" | ")[1])


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([a-z_]+/[\w/.-]+)`", TEXT))))
def test_paths_on_the_page_exist(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_text_between_the_tables_is_free_of_figures_that_another_run_would_change() -> None:
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    measured = {f"{found['p95']:,.0f} ms" for found in figures["interactions"].values()}
    measured |= {f"{figures['api']['8']['requests_per_s']:,.0f}", f"{figures['inference']['seed_shaped']['speedup']}x"}
    assert [figure for figure in measured if figure in TEXT_WITHOUT] == []


def written(page: Path, figures: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "figures.json").write_text(json.dumps(figures))
    command = [sys.executable, "-m", "scripts.benchmark_report", "--json", str(folder / "figures.json")]
    return subprocess.run([*command, "--page", str(page)], cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_report_is_written_into_the_page(figures: dict[str, Any], tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(TEXT_WITHOUT)
    del figures["api"]
    ended = written(page, figures, tmp_path)
    assert ended.returncode == 0, ended.stderr
    text = page.read_text()
    for section, tables in render(figures).items():
        assert f"{BEGIN.format(section)}\n\n{tables}\n\n{END.format(section)}" in text
        assert tables in ended.stdout
    assert f"{BEGIN.format('api')}{END.format('api')}" in text


def test_a_page_without_marks_is_left_as_it_is(figures: dict[str, Any], tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("no marks")
    ended = written(page, figures, tmp_path)
    assert ended.returncode == 2
    assert ended.stderr == "The page needs <!-- claims: begin --> and then <!-- claims: end -->, once each.\n"
    assert page.read_text() == "no marks"


def commands() -> list[str]:
    """The command lines that the page tells to run."""
    return re.findall(r"^    (python -m .+)$", TEXT, flags=re.MULTILINE)


def test_the_page_names_every_command_of_this_kind() -> None:
    named = {command.split()[2] for command in commands()}
    assert named == {
        "scripts.benchmark",
        "scripts.benchmark_report",
        "scripts.profile_performance",
        "scripts.study_memory",
    }


@pytest.mark.parametrize(
    "module", ["scripts.benchmark", "scripts.benchmark_report", "scripts.profile_performance", "scripts.study_memory"]
)
def test_the_commands_of_the_page_exist_with_their_options_and_choices(module: str) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    for command in commands():
        _, _, named, *arguments = shlex.split(command)
        words = arguments if named == module else []
        choices = words[:1] if words and not words[0].startswith("-") else []
        for word in [*choices, *(word for word in words if word.startswith("--"))]:
            assert re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", shown.stdout), command

"""The benchmark's command: what is refused before anything is measured, and what is written and shown of the rest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data.errors import ScoreroomError
from data.settings import ROOT, Settings
from scripts import benchmark
from scripts._measure import Say
from scripts.benchmark import Section
from scripts.benchmarks.browser import NAMES
from scripts.benchmarks.machine import describe_machine
from scripts.benchmarks.shown import worded


def call(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scripts.benchmark", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nonsense",), "invalid choice: 'nonsense'"),
        (("data", "--runs", "-1"), "-1 is below 0"),
        (("api", "--seconds", "0"), "0 is below 1"),
        (("data", "--keep"), "--keep needs --json OUT"),
    ],
)
def test_a_wrong_command_ends_with_2(arguments: tuple[str, ...], said: str) -> None:
    ended = call(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr


def test_a_place_that_cannot_be_written_is_one_sentence_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    ended = call("data", "--json", tmp_path / "file" / "out.json")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1
    assert "cannot be written" in ended.stderr
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize(
    ("section", "said"),
    [("dashboard", f"No Chromium found (looked for {NAMES[0]}"), ("applicant", "No Chromium"), ("api", "No wrk found")],
)
def test_what_a_section_needs_is_looked_for_before_anything_is_measured(
    tmp_path: Path, section: str, said: str
) -> None:
    ended = call("data", section, PATH=str(tmp_path))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1
    assert said in ended.stderr


def test_loading_is_measured_shown_and_written(built: Settings, tmp_path: Path) -> None:
    ended = call("data", "data", "--json", tmp_path / "deep" / "out.json", COLUMNS="100")
    assert ended.returncode == 0, ended.stderr
    figures = json.loads((tmp_path / "deep" / "out.json").read_text())
    assert figures.keys() == {"dates", "machine", "data"}
    assert list(figures["dates"]) == ["data"]
    for path in (built.applications, built.predictions):
        table, found = pl.read_parquet(path), figures["data"][path.stem]
        assert found["rows"] == table.height
        assert found["parquet_bytes"] == path.stat().st_size
        assert found["csv_bytes"] == len(table.write_csv().encode())
        # From times that are rounded to 0.1 ms.
        assert found["ratio"] == pytest.approx(found["csv_s"] / found["parquet_s"], rel=0.1, abs=0.1)
        assert found["pandas_ratio"] == pytest.approx(found["pandas_csv_s"] / found["parquet_s"], rel=0.1, abs=0.1)
        assert all(found[f"{name}_peak_mb"] >= 0 for name in ("csv", "parquet", "pandas_csv"))
    cells = [line.strip("│").split("│") for line in ended.stdout.splitlines() if line.startswith("│")]
    shown = {name.strip(): value.strip() for name, value in cells}
    assert shown["applications.rows"] == "10,000"
    assert shown["predictions.csv_s"] == worded(figures["data"]["predictions"]["csv_s"])
    assert shown["libraries.polars"] == pl.__version__
    assert "[1/1] data: seconds to load the predictions" in ended.stderr.splitlines()


Measure = Callable[[Settings, Namespace, Say], Mapping[str, object]]


@pytest.fixture
def measured(built: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Runs the command in this process, on sections of the test's own."""

    def measured(sections: Mapping[str, Section], *arguments: object) -> None:
        monkeypatch.setattr(benchmark, "SECTIONS", sections)
        monkeypatch.setattr(sys, "argv", ["benchmark", *map(str, arguments)])
        benchmark.main()

    return measured


def section(figures: Mapping[str, object], said: str = "at work") -> Section:
    def measure(_: Settings, __: Namespace, say: Say) -> Mapping[str, object]:
        say(said)
        return figures

    return Section(measure)


def fail(*_: object) -> Mapping[str, object]:
    raise AssertionError("a screen is wrong")


def test_what_is_finished_is_written_and_shown_though_a_later_section_fails(
    measured: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sections = {"dashboard": section({"rows": 17}), "data": section({"load_s": 0.25}), "api": Section(fail)}
    with pytest.raises(AssertionError, match="a screen is wrong"):
        measured(sections, "all", "--json", tmp_path / "out.json")
    figures = json.loads((tmp_path / "out.json").read_text())
    # The dashboard's figures stand at the top.
    assert (figures["rows"], figures["data"]) == (17, {"load_s": 0.25})
    assert list(figures["dates"]) == ["dashboard", "data"]
    out, err = capsys.readouterr()
    assert "0.250" in out
    assert err.splitlines() == ["[1/3] dashboard: at work", "[2/3] data: at work"]
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


def test_sections_are_measured_in_the_order_given_and_once(
    measured: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    measured({name: section({}, name) for name in "abc"}, "c", "a", "c")
    assert capsys.readouterr().err.splitlines() == ["[1/2] c: c", "[2/2] a: a"]


def test_what_was_measured_before_is_kept_where_that_is_wanted(measured: Callable[..., None], tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    for figures, kept in (({"a": {"n": 1}}, ()), ({"b": {"n": 2}}, ("--keep",)), ({"a": {"n": 3}}, ("--keep",))):
        ((name, found),) = figures.items()
        measured({"a": section(found), "b": section(found)}, name, "--json", path, *kept)
    figures = json.loads(path.read_text())
    assert (figures["a"], figures["b"], sorted(figures["dates"])) == ({"n": 3}, {"n": 2}, ["a", "b"])
    # Without the option, the file is written anew.
    measured({"a": section({})}, "a", "--json", path)
    assert json.loads(path.read_text()).keys() == {"dates", "machine", "a"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no json", "holds no figures to keep (JSONDecodeError"),
        ("[]", "holds no figures to keep (TypeError"),
        ("{}", "holds no figures to keep (KeyError"),
        (json.dumps({"machine": describe_machine() | {"cores": 96, "libraries": {}}}), "(cores, libraries differ)"),
    ],
    # The time at which it is described would make another id in each process.
    ids=["no-json", "no-object", "no-machine", "other-machine"],
)
def test_figures_of_something_else_are_not_kept(
    measured: Callable[..., None], tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "out.json"
    path.write_text(text)
    with pytest.raises(ScoreroomError) as error:
        measured({"a": Section(fail)}, "a", "--keep", "--json", path)
    assert said in str(error.value)
    assert path.read_text() == text


def test_every_section_is_in_the_registry_with_what_it_needs() -> None:
    assert list(benchmark.SECTIONS) == ["data", "inference", "comparison", "api", "start", "dashboard", "applicant"]
    needing: dict[str, Any] = {name: found.check for name, found in benchmark.SECTIONS.items()}
    assert needing["dashboard"] is needing["applicant"] is benchmark._check_browser
    assert needing["api"] is benchmark._check_load_tool

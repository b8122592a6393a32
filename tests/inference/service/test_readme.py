"""The README's own lines, run as they stand against a service: each must do what it says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from data.definition.reading import read_definition
from data.home_credit import HOME_CREDIT_TOML
from data.settings import ROOT
from inference.model.session import ScoringSession

if TYPE_CHECKING:
    from tests.inference.service.conftest import Running

EXAMPLE = dict(read_definition(HOME_CREDIT_TOML).example)

EXAMPLE_FILE = ROOT / "docs" / "application.json"
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)


def at(service: Running, text: str) -> str:
    return text.replace("localhost:8000", f"localhost:{service.port}")


def curl_lines() -> list[str]:
    text = "".join(block for block in blocks("sh") if "curl" in block)
    # A line that ends in a backslash goes on in the next one.
    return text.replace("\\\n", " ").splitlines()


def test_every_curl_line_is_answered(
    service: Running, session: ScoringSession, table: pl.DataFrame, tmp_path: Path
) -> None:
    table.head(20).write_csv(tmp_path / "applications.csv")
    (tmp_path / "docs").mkdir()
    shutil.copy(EXAMPLE_FILE, tmp_path / "docs")
    said = {}
    for line in curl_lines():
        assert line.startswith("curl -s ")
        command = at(service, line.replace("curl -s", "curl -s --fail-with-body", 1))
        shown = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert shown.returncode == 0, shown.stdout + shown.stderr
        said[line.split()[2].removeprefix("localhost:8000")] = shown.stdout
    assert json.loads(EXAMPLE_FILE.read_text(encoding="utf-8")) == {"application": EXAMPLE}
    assert json.loads(said["/v1/score"])["default_probability"] == session.score(EXAMPLE)
    assert len(json.loads(said["/v1/explain"])["contributions"]) == len(session.features.sources)
    assert pl.read_csv(tmp_path / "scores.csv")["SK_ID_CURR"].to_list() == table["SK_ID_CURR"].head(20).to_list()
    assert said.keys() == {
        "/v1/score",
        "/v1/explain",
        "/v1/score/batch",
        "/health/ready",
        "/v1/model",
        "/metrics",
    }


def test_the_client_runs_and_is_typed(service: Running, session: ScoringSession, tmp_path: Path) -> None:
    (text,) = blocks("python")
    path = tmp_path / "client.py"
    path.write_text(at(service, text), encoding="utf-8")
    shown = subprocess.run([sys.executable, path], cwd=ROOT, capture_output=True, text=True, check=True)
    pd = session.score({**EXAMPLE, "AMT_CREDIT": 450_000})
    assert shown.stdout == f"{pd:.2%} {'decline' if pd >= session.manifest.cutoff else 'approve'}\n"
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", "", path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_the_client_says_why_an_application_is_refused(service: Running, tmp_path: Path) -> None:
    (text,) = blocks("python")
    path = tmp_path / "client.py"
    path.write_text(at(service, text).replace("450_000", "-1"), encoding="utf-8")
    shown = subprocess.run([sys.executable, path], cwd=ROOT, capture_output=True, text=True, check=False)
    assert shown.returncode == 1
    assert (
        "Refused: /application/AMT_CREDIT: Credit amount (AMT_CREDIT) is -1; expected a number from 1" in shown.stderr
    )

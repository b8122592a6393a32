"""Portfolios on which nothing can be trained: shown by a score that the table brings, or said to lack both."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data.definition.errors import DefinitionError
from data.predictions.table import read_source
from data.settings import ROOT, load_settings
from inference.publishing.pipeline import build
from scripts._kills import quiet
from scripts._visitor import visiting
from scripts.benchmarks.server import dashboard_command, free_port, serving

COLUMNS = """
name = "Scored loans"
[table]
file = "loans.csv"
[columns.loan]
kind = "id"
[columns.income]
kind = "numeric"
minimum = 0
maximum = 200
[columns.shop]
kind = "category"
levels = ["a", "b"]
[columns.score]
kind = "numeric"
nullable = true
[roles]
id = "loan"
"""
OUTCOME = '[outcome]\ncolumn = "status"\nbad = ["bad"]\ngood = ["good"]\n'


def make_loans(scores: list[float | None], status: list[str] | None = None) -> pl.DataFrame:
    n = len(scores)
    table = {
        "loan": [f"L{row}" for row in range(n)],
        "income": np.linspace(1, 100, n).round(1),
        "shop": ["a", "b"] * (n // 2),
        "score": scores,
    }
    return pl.DataFrame(table if status is None else {**table, "status": status})


def portfolio(folder: Path, table: pl.DataFrame, said: str) -> Path:
    table.write_csv(folder / "loans.csv")
    (folder / "portfolio.toml").write_text(COLUMNS + said, encoding="utf-8")
    return folder


def built(folder: Path) -> tuple[pl.DataFrame, tuple[str, ...]]:
    settings = load_settings({"SCOREROOM_PORTFOLIO": str(folder)})
    steps = build(settings, quiet)
    assert build(settings, quiet) == ()
    return pl.read_parquet(settings.predictions), steps


@pytest.mark.parametrize(
    ("kind", "higher", "scores", "wanted"),
    [
        ("probability", "riskier", [0.1, 0.9, None, 0.5], [0.1, 0.9, 0.5]),
        ("probability", "safer", [0.1, 0.9, None, 0.5], [0.9, 0.1, 0.5]),
        ("percent", "riskier", [1.0, 25.0, 101.0, 50.0], [0.01, 0.25, 0.5]),
        ("log-odds", "riskier", [0.0, math.log(3), -800.0, None], [0.5, 0.75, 0.0]),
        ("log-odds", "safer", [0.0, math.log(3), None, -math.log(3)], [0.5, 0.25, 0.75]),
    ],
)
def test_a_score_becomes_pds_as_its_kind_says(
    kind: str, higher: str, scores: list[float | None], wanted: list[float], tmp_path: Path
) -> None:
    said = f'[scores.old]\ncolumn = "score"\nkind = "{kind}"\nhigher = "{higher}"\n'
    frame, steps = built(portfolio(tmp_path, make_loans(scores), said))
    assert steps == ("applications", "predictions", "quality")
    assert frame["default_probability"].to_list() == pytest.approx(wanted, abs=1e-12)
    kept = [f"L{row}" for row, score in enumerate(scores) if score is not None and score != 101]
    assert frame["application_id"].to_list() == kept
    assert frame["is_default"].null_count() == len(wanted)
    source = read_source(tmp_path / "predictions.parquet")
    assert (source.is_imported, source.has_outcomes) == (True, False)
    assert any("1 of 4 applications have no usable score" in notice for notice in source.notices)


@pytest.mark.parametrize(("n_bad", "is_trained"), [(10, False), (24, False), (25, True)])
def test_too_few_outcomes_show_the_score_and_enough_train(n_bad: int, is_trained: bool, tmp_path: Path) -> None:
    n, n_open = 200, 20
    status = ["bad"] * n_bad + ["good"] * (n - n_bad - n_open) + ["open"] * n_open
    said = '[scores.old]\ncolumn = "score"\n' + OUTCOME
    scores: list[float | None] = np.linspace(0.01, 0.99, n).round(3).tolist()
    frame, steps = built(portfolio(tmp_path, make_loans(scores, status), said))
    assert steps == (
        ("applications", "predictions", "contributions", "quality")
        if is_trained
        else ("applications", "predictions", "quality")
    )
    assert (frame.height, frame["is_default"].null_count()) == (n, n_open)
    assert frame["is_default"].sum() == n_bad
    # Trained out-of-fold PDs are the predictions; the table's score stays a column.
    assert frame["default_probability"].equals(pl.Series(scores), check_names=False) is not is_trained
    assert frame["fold"].null_count() == (n_open if is_trained else n)
    source = read_source(tmp_path / "predictions.parquet")
    assert (source.is_imported, source.has_outcomes, source.n_open) == (not is_trained, True, n_open)


@pytest.mark.parametrize(
    ("bad", "good", "status"),
    [
        ("1", "0", ["1.0", "0.0"]),
        ("true", "false", ["true", "false"]),
        ("True", "False", ["True", "False"]),
        ("Charged Off", "Fully Paid", [" Charged Off ", "Fully Paid"]),
    ],
)
def test_outcomes_are_read_however_they_are_written(bad: str, good: str, status: list[str], tmp_path: Path) -> None:
    said = f'[scores.old]\ncolumn = "score"\n[outcome]\ncolumn = "status"\nbad = ["{bad}"]\ngood = ["{good}"]\n'
    frame, _ = built(portfolio(tmp_path, make_loans([0.2, 0.4] * 5, status * 5), said))
    assert frame["is_default"].to_list() == [True, False] * 5


@pytest.mark.parametrize("status", ["good", "open"])
def test_without_any_bad_outcome_or_any_at_all_the_build_is_refused(status: str, tmp_path: Path) -> None:
    portfolio(tmp_path, make_loans([0.2, 0.4], [status] * 2), '[scores.old]\ncolumn = "score"\n' + OUTCOME)
    with pytest.raises(DefinitionError, match=f"outcome.bad lists no value that occurs in status; there are {status}"):
        build(load_settings({"SCOREROOM_PORTFOLIO": str(tmp_path)}), quiet)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["loans.csv", "portfolio.toml"]


@pytest.fixture(scope="module", name="scored")
def fixture_scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scores: list[float | None] = np.random.default_rng(1).beta(2, 8, 300).round(4).tolist()
    return portfolio(tmp_path_factory.mktemp("scored"), make_loans(scores), '[scores.old]\ncolumn = "score"\n')


def shown_at(folder: Path) -> Iterator[str]:
    port = free_port()
    with serving(dashboard_command(port, ["--portfolio", str(folder)]), port) as server:
        yield server.address


def test_without_outcomes_the_dashboard_shows_what_pds_alone_say(scored: Path) -> None:
    for address in shown_at(scored):
        with visiting(address) as visitor:
            overview = visitor.run()
            assert not {"discrimination", "calibration", "cutoff", "segments"} & set(visitor.pages)
            assert {"stability", "applications"} <= set(visitor.pages)
            for page in visitor.pages:
                assert visitor.run(page).exceptions == []
            assert {"Mean PD", "Approval rate"} <= set(overview.metrics)
            assert not {"Default rate", "Bad rate", "ROC AUC"} & set(overview.metrics)
            assert overview.shows("outcomes not known")
            assert not overview.shows("0 defaults")
            assert not visitor.run("applications").shows("Repaid")
            # No build makes what cannot be trained.
            for page in ("score-file", "model-card", "explanation"):
                screen = visitor.run(page)
                assert screen.shows("No model was trained\\\\: the definition names no outcome")
                assert not screen.shows("make build")
    done = command("scripts.evaluate", "--portfolio", str(scored), "--json", str(scored.parent / "out.json"))
    assert done.returncode == 0, done.stderr
    found = json.loads((scored.parent / "out.json").read_bytes())
    assert found["n_open"] == found["n_applications"] > 0
    assert found["roc_auc"]["reason"] == "not defined because no outcome of these applications is known yet"
    done = command("scripts.score", "--portfolio", str(scored), "--in", str(scored / "loans.csv"), "--out", "o.csv")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("No model was trained: the definition names no outcome")


def test_with_neither_the_build_and_the_page_say_what_to_add(tmp_path: Path) -> None:
    said = '[scores.old]\ncolumn = "score"\nkind = "points"\nhigher = "safer"\n'
    folder = portfolio(tmp_path, make_loans([610.0, 700.0] * 10), said)
    done = command("scripts.build", "--portfolio", str(folder))
    wanted = "Scores in points (old) are no probabilities"
    assert (done.returncode, wanted in done.stdout, "Built applications and quality." in done.stdout) == (0, True, True)
    for address in shown_at(folder):
        with visiting(address) as visitor:
            page = visitor.run()
            assert page.exceptions == []
            assert page.shows(wanted)
            assert (page.metrics["Applications"], page.metrics["Columns"]) == ("20", "4")


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False)

"""A table of somebody's own on its way through the real commands: described, built, evaluated, served and scored."""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from dashboard.app import PAGES
from data.definition.reading import read_definition
from data.predictions.scores import exact_scores
from data.settings import ROOT, load_settings
from inference.model.judgement import DECLINE
from inference.model.session import ScoringSession
from scripts._visitor import visiting
from scripts.benchmarks.api import Bodies
from scripts.benchmarks.inference import Published, measure_product
from scripts.benchmarks.server import dashboard_command, free_port, service_command, serving

N_ROWS = 2_000
STATUS = ("Charged Off", "Default", "Fully Paid", "Current")
SPECIAL = (-9, -7)
PARQUET = "application/vnd.apache.parquet"
# From the file on, nothing but these lines is typed by hand.
EDITED = {'currency = ""': 'currency = "EUR"', 'kind = "date"': 'kind = "date"\ncohort = true'}


def make_table() -> pl.DataFrame:
    """Ten columns: text ids, dates, an outcome in words with open rows, special codes, odd names, one protected."""
    random = np.random.default_rng(4)
    income, amount = np.round(random.lognormal(10, 0.5, N_ROWS)), np.round(random.lognormal(9, 0.6, N_ROWS))
    debt = np.round(random.gamma(2, 800, N_ROWS)) + 10
    code = random.random(N_ROWS)
    debt = np.where(code < 0.05, SPECIAL[0], np.where(code < 0.08, SPECIAL[1], debt))
    purpose, late = random.choice(["car", "home", 'it\'s "other"', "études"], N_ROWS), random.poisson(0.4, N_ROWS)
    risk = -1 + 1.2 * np.log(amount / income) + 0.6 * late + 0.4 * (purpose == "car")
    is_bad = random.random(N_ROWS) < 1 / (1 + np.exp(-risk))
    status = np.where(is_bad, random.choice(STATUS[:2], N_ROWS), STATUS[2])
    status = np.where(random.random(N_ROWS) < 0.1, STATUS[3], status)
    days = [date(2022, 1, 1) + timedelta(days=int(day)) for day in random.integers(0, 730, N_ROWS)]
    return pl.DataFrame(
        {
            "loan_id": [f"L{row:06d}" for row in range(N_ROWS)],
            "applied_on": days,
            "income": income,
            "loan amount": amount,
            "term": random.choice([12, 24, 36, 60], N_ROWS),
            "debt": debt,
            "purpose": purpose,
            "late.payments": late,
            "gender": random.choice(["f", "m"], N_ROWS),
            "status": status,
        }
    )


def command(*words: str) -> str:
    """What a command of the project prints."""
    done = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module", name="table")
def fixture_table() -> pl.DataFrame:
    return make_table()


@pytest.fixture(scope="module", name="folder")
def fixture_folder(table: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The portfolio's folder, described and built by the commands."""
    place = tmp_path_factory.mktemp("walk")
    table.write_csv(place / "loans.csv")
    folder = place / "my portfolio"
    command("scripts.describe", str(place / "loans.csv"), "--out", str(folder))
    text = (folder / "portfolio.toml").read_text()
    for before, after in EDITED.items():
        assert text.count(before) == 1
        text = text.replace(before, after)
    (folder / "portfolio.toml").write_text(text)
    command("scripts.build", "--portfolio", str(folder))
    return folder


@pytest.fixture(scope="module", name="dashboard")
def fixture_dashboard(folder: Path) -> Iterator[str]:
    port = free_port()
    with serving(dashboard_command(port, ["--portfolio", str(folder)]), port) as server:
        yield server.address


def test_what_was_guessed_is_what_the_table_is(folder: Path) -> None:
    definition = read_definition(folder / "portfolio.toml")
    assert definition.outcome is not None
    assert (definition.id, definition.target, definition.roles.date) == ("loan_id", "status", "applied_on")
    assert (set(definition.outcome.bad), set(definition.outcome.good)) == ({STATUS[0], STATUS[1]}, {STATUS[2]})
    assert definition.roles.exposure == "loan amount"
    assert definition.protected == ("gender",)
    assert set(definition.features.columns) == {"income", "loan amount", "term", "debt", "purpose", "late.payments"}
    assert set(definition.column("debt").special_values) == set(SPECIAL)


def test_the_model_is_measured_on_rows_with_an_outcome_alone(folder: Path, table: pl.DataFrame) -> None:
    manifest = json.loads((folder / "models" / "champion" / "manifest.json").read_bytes())
    predictions = pl.read_parquet(folder / "predictions.parquet")
    known = table.filter(pl.col("status") != STATUS[3])
    assert predictions["application_id"].to_list() == table["loan_id"].to_list()
    outcomes = table.select(pl.when(pl.col("status") != STATUS[3]).then(pl.col("status").is_in(STATUS[:2])))
    assert predictions["is_default"].to_list() == outcomes.to_series().to_list()
    assert predictions["fold"].is_null().equals(predictions["is_default"].is_null(), check_names=False)
    resolved = predictions.drop_nulls("is_default")
    auc = roc_auc_score(resolved["is_default"], resolved["default_probability"])
    assert manifest["metrics"]["oof_auc"] == pytest.approx(auc, abs=1e-4)
    assert auc > 0.7
    dates = known["applied_on"].sort(descending=True)
    first = date.fromisoformat(manifest["first_later"])
    # The latest dates that hold a fifth of the rows, none of them a day too many.
    assert (dates >= first).sum() == manifest["metrics"]["oot_rows"] >= 0.2 * known.height > (dates > first).sum()


def test_a_cohort_is_cut_by_days(folder: Path, table: pl.DataFrame, tmp_path: Path) -> None:
    out = tmp_path / "evaluation.json"
    where = "applied_on=2022-02-15..2022-05-20"
    command("scripts.evaluate", "--portfolio", str(folder), "--json", str(out), "--where", where)
    found = json.loads(out.read_bytes())
    inside = table.filter(pl.col("applied_on").is_between(date(2022, 2, 15), date(2022, 5, 20)))
    assert (found["n_applications"], found["n_open"], found["n_defaults"]) == (
        inside.height,
        (inside["status"] == STATUS[3]).sum(),
        inside["status"].is_in(STATUS[:2]).sum(),
    )
    # The predictions carry the quarter, as a level; days are read from the table.
    assert found["where"] == [where.replace("=", "~day=")]
    quarters = pl.read_parquet(folder / "predictions.parquet")["applied_on"].cast(pl.String)
    in_first = table.filter(pl.col("applied_on") < date(2022, 4, 1))
    assert (quarters == "2022-Q1").sum() == in_first.height


def test_a_second_build_has_nothing_to_do(folder: Path) -> None:
    assert "up to date" in command("scripts.build", "--portfolio", str(folder))


def test_open_applications_are_scored_and_counted(folder: Path, table: pl.DataFrame, tmp_path: Path) -> None:
    command("scripts.evaluate", "--portfolio", str(folder), "--json", str(tmp_path / "out.json"))
    is_open = table["status"] == STATUS[3]
    found = json.loads((tmp_path / "out.json").read_bytes())
    assert (found["n_open"], found["n_applications"]) == (is_open.sum(), N_ROWS)
    predictions = pl.read_parquet(folder / "predictions.parquet")
    assert found["approved"] == (predictions["default_probability"] < found["cutoff"]).sum()
    # The model did not see them: their PDs are its own.
    settings = load_settings({"SCOREROOM_PORTFOLIO": str(folder)})
    session = ScoringSession.open(settings.model, read_definition(folder / "portfolio.toml"))
    own = session.score_frame(pl.read_parquet(settings.applications).filter(is_open))
    assert predictions["default_probability"].filter(is_open).to_list() == exact_scores(pl.Series(own)).to_list()


def test_pages_say_what_is_open_and_what_follows_from_it(dashboard: str, table: pl.DataFrame) -> None:
    n_open = f"{(table['status'] == STATUS[3]).sum():,}"
    with visiting(dashboard) as visitor:
        assert visitor.run("").shows(f"{n_open} open")
        assert visitor.run("segments").exceptions == []
        # Of these nobody knows anything: pages that compare with outcomes say so, the others show them.
        for page in list(visitor.pages):
            shown = visitor.run(page, {"f.observed": "Open"})
            assert shown.exceptions == [], page
        assert visitor.run("calibration", {"f.observed": "Open"}).shows("No outcome of these applications is known yet")
        assert visitor.run("", {"f.observed": "Open"}).metrics["Applications"] == n_open


def test_every_page_is_written(dashboard: str) -> None:
    with visiting(dashboard) as visitor:
        visitor.run()
        assert len(visitor.pages) == len(PAGES)
        for page in list(visitor.pages):
            assert visitor.run(page).exceptions == []
        amounts = [body for body in visitor.run("").metrics.values() if "EUR" in body]
        assert len(amounts) == 1
        segments = visitor.run("segments", {"seg.column": "debt"})
        assert segments.shows("-9") or segments.shows("special")


def test_one_applicant_is_explained_and_recorded(dashboard: str, folder: Path) -> None:
    row = pl.read_parquet(folder / "predictions.parquet").row(3, named=True)
    with visiting(dashboard) as visitor:
        visitor.run()
        for tab in ("Why", "Decision", "Sensitivity", "People like this one", "Scenarios", "Record"):
            shown = visitor.run("applicant", {"applicant": row["application_id"], "appl.tab": tab})
            assert shown.exceptions == []
            assert shown.shows(row["application_id"])


def test_a_file_is_scored_alike_by_page_command_and_service(
    dashboard: str, folder: Path, table: pl.DataFrame, tmp_path: Path
) -> None:
    some = table.head(40).drop("status", "gender")
    some.write_csv(tmp_path / "new.csv")
    command(
        "scripts.score", "--portfolio", str(folder), "--in", str(tmp_path / "new.csv"), "--out", str(tmp_path / "o.csv")
    )
    scored = pl.read_csv(tmp_path / "o.csv")
    assert scored["loan_id"].to_list() == some["loan_id"].to_list()
    with visiting(dashboard) as visitor:
        visitor.run("score-file")
        dropped = visitor.drop("score-file", "new.csv", (tmp_path / "new.csv").read_bytes())
        assert dropped is not None
        assert dropped.exceptions == []
    port = free_port()
    with serving(service_command(port), port, "/health/live", SCOREROOM_PORTFOLIO=str(folder)) as server:
        rows = [{**row, "applied_on": row["applied_on"].isoformat()} for row in some.iter_rows(named=True)]
        answer = httpx.post(f"{server.address}/v1/score/batch", json={"applications": rows}, timeout=60)
        assert answer.status_code == 200, answer.text
        document = httpx.get(f"{server.address}/openapi.json", timeout=60).text
        tables = {
            kind: httpx.post(
                f"{server.address}/v1/score/batch", content=content, headers={"content-type": kind}, timeout=60
            )
            for kind, content in (("text/csv", (tmp_path / "new.csv").read_bytes()), (PARQUET, parquet_of(some)))
        }
        declined = next(
            row for row, each in zip(rows, answer.json()["scores"], strict=True) if each["decision"] == DECLINE
        )
        explained = explain(server.address, declined)
    check_explanation(explained, declined)
    for kind, table_answer in tables.items():
        assert table_answer.status_code == 200, table_answer.text
        read = pl.read_parquet if kind == PARQUET else pl.read_csv
        found = read(io.BytesIO(table_answer.content))
        assert found["loan_id"].to_list() == some["loan_id"].to_list()
        assert found["default_probability"].to_list() == pytest.approx(
            scored["default_probability"].to_list(), abs=1e-9
        )
    pds = [each["default_probability"] for each in answer.json()["scores"]]
    assert pds == pytest.approx(scored["default_probability"].to_list(), abs=1e-9)
    assert "late.payments" in document
    assert "SK_ID_CURR" not in document


def parquet_of(frame: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


def explain(address: str, row: Mapping[str, object]) -> dict[str, Any]:
    """The answer of /v1/explain, once what it needs is loaded behind the start."""
    until = time.monotonic() + 60
    while True:
        answer = httpx.post(f"{address}/v1/explain", json={"application": row}, timeout=60)
        if answer.status_code == 200:
            return dict(answer.json())
        assert answer.status_code == 503, answer.text
        assert time.monotonic() < until, answer.text
        time.sleep(0.1)


def check_explanation(explained: Mapping[str, Any], row: Mapping[str, object]) -> None:
    """Its parts add up to the log-odds of its PD, say the row's own values, and give the reasons for declining."""
    parts = {each["field"]: each for each in explained["contributions"]}
    assert set(parts) == {"income", "loan amount", "term", "debt", "purpose", "late.payments"}
    assert sum(each["log_odds"] for each in parts.values()) + explained["base_log_odds"] == pytest.approx(
        explained["log_odds"], abs=1e-5
    )
    assert 1 / (1 + math.exp(-explained["log_odds"])) == pytest.approx(explained["default_probability"], abs=1e-6)
    assert parts["income"]["value"] == row["income"]
    assert 1 <= len(explained["principal_reasons"]) <= 4
    assert explained["n_compared"] > 0


def test_the_benchmark_says_what_it_measures_of_the_embedded_portfolio_alone(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.benchmark", "data", "dashboard", "--portfolio", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("dashboard: measured on the embedded portfolio alone")


def test_the_benchmark_reads_a_table_of_ones_own(folder: Path) -> None:
    settings = load_settings({"SCOREROOM_PORTFOLIO": str(folder), "SCOREROOM_ALLOW_PICKLE": "1"})
    scored = Published.read(settings)
    assert scored.matrix.shape == (N_ROWS, 6)
    assert measure_product(scored, n=20, rounds=1)["applicants"] == 20
    bodies = Bodies.read(settings, 50)
    assert len(bodies.texts) == 50
    assert json.loads(bodies.texts[0])["application"]["applied_on"].count("-") == 2


def test_a_backup_brings_the_portfolio_back(folder: Path, tmp_path: Path) -> None:
    kept = {name: (folder / name).read_bytes() for name in ("predictions.parquet", "portfolio.toml")}
    command("scripts.backup", "--portfolio", str(folder), str(tmp_path / "kept.tar"))
    (folder / "predictions.parquet").unlink()
    command("scripts.restore", "--portfolio", str(folder), str(tmp_path / "kept.tar"))
    assert {name: (folder / name).read_bytes() for name in kept} == kept
    assert "up to date" in command("scripts.build", "--portfolio", str(folder))


def test_an_outcome_that_the_table_does_not_have_is_refused(folder: Path, tmp_path: Path) -> None:
    text = (folder / "portfolio.toml").read_text().replace('"Fully Paid"', '"Paid back"')
    (tmp_path / "portfolio.toml").write_text(text.replace("../loans.csv", str(folder.parent / "loans.csv")))
    done = subprocess.run(
        [sys.executable, "-m", "scripts.build", "--portfolio", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "outcome.good is Paid back, and no row of status says that" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["portfolio.toml"]

"""A portfolio of one's own whose definition was edited: what is built again, and the way back by the real command."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data.settings import ROOT, Settings, load_settings
from inference.model.artifact import Manifest
from inference.model.session import ScoringSession
from inference.publishing.pipeline import build
from scripts._kills import quiet

TOML = """
name = "Own loans"
[table]
file = "loans.csv"
[outcome]
column = "status"
bad = ["bad"]
good = ["good"]
[roles]
id = "loan"
[columns.income]
label = "Income"
kind = "numeric"
minimum = 0
maximum = 200
cohort = true
[columns.amount]
kind = "numeric"
minimum = 0
maximum = 200
[columns.shop]
kind = "category"
levels = ["a", "b"]
[features]
columns = ["income", "amount", "shop"]
[features.monotone]
income = "falling"
"""


def make_loans(n_rows: int = 800) -> pl.DataFrame:
    """Loans whose outcome follows income; every tenth is late, which counts as good at first."""
    random = np.random.default_rng(5)
    income, amount = random.uniform(1, 99, n_rows).round(1), random.uniform(1, 99, n_rows).round(1)
    is_bad = random.random(n_rows) < 1 / (1 + np.exp(income / 25 - 1))
    status = np.where(is_bad, "bad", np.where(np.arange(n_rows) % 10 == 0, "late", "good"))
    return pl.DataFrame(
        {
            "loan": [f"L{row}" for row in range(n_rows)],
            "status": status,
            "income": income,
            "amount": amount,
            "shop": random.choice(["a", "b"], n_rows),
        }
    )


@pytest.fixture(scope="module", name="template")
def fixture_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own") / "template"
    folder.mkdir()
    make_loans().write_csv(folder / "loans.csv")
    (folder / "portfolio.toml").write_text(TOML, encoding="utf-8")
    assert build(settings_of(folder), quiet) == ("applications", "predictions", "contributions", "quality")
    return folder


@pytest.fixture(name="own")
def fixture_own(template: Path, tmp_path: Path) -> Settings:
    return settings_of(Path(shutil.copytree(template, tmp_path / "own")))


def settings_of(folder: Path) -> Settings:
    return load_settings({"SCOREROOM_PORTFOLIO": str(folder)})


def edit(own: Settings, before: str, after: str) -> None:
    text = own.definition.read_text(encoding="utf-8")
    assert text.count(before) == 1
    own.definition.write_text(text.replace(before, after), encoding="utf-8")


def written(own: Settings) -> dict[str, tuple[bytes, int]]:
    files = [own.applications, own.contributions, *(own.model / name for name in ("model.onnx", "model.txt"))]
    return {path.name: (path.read_bytes(), path.stat().st_ino if path.parent != own.model else 0) for path in files}


def pds(own: Settings) -> pl.DataFrame:
    return pl.read_parquet(own.predictions).select("application_id", "default_probability", "fold")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('label = "Income"', 'label = "Yearly income"\nunit = "currency a year"\ngroup = "Means"\ndescription = "x"'),
        ('name = "Own loans"', 'name = "Loans"\ncurrency = "EUR"'),
    ],
)
def test_words_of_a_definition_train_nothing(own: Settings, before: str, after: str) -> None:
    files, predicted, manifest = written(own), pds(own), Manifest.load(own.model)
    edit(own, before, after)
    assert build(own, quiet) == ("predictions",)
    assert written(own) == files
    assert pds(own).equals(predicted)
    restated = Manifest.load(own.model)
    assert restated.definition.digest != manifest.definition.digest
    assert restated.definition.training_digest == manifest.definition.training_digest
    assert restated.metrics == manifest.metrics
    assert build(own, quiet) == ()
    session = ScoringSession.open_built(own)
    assert session.definition.digest == restated.definition.digest
    assert session.manifest.features[0].label == session.definition.column("income").label
    assert not (own.processed / "previous").exists()


def test_other_cohort_columns_need_no_training(own: Settings) -> None:
    files, predicted = written(own), pds(own)
    edit(own, "cohort = true", "cohort = false")
    assert build(own, quiet) == ("predictions",)
    assert "income" not in pl.read_parquet_schema(own.predictions)
    assert written(own) == files
    assert pds(own).equals(predicted)


def test_another_direction_trains(own: Settings) -> None:
    edit(own, '[features.monotone]\nincome = "falling"\n', "")
    assert build(own, quiet) == ("predictions", "contributions")


def test_another_meaning_of_bad_trains_and_the_command_brings_the_model_before_back(own: Settings) -> None:
    before = pl.read_parquet(own.predictions)
    graph = (own.model / "model.onnx").read_bytes()
    # 10 % of the rows were open.
    is_late = make_loans()["status"] == "late"
    assert before["is_default"].is_null().to_list() == is_late.to_list()
    edit(own, 'bad = ["bad"]', 'bad = ["bad", "late"]')
    assert build(replace(own, seed=9), quiet) == ("applications", "predictions", "contributions", "quality")
    assert pl.read_parquet(own.predictions)["is_default"].count() == make_loans().height
    folder = str(own.portfolio)
    assert "builds are held" in command("scripts.rollback", "--portfolio", folder)
    assert (own.model / "model.onnx").read_bytes() == graph
    assert pl.read_parquet(own.predictions).equals(before)
    assert 'bad = ["bad"]' in own.definition.read_text()
    assert Manifest.load(own.model).definition.digest == ScoringSession.open_built(own).definition.digest
    assert "Nothing was built" in command("scripts.build", "--portfolio", folder)
    assert "no longer held" in command("scripts.rollback", "--portfolio", folder, "--forward")
    assert (own.model / "model.onnx").read_bytes() != graph
    assert 'bad = ["bad", "late"]' in own.definition.read_text()


def command(*words: str) -> str:
    """What a command of the project prints."""
    done = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout

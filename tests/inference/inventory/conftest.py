"""A small portfolio with a challenger; copied for each test that changes it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from data.settings import Settings, load_settings
from inference.inventory.challenger import Order, train_challenger
from inference.inventory.entry import ModelKind
from inference.publishing.pipeline import build
from scripts._kills import Portfolios, quiet, settings_in
from tests.made_loans import make_loans

SEED = Portfolios.SEEDS[1]
LEFT_OUT = "EXT_SOURCE_2"


DEFINITION = """
name = "Loans with scores"
[table]
file = "loans.csv"
[columns.loan]
kind = "id"
[columns.income]
kind = "numeric"
[columns.pd]
kind = "numeric"
[columns.odds]
kind = "numeric"
[columns.gaps]
kind = "numeric"
nullable = true
[columns.points]
kind = "numeric"
[columns.defaulted]
kind = "flag"
[roles]
id = "loan"
[outcome]
column = "defaulted"
bad = ["1"]
good = ["0"]
[features]
columns = ["income"]
[scores.bureau]
column = "pd"
[scores.logit]
column = "odds"
kind = "log-odds"
higher = "safer"
[scores.gaps]
column = "gaps"
[scores.points]
column = "points"
kind = "points"
"""


@pytest.fixture(scope="session")
def template(portfolios: Portfolios, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The later portfolio with the model `lean`, which does not see one column and keeps no direction."""
    place = tmp_path_factory.mktemp("inventory") / "work"
    settings = settings_in(Path(shutil.copytree(portfolios.template, place)), SEED)
    order = Order(ModelKind.LIGHTGBM, "lean", leave_out=(LEFT_OUT,), given={"trees": "30"}, is_constrained=False)
    train_challenger(settings, order, quiet)
    return place


@pytest.fixture(scope="session")
def untouched(template: Path) -> Settings:
    """That portfolio, for tests that change nothing."""
    return settings_in(template, SEED)


@pytest.fixture
def settings(template: Path, tmp_path: Path) -> Settings:
    """A copy of that portfolio."""
    return settings_in(Path(shutil.copytree(template, tmp_path / "work")), SEED)


@pytest.fixture
def contents() -> Callable[[Path], dict[str, bytes]]:
    """Reads every file in a folder."""
    return lambda folder: {
        str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.fixture(scope="session")
def loans(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A portfolio with a model of its own and four scores of the table."""
    folder = tmp_path_factory.mktemp("loans")
    pds = pl.col("pd")
    make_loans(600).select(
        "loan",
        "income",
        "pd",
        (-(pds / (1 - pds)).log()).alias("odds"),
        pl.when(pl.int_range(pl.len()) > 2).then(pds).alias("gaps"),
        (600 - 100 * pds).alias("points"),
        "defaulted",
    ).write_csv(folder / "loans.csv")
    (folder / "portfolio.toml").write_text(DEFINITION, encoding="utf-8")
    settings = load_settings({"SCOREROOM_PORTFOLIO": str(folder)})
    build(settings, quiet)
    return settings

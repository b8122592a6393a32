"""A small portfolio whose columns have gaps, a special value and levels, and models of every kind trained on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from data.definition.at_hand import load_definition
from data.settings import Settings, load_settings
from inference.features.definition_features import feature_set
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
kind = "numeric"
minimum = 0
maximum = 200
cohort = true
[columns.amount]
kind = "numeric"
minimum = 0
maximum = 200
[columns.age]
kind = "numeric"
minimum = 0
maximum = 100
[columns.shop]
kind = "category"
levels = ["a", "b", "c"]
[features]
columns = ["income", "amount", "age", "shop"]
[features.monotone]
income = "falling"
"""
N_ROWS = 900


def make_loans() -> pl.DataFrame:
    random = np.random.default_rng(5)
    # Few distinct values, so that some lie exactly on thresholds.
    income, amount, age = (random.integers(1, 60, N_ROWS).astype(float) for _ in range(3))
    shop = random.integers(0, 3, N_ROWS)
    is_bad = random.random(N_ROWS) < 1 / (1 + np.exp(income / 15 - amount / 30 + (shop == 2) - 0.5))
    gaps = random.random((2, N_ROWS)) < 0.1
    return pl.DataFrame(
        {
            "loan": [f"L{row}" for row in range(N_ROWS)],
            "status": np.where(is_bad, "bad", "good"),
            "income": income,
            "amount": pl.Series(amount).set(pl.Series(gaps[0]), None),
            "age": age,
            "shop": pl.Series(np.array(["a", "b", "c"])[shop]).set(pl.Series(gaps[1]), None),
        }
    )


@pytest.fixture(scope="session")
def built_loans(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The portfolio, built."""
    root = tmp_path_factory.mktemp("loans")
    (root / "portfolio.toml").write_text(TOML, encoding="utf-8")
    make_loans().write_csv(root / "loans.csv")
    settings = load_settings({**os.environ, "SCOREROOM_PORTFOLIO": str(root)})
    build(settings, quiet)
    return settings


# Tests of other files that this process runs are about other portfolios.
@pytest.fixture(scope="module")
def loans(built_loans: Settings) -> Iterator[Settings]:
    """The portfolio, in force for this process and those that it starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCOREROOM_PORTFOLIO", str(built_loans.portfolio))
        yield built_loans


@pytest.fixture(scope="session")
def matrix(built_loans: Settings) -> NDArray[np.float32]:
    """The features of all loans: income, amount, age and the place of the shop."""
    return feature_set(load_definition(built_loans)).matrix(pl.read_parquet(built_loans.applications))


@pytest.fixture(scope="session")
def target(built_loans: Settings) -> NDArray[np.int64]:
    """Whether each loan went bad."""
    return pl.read_parquet(built_loans.applications)["status"].cast(pl.Int64).to_numpy()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for model files."""
    return tmp_path

"""Further scores of a table are models too, as long as they are PDs of all rows; the others are said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data.settings import Settings, load_settings
from inference.inventory.entry import CHAMPION, InventoryError
from inference.inventory.store import delete, find_model, list_models, look_through, open_model, read_scores
from inference.publishing.pipeline import build
from scripts._kills import quiet
from tests.made_loans import make_loans

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


@pytest.fixture(scope="module")
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


def test_scores_of_the_table_are_listed_and_read(loans: Settings) -> None:
    entries, faults = look_through(loans)
    assert [(entry.name, entry.kind, entry.how) for entry in entries] == [
        (CHAMPION, "lightgbm", "out of fold"),
        ("bureau", "score", "as imported"),
        ("logit", "score", "as imported"),
    ]
    table = pl.read_csv(Path(loans.applications.parent) / "loans.csv")
    for name in ("bureau", "logit"):
        assert np.abs(read_scores(loans, name).to_numpy() - table["pd"].to_numpy()).max() < 1e-12
        assert not find_model(loans, name).can_score
    assert faults == {
        "gaps": "Score gaps (gaps) has no usable value in 3 of 600 rows and is not compared.",
        "points": "Score points (points) is in points, which are no probabilities.",
    }
    with pytest.raises(InventoryError, match="has no usable value in 3 of 600 rows"):
        read_scores(loans, "gaps")
    with pytest.raises(InventoryError, match="Only the scores of model 'bureau' are known"):
        open_model(loans, "bureau")
    with pytest.raises(InventoryError, match="no model called 'bureau'"):
        delete(loans, "bureau")


def test_the_embedded_table_brings_none(untouched: Settings) -> None:
    assert [entry.name for entry in list_models(untouched)] == [CHAMPION, "lean"]
    assert look_through(replace(untouched))[1] == {}

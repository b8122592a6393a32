"""What the benchmark's screens of a second model must show, and that they are left out without one."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from data.settings import Settings
from scripts.benchmarks.expected import GRID, Portfolio
from scripts.benchmarks.interactions import USUAL
from scripts.benchmarks.two_models import Challenger, of_two_models
from tests.dashboard.challengers import add_scores


def portfolio_of(*pds: float) -> Portfolio:
    return Portfolio(pl.DataFrame({"default_probability": pl.Series(pds, dtype=pl.Float32)}))


def test_those_swapped_in_are_approved_by_the_challenger_alone() -> None:
    cutoff = USUAL / GRID
    champion = portfolio_of(0.5, 0.5, cutoff, 0.01, 0.01)
    challenger = Challenger("other", portfolio_of(0.01, 0.5, 0.01, 0.5, cutoff))
    assert challenger.swapped(champion) == "2 applicants would be swapped in"


def test_the_first_other_model_is_timed_and_none_without_one(built: Settings, tmp_path: Path) -> None:
    settings = replace(built, processed=Path(shutil.copytree(built.processed, tmp_path / "processed")))
    portfolio = Portfolio.read(settings.predictions)
    assert of_two_models(settings, portfolio) == {}
    add_scores(settings, "flat", np.full(portfolio.height, 0.001))
    assert set(of_two_models(settings, portfolio)) == {"compare", "model"}

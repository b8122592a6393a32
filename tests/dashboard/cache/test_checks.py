"""Findings of the built portfolio: those of its counts, by the columns that are checked."""

from __future__ import annotations

import polars as pl

from dashboard import cache
from dashboard.cache.checks import checked_groups
from dashboard.cohort.filters import Filters, LevelFilter
from dashboard.visit.assumptions import assume
from data.settings import Settings


def test_groups_are_the_levels_of_categories_and_of_usual_columns(built: Settings) -> None:
    dataset = cache.open_dataset(cache.Location())
    groups = checked_groups(dataset, Filters())
    columns = {facts.group.column for facts in groups}
    assert {"CODE_GENDER", *cache.definition().screen.segments} <= columns
    assert not columns & {"pd_band", "fold_name", "observed", "default_probability"}
    women = cache.predictions(dataset).frame.filter(pl.col("CODE_GENDER") == "F")
    (facts,) = [each for each in groups if each.applications == women.height and each.group.column == "CODE_GENDER"]
    assert facts.defaults == women["is_default"].sum()
    below = women.filter(pl.col("default_probability").cast(pl.Float64) < 0.0909)
    assert facts.approvals(0.0909) == (below.height, below["is_default"].sum())


def test_a_cohort_of_one_level_is_no_segment_of_itself(built: Settings) -> None:
    chosen = Filters.of([LevelFilter("CODE_GENDER", ("F",))])
    dataset = cache.open_dataset(cache.Location())
    assert "CODE_GENDER" not in {facts.group.column for facts in checked_groups(dataset, chosen)}
    assert cache.findings(dataset, chosen, assume(0.0909)) is cache.findings(dataset, chosen, assume(0.0909))

"""Contributions that are kept: of the published model, and of its files as they are now."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from dashboard import cache
from dashboard.cohort.filters import Filters, LevelFilter
from data.settings import Settings
from data.store.records import CONTRIBUTIONS
from inference.explain.contributions import Contributions, load_contributions, write_contributions
from inference.model.artifact import MANIFEST
from scripts.damage.kinds import match_record

PENSIONERS = Filters.of([LevelFilter("NAME_INCOME_TYPE", ("Pensioner",))])


def reversed_rows(found: Contributions) -> Contributions:
    return replace(found, frame=found.frame.reverse())


def test_contributions_of_another_model_are_not_shown(copied: tuple[Settings, cache.Dataset]) -> None:
    settings, dataset = copied
    assert cache.explained(dataset).contributions is not None
    assert cache.contribution_sums(dataset, PENSIONERS) is not None
    write_contributions(replace(load_contributions(settings.contributions), digest="0" * 64), settings.contributions)
    match_record(settings, CONTRIBUTIONS, settings.contributions.name)
    assert cache.explained(dataset).contributions is None
    assert "belong to another model" in cache.explained(dataset).reason
    assert cache.contribution_sums(dataset, PENSIONERS) is None
    assert cache.feature_counts(dataset, PENSIONERS, ("DAYS_BIRTH",)) == ()


def test_contributions_without_a_model_are_not_shown(copied: tuple[Settings, cache.Dataset]) -> None:
    settings, dataset = copied
    (settings.model / MANIFEST).unlink()
    assert "There is no model" in cache.explained(dataset).reason


def test_nothing_of_the_last_contributions_outlasts_new_ones(
    copied: tuple[Settings, cache.Dataset], frame: pl.DataFrame
) -> None:
    settings, dataset = copied
    name = "DAYS_BIRTH"
    cache.contribution_sums(dataset, PENSIONERS)
    cache.feature_counts(dataset, PENSIONERS, (name,))
    changed = reversed_rows(load_contributions(settings.contributions))
    write_contributions(changed, settings.contributions)
    match_record(settings, CONTRIBUTIONS, settings.contributions.name)
    chosen = (frame["NAME_INCOME_TYPE"].cast(pl.String) == "Pensioner").to_numpy()
    wanted = int(changed.frame[name].to_numpy()[chosen].astype(np.int64).sum())
    sums = cache.contribution_sums(dataset, PENSIONERS)
    assert sums is not None
    assert sums.total[sums.names.index(name)] == wanted
    (counts,) = cache.feature_counts(dataset, PENSIONERS, (name,))
    assert counts.total.sum() == wanted

"""What is kept between runs: nothing that a new build made untrue, nothing copied that is large."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from dashboard import cache
from dashboard.filters import Filters, LevelFilter
from data.settings import Settings, load_settings
from inference.artifact import MANIFEST
from inference.contributions import Contributions, load_contributions, write_contributions

PENSIONERS = Filters.of([LevelFilter("NAME_INCOME_TYPE", ("Pensioner",))])


@pytest.fixture(name="copied")
def copy_of_what_was_built(
    built: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Settings, cache.Dataset]]:
    """A copy of the built portfolio that a test may change, and its dataset; the pages of this process show it."""
    for name, folder in (("PROCESSED", built.processed), ("MODEL", built.model)):
        shutil.copytree(folder, tmp_path / folder.name)
        monkeypatch.setenv(f"SCOREROOM_{name}", str(tmp_path / folder.name))
    cache.settings.clear()
    yield load_settings(), cache.open_dataset(cache.Location())
    cache.settings.clear()


def reversed_rows(found: Contributions) -> Contributions:
    return replace(found, frame=found.frame.reverse())


def test_contributions_of_another_model_are_not_shown(copied: tuple[Settings, cache.Dataset]) -> None:
    settings, dataset = copied
    assert cache.explained(dataset).contributions is not None
    assert cache.contribution_sums(dataset, PENSIONERS) is not None
    write_contributions(replace(load_contributions(settings.contributions), digest="0" * 64), settings.contributions)
    assert cache.explained(dataset).contributions is None
    assert "are of another model" in cache.explained(dataset).reason
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
    chosen = (frame["NAME_INCOME_TYPE"].cast(pl.String) == "Pensioner").to_numpy()
    wanted = int(changed.frame[name].to_numpy()[chosen].astype(np.int64).sum())
    sums = cache.contribution_sums(dataset, PENSIONERS)
    assert sums is not None
    assert sums.total[sums.names.index(name)] == wanted
    (counts,) = cache.feature_counts(dataset, PENSIONERS, (name,))
    assert counts.total.sum() == wanted


def test_counts_of_segments_are_shared_and_not_copied(built: Settings) -> None:
    dataset = cache.open_dataset(cache.Location())
    bins = cache.column_bins(dataset, "ORGANIZATION_TYPE", 10)
    assert cache.segment_counts(dataset, PENSIONERS, bins) is cache.segment_counts(dataset, PENSIONERS, bins)


def test_getting_ready_does_what_pages_would_do_first(
    copied: tuple[Settings, cache.Dataset], capfd: pytest.CaptureFixture[str]
) -> None:
    _, dataset = copied
    for cached in (cache.get_ready, cache.column_groups):
        cached.clear()
    cache.get_ready(dataset)
    groups, contributions = cache.column_groups(dataset), cache.explained(dataset).contributions
    assert contributions is not None
    # What was made ready is what is shown.
    assert cache.column_groups(dataset) is groups
    assert cache.explained(dataset).contributions is contributions
    assert cache.application_table()[1]["kind"] == "synthetic"
    assert "ScriptRunContext" not in capfd.readouterr().err


def test_getting_ready_is_no_error_where_files_are_missing(copied: tuple[Settings, cache.Dataset]) -> None:
    settings, dataset = copied
    settings.applications.unlink()
    settings.contributions.unlink()
    shutil.rmtree(settings.model)
    cache.get_ready.clear()
    cache.get_ready(dataset)

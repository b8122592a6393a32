"""What is kept between runs: nothing that a new build made untrue, nothing copied that is large."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.cohort.filters import Filters, LevelFilter
from data.home_credit import embedded
from data.settings import Settings
from data.store.records import APPLICATIONS, CONTRIBUTIONS, PREDICTIONS, FileRecord, keep
from inference.explain.contributions import Contributions, load_contributions, write_contributions
from inference.explain.sensitivity import sensitivity, sensitivity_map
from inference.model.artifact import MANIFEST
from scripts.damage.kinds import match_record, places

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


def test_what_a_field_moves_over_follows_a_new_application_table(
    copied: tuple[Settings, cache.Dataset], built: Settings
) -> None:
    settings, _ = copied
    table = pl.read_parquet(settings.applications)
    values = table.drop(embedded.ID, embedded.TARGET).row(17, named=True)
    names = "AMT_CREDIT", "AMT_ANNUITY"
    ranges = [cache.field_range(name).grid for name in names]
    curve, found = cache.curve_pds(values, names[0]), cache.map_pds(values, *names)
    table.with_columns(pl.col(names) / 3).write_parquet(settings.applications)
    match_record(settings, APPLICATIONS, settings.applications.name)
    made_from = {APPLICATIONS: FileRecord.of_file(settings.applications).sha256}
    keep(settings, PREDICTIONS, [settings.predictions.name], made_from)
    for name, before in zip(names, ranges, strict=True):
        grid = cache.field_range(name).grid
        assert grid[-1] == pytest.approx(before[-1] / 3, rel=0.01)  # type: ignore[operator]
        wanted = sensitivity(cache.open_session(), values, name, grid)
        assert cache.curve_pds(values, name).tolist() == wanted.tolist()
    grids = [(name, cache.field_range(name, cache.N_MAP).grid) for name in names]
    wanted = sensitivity_map(cache.open_session(), values, grids[0], grids[1])
    assert cache.map_pds(values, *names).tolist() == wanted.tolist()
    # They would tell the old ones from the new ones.
    assert curve.tolist() != cache.curve_pds(values, names[0]).tolist()
    assert found.tolist() != wanted.tolist()


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("predictions.parquet", "overview"),
        ("applications.parquet", "applicant"),
        ("model.onnx", "model-card"),
        ("contributions.parquet", "explanation"),
        ("portfolio.json", "overview"),
    ],
)
def test_a_page_says_in_one_sentence_what_is_damaged(
    copied: tuple[Settings, cache.Dataset], open_page: Callable[..., AppTest], name: str, page: str
) -> None:
    path = places(copied[0])[name]
    path.write_bytes(path.read_bytes()[:-100] + b"x" * 100)
    app = open_page(page)
    said = [each.value for kind in (app.error, app.info, app.warning, app.caption) for each in kind]
    assert [text for text in said if name in text.replace("\\", "") and "make build" in text]

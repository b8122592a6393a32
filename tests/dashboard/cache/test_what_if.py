"""What an application's PD would be, by the files as they are now."""

from __future__ import annotations

import polars as pl
import pytest

from dashboard import cache
from data.home_credit import embedded
from data.settings import Settings
from data.store.records import APPLICATIONS, PREDICTIONS, FileRecord, keep
from inference.explain.sensitivity import sensitivity, sensitivity_map
from scripts.damage.kinds import match_record


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

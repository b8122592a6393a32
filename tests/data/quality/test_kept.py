"""What is odd about a portfolio's applications, as a build keeps it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl

from data.files.convert import write_applications
from data.home_credit import embedded
from data.quality.kept import application_oddities, are_kept, keep_oddities, kept_oddities
from data.quality.oddities import Issue
from data.settings import load_settings
from data.store.records import APPLICATIONS, keep, load_record

DEFINITION = embedded.DEFINITION


def test_what_is_kept_is_what_is_found_until_table_or_ranges_are_others(
    make_table: Callable[..., pl.DataFrame], tmp_path: Path
) -> None:
    settings = load_settings({"SCOREROOM_PROCESSED": str(tmp_path)})
    table = make_table(500, seed=3)
    # A child of -1 years: outside of the definition's range in one row.
    table = table.with_columns(pl.when(pl.int_range(pl.len()) > 0).then("CNT_CHILDREN").otherwise(-1))
    table = table.with_columns(pl.col("CNT_CHILDREN").cast(DEFINITION.column("CNT_CHILDREN").dtype))
    write_applications(table, DEFINITION, settings.applications, {})
    keep(settings, APPLICATIONS, [settings.applications.name], {})
    assert kept_oddities(settings, DEFINITION) is None
    columns: list[tuple[int, int]] = []
    keep_oddities(settings, DEFINITION, lambda done, total: columns.append((done, total)))
    assert columns[0] == (0, table.width - 1)
    found = kept_oddities(settings, DEFINITION)
    assert found == application_oddities(settings, DEFINITION)
    assert found
    (odd,) = [each for each in found if (each.issue, each.column) == (Issue.RANGE, "CNT_CHILDREN")]
    assert odd.count == 1
    gaps = {each.column: each.count for each in found if each.issue is Issue.MISSING}
    assert gaps == {each.name: n for each in table if (n := each.null_count()) >= 25}

    renamed = tuple(replace(each, label="Other words") for each in DEFINITION.columns)
    assert are_kept(settings, load_record(settings), replace(DEFINITION, columns=renamed))
    wider = tuple(replace(each, minimum=-5) if each.name == "CNT_CHILDREN" else each for each in DEFINITION.columns)
    assert kept_oddities(settings, replace(DEFINITION, columns=wider)) is None
    settings.quality.write_bytes(settings.quality.read_bytes().replace(b"CNT_CHILDREN", b"CNT_CHILDREM"))
    assert kept_oddities(settings, DEFINITION) is None

"""What is odd about a portfolio's data: its applications where it has its own, else the columns of its predictions."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from dashboard import cache
from data.home_credit import embedded
from data.quality.kept import kept_oddities
from data.quality.oddities import Issue
from data.settings import Settings


def test_gaps_of_the_applications_are_counted(built: Settings) -> None:
    dataset = cache.open_dataset(cache.Location())
    found = {each.column: each for each in cache.oddities(dataset) if each.issue is Issue.MISSING}
    table = pl.read_parquet(built.applications).drop(embedded.TARGET, embedded.ID)
    missing = {name: n for name, n in table.null_count().row(0, named=True).items() if n >= table.height / 20}
    assert {name: each.count for name, each in found.items()} == missing
    assert not [each for each in cache.oddities(dataset) if each.issue in (Issue.LEAK, Issue.REPEATED_ID)]
    # Read, as the build wrote it down.
    assert cache.oddities(dataset) == kept_oddities(built, embedded.DEFINITION)


def test_imported_predictions_are_looked_at_by_their_own_columns(built: Settings, tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    rows = "".join(f"{n % 2},{(n % 89) / 100},{5 * (n % 2) + 1},{'' if n % 4 else n}\n" for n in range(400))
    path.write_text("target,pd,told,gaps\n" + rows)
    found = cache.oddities(cache.open_dataset(cache.Location(str(path))))
    assert [
        (each.issue, each.column, each.count, each.value) for each in found if each.issue is not Issue.REPEATED_ROWS
    ] == [
        (Issue.LEAK, "told", 400, 1.0),
        (Issue.MISSING, "gaps", 300, None),
    ]

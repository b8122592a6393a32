"""What is counted over cohorts, against Polars on the rows."""

from __future__ import annotations

from dashboard import cache
from dashboard.cohort.filters import Filters, LevelFilter
from data.settings import Settings

PENSIONERS = Filters.of([LevelFilter("NAME_INCOME_TYPE", ("Pensioner",))])


def test_counts_of_segments_are_shared_and_not_copied(built: Settings) -> None:
    dataset = cache.open_dataset(cache.Location())
    bins = cache.column_bins(dataset, "ORGANIZATION_TYPE", 10)
    assert cache.segment_counts(dataset, PENSIONERS, bins) is cache.segment_counts(dataset, PENSIONERS, bins)

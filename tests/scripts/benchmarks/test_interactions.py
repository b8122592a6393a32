from __future__ import annotations

from itertools import islice, pairwise
from types import SimpleNamespace
from typing import Any

import polars as pl

from dashboard.app import PAGES
from scripts.benchmarks import interactions
from scripts.benchmarks.interactions import FILTERED_BY, LEVELS_AT_ONCE, OF_NO_COHORT, SPAN


def test_the_cohort_is_looked_for_on_every_page_that_shows_one() -> None:
    assert set(OF_NO_COHORT) == {page.title for page in PAGES if not page.of_cohort}


def test_the_slider_goes_to_and_fro_by_single_steps() -> None:
    path = [5_000, *islice(interactions._to_and_fro(5_000), 4 * SPAN)]
    assert {abs(after - before) for before, after in pairwise(path)} == {1}
    assert (max(path), min(path), path[2 * SPAN], path[4 * SPAN]) == (5_000 + SPAN, 5_000, 5_000, 5_000)


def test_sets_of_levels_grow_by_one_and_begin_anew() -> None:
    portfolio: Any = SimpleNamespace(frame=pl.DataFrame({FILTERED_BY: [*"abcdefghi", None, "a"]}))
    sets = list(islice(interactions._growing_sets(portfolio), 8 * LEVELS_AT_ONCE))
    assert [len(each) for each in sets] == [1, 2, 3, 4] * 8
    for before, after in pairwise(sets):
        assert len(after) == 1 or after[:-1] == before
    assert {level for each in sets for level in each} == set("abcdefghi")

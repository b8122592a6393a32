"""What choosing a segment makes of a cohort; the card itself is tested with its page."""

from __future__ import annotations

from dashboard.cohort.filters import LevelFilter, RangeFilter
from dashboard.components.segment_card import narrowed


def test_a_cohort_cut_by_the_column_is_cut_further() -> None:
    held = RangeFilter("AGE", 30.0, 50.0)
    assert narrowed(held, RangeFilter("AGE", None, 35.0)) == RangeFilter("AGE", 30.0, 35.0)
    assert narrowed(held, RangeFilter("AGE", 45.0, None)) == RangeFilter("AGE", 45.0, 50.0)
    assert narrowed(None, held) == held
    both = narrowed(LevelFilter("C", ("a", "b")), LevelFilter("C", ("b", "c")))
    assert both == LevelFilter("C", ("b",))
    missing = RangeFilter("AGE", with_missing=True, beside_range=True)
    assert narrowed(held, missing) == missing

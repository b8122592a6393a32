"""Where a PD stands in a cohort: against counting the rows one by one."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.metrics.counts import ScoreCounts, exact_counts
from dashboard.metrics.placement import share_below


def counts_of(pds: list[float]) -> ScoreCounts:
    return exact_counts([False] * len(pds), pds)


def counted(pds: list[float], pd: float) -> float:
    """The share by going through the rows."""
    return float((sum(each < pd for each in pds) + sum(each == pd for each in pds) / 2) / len(pds))


@pytest.mark.parametrize(
    ("pds", "pd", "share"),
    [
        ([0.1, 0.2, 0.3, 0.4], 0.25, 0.5),
        ([0.1, 0.2, 0.3, 0.4], 0.05, 0.0),
        ([0.1, 0.2, 0.3, 0.4], 0.9, 1.0),
        # Half of itself.
        ([0.1, 0.2, 0.3, 0.4], 0.2, 0.375),
        ([0.2, 0.2, 0.2], 0.2, 0.5),
        ([0.20001, 0.20009], 0.20009, 0.75),
        ([0.0, 1.0], 0.0, 0.25),
        ([0.0, 1.0], 1.0, 0.75),
    ],
)
def test_the_share_of_those_with_a_lower_pd(pds: list[float], pd: float, share: float) -> None:
    assert share_below(counts_of(pds), pd) == share


probabilities = st.floats(0, 1, width=32)


@given(st.lists(probabilities, min_size=1, max_size=30), probabilities)
def test_counts_say_what_the_rows_say(pds: list[float], pd: float) -> None:
    assert share_below(counts_of(pds), pd) == pytest.approx(counted(pds, pd), abs=1e-12)


def test_of_a_portfolio_half_is_below_the_median(portfolio: pl.DataFrame, binned: ScoreCounts) -> None:
    pds = portfolio["default_probability"].to_list()
    # A group by rank holds a 16,384th of the rows, of which half may lie on the other side.
    for pd in (float(np.median(pds)), 0.003, 0.0909, 0.42):
        assert share_below(binned, pd) == pytest.approx(counted(pds, pd), abs=1 / 32_768)
    assert share_below(binned, float(np.median(pds))) == pytest.approx(0.5, abs=1 / 32_768)


def test_nobody_has_no_share() -> None:
    assert share_below(ScoreCounts.empty(), 0.5) is None

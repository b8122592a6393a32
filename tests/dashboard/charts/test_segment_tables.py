"""Segments as tables, against rates worked out by hand."""

from __future__ import annotations

import pytest

from dashboard.charts.segment_tables import tabulate_measure, tabulate_report
from dashboard.charts.template import Named
from dashboard.metrics.segments import Measure, Order
from tests.dashboard.charts.segment_reports import HAND, LONE


def test_table_holds_numbers_in_percent() -> None:
    table = tabulate_measure(HAND, measure=Measure.DEFAULT_RATE, order=Order.COLUMN, against=None)
    assert table["Default rate (%)"] == [pytest.approx(100 * rate) for rate in (50 / 2_100, 0.076, 1 / 6, 0.25)]
    assert table["Applications"] == [2_100, 5_000, 3_000, 12]
    assert table["Against other segments"][3] == "too few to conclude"
    assert "Default rate from (%)" in table
    assert "Mean PD from (%)" not in tabulate_measure(HAND, measure=Measure.MEAN_PD, order=Order.COLUMN, against=None)


def test_report_table_holds_every_measure() -> None:
    table = tabulate_report(HAND, order=Order.SIZE, measure=Measure.ROC_AUC, against=Named("Fold 1", LONE))
    assert table["Segment"] == ["middle", "<b>high</b>", "low", "few"]
    assert set(Measure) <= set(table)
    assert table["Default rate 95 %"][0] == "6.90–8.37"
    assert str(table["Difference from other segments 95 %"][0]).startswith("−")
    assert table["Fold 1: ROC AUC"][:2] == [None, None]
    assert {len(column) for column in table.values()} == {4}

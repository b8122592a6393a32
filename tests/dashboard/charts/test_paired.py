from __future__ import annotations

import numpy as np
import pytest

from dashboard.charts.paired import (
    MOST_SEGMENTS,
    NOT_TIMED,
    far_apart,
    plot_ranks,
    plot_segment_differences,
    plot_trade_off,
    tabulate_segments,
)
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.paired_agreement import RankGrid
from dashboard.metrics.paired_segments import SegmentDifference, SegmentDifferences

NAMES = ("champion", "scorecard")


def grid() -> RankGrid:
    applications = np.diag(np.full(10, 9.0))
    applications[0, 9] = 10
    return RankGrid(applications, applications / 10, applications)


def segment(name: str, value: float | None) -> SegmentDifference:
    found = Estimate.undefined("too few") if value is None else Estimate(value, value - 0.1, value + 0.1)
    return SegmentDifference("region", 0, name, 90, 20, None if value is None else (0.7, 0.7 + value), found)


def test_ranks_that_are_far_apart_are_counted() -> None:
    assert far_apart(grid()) == pytest.approx(10 / 100)
    chart = plot_ranks(grid(), NAMES, Estimate(0.9, 0.89, 0.91))
    assert chart.title == "Ranks correlate by 0.900; 10.0 % of applications are more than a fifth of all ranks apart"
    assert chart.figure.layout.xaxis.title.text.startswith("Rank in champion")
    # The first model's ranks run to the right.
    assert chart.figure.data[0].z[9][0] == pytest.approx(np.sqrt(10))
    assert sum(chart.frame()["Applications"]) == 100


def test_segments_have_their_intervals_and_those_not_compared_are_in_the_table_alone() -> None:
    found = SegmentDifferences((segment("north", -0.2), segment("south", 0.05), segment("islands", None)), 2)
    chart = plot_segment_differences(found, NAMES, str.title, "In 1 of 2 segments.")
    drawn = chart.figure.data[0]
    assert drawn.x.tolist() == pytest.approx([-0.2, 0.05])
    assert drawn.error_x.array.tolist() == pytest.approx([0.1, 0.1])
    assert drawn.marker.color[0] != drawn.marker.color[1]
    assert list(tabulate_segments(found.segments, NAMES, str.title)["Segment"]) == ["north", "south", "islands"]
    assert "all 2 segments at once" in chart.subtitle
    many = SegmentDifferences(tuple(segment(str(n), 0.1) for n in range(99)), 99)
    assert len(plot_segment_differences(many, NAMES, str, "Many.").figure.data[0].x) == MOST_SEGMENTS


def test_no_segment_to_compare_is_said() -> None:
    chart = plot_segment_differences(SegmentDifferences((), 0), NAMES, str, "No segment holds enough.")
    assert chart.figure.layout.annotations[0].text == "No segment holds enough"


def test_the_trade_off_names_the_best_and_the_fastest() -> None:
    rows = [
        {"name": "champion", "auc": 0.76, "auc_low": 0.75, "auc_high": 0.77, "microseconds_a_row": 60.0},
        {"name": "scorecard", "auc": 0.74, "auc_low": 0.73, "auc_high": 0.75, "microseconds_a_row": 12.0},
        {"name": "score", "auc": 0.70, "auc_low": 0.69, "auc_high": 0.71, "microseconds_a_row": None},
    ]
    chart = plot_trade_off(rows)
    assert chart.title == "By AUC, champion ranks best (0.760); scorecard is the fastest (12 µs an application)"
    assert chart.figure.data[0].x == (60.0, 12.0)
    assert chart.figure.data[0].textposition == ("middle left", "middle right")
    assert plot_trade_off(rows[:1]).title == "Only of champion is the speed known"
    alone = [{**rows[0], "microseconds_a_row": 5.0}, rows[1]]
    assert plot_trade_off(alone).title == "By AUC, champion ranks best; it is also the fastest"
    assert plot_trade_off(rows[2:]).figure.layout.annotations[0].text == NOT_TIMED

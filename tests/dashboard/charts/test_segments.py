from __future__ import annotations

import json

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboard.charts.segments import GOES_ON, MOST_DRAWN, plot_segments
from dashboard.charts.template import Named
from dashboard.metrics.counts import ScoreCounts
from dashboard.metrics.segments import Measure, Order, segment_report
from tests.dashboard.charts.segment_reports import HAND, LONE, counts, report_of


def by_name(figure: go.Figure) -> dict[str, go.Scatter]:
    return {trace.name: trace for trace in figure.data if trace.mode == "markers"}


def goes_on(figure: go.Figure) -> list[tuple[float, float, str]]:
    return [
        (float(x), float(y), text)
        for trace in figure.data
        if trace.mode == "text"
        for x, y, text in zip(trace.x, trace.y, trace.text, strict=True)
    ]


def notes(figure: go.Figure) -> list[str]:
    return [note.text for note in figure.layout.annotations]


def test_points_are_the_rates_with_their_intervals() -> None:
    traces = by_name(plot_segments(HAND, measure=Measure.DEFAULT_RATE, order=Order.COLUMN).figure)
    assert set(traces) == {"Higher than other segments", "Lower than other segments", "Too few to conclude"}
    lower, higher = (traces[f"{word} than other segments"] for word in ("Lower", "Higher"))
    np.testing.assert_allclose(lower.x, [100 * 50 / 2_100, 100 * 380 / 5_000], rtol=1e-6)
    np.testing.assert_allclose(higher.x, [100 * 500 / 3_000], rtol=1e-6)
    np.testing.assert_allclose(lower.y, [0, 1])
    estimate = HAND.segments[2].default_rate
    assert estimate.low is not None
    assert estimate.high is not None
    np.testing.assert_allclose(higher.error_x.arrayminus, [100 * (500 / 3_000 - estimate.low)], rtol=1e-4)
    np.testing.assert_allclose(higher.error_x.array, [100 * (estimate.high - 500 / 3_000)], rtol=1e-4)
    np.testing.assert_allclose(higher.customdata[0][:3], [2, 3_000, 500])


def test_verdicts_differ_in_more_than_colour() -> None:
    traces = by_name(plot_segments(HAND, measure=Measure.DEFAULT_RATE).figure)
    assert len({trace.marker.symbol for trace in traces.values()}) == len(traces) == 3


def test_lines_mark_the_cohort_and_the_break_even() -> None:
    figure = plot_segments(HAND, measure=Measure.DEFAULT_RATE).figure
    own = 100 * 933 / 10_112
    assert [line.x0 for line in figure.layout.shapes] == [9.0, pytest.approx(own)]
    assert notes(figure) == ["break-even 9.00 %", "cohort 9.23 %"]
    # Both lie in the left half, so that their labels run to the right, each in a line of its own.
    assert [note.xanchor for note in figure.layout.annotations] == ["left", "left"]
    assert len({note.y for note in figure.layout.annotations}) == 2
    assert notes(plot_segments(HAND, measure=Measure.DIFFERENCE).figure) == ["no difference"]
    assert notes(plot_segments(HAND, measure=Measure.ROC_AUC).figure) == ["cohort 0.652"]
    assert not notes(plot_segments(HAND, measure=Measure.SHARE).figure)
    assert notes(plot_segments(HAND, measure=Measure.CALIBRATION_GAP).figure) == ["cohort −1.11 points", "PDs right"]


def test_names_out_of_files_are_not_taken_for_markup() -> None:
    figure = plot_segments(HAND, measure=Measure.DEFAULT_RATE, against=Named("<i>mine</i>", HAND)).figure
    assert figure.layout.yaxis.ticktext[0] == "&lt;b&gt;high&lt;/b&gt;"
    assert "<b>high" not in figure.to_json()
    assert "<i>mine" not in figure.to_json()
    both = plot_segments(HAND, measure=Measure.DEFAULT_RATE, against=Named("A & B", HAND)).figure
    assert by_name(both)["A &amp; B"].hovertemplate.endswith("<extra>A &amp; B</extra>")
    long = report_of([counts((4, 200), (1, 10))], ("x" * 80,))
    (tick,) = plot_segments(long, measure=Measure.SHARE).figure.layout.yaxis.ticktext
    assert (len(tick.replace("<br>", "")), tick.count("<br>")) == (34, 1)


def test_the_axis_follows_the_data_and_what_goes_on_beyond_it_is_marked() -> None:
    figure = plot_segments(HAND, measure=Measure.DEFAULT_RATE, order=Order.COLUMN).figure
    values = [100 * 50 / 2_100, 25.0]
    low, high = figure.layout.xaxis.range
    # The interval of 3 defaults of 12 reaches 53 %: further than the values are apart.
    assert high == pytest.approx(2 * values[1] - values[0], abs=0.1 * (values[1] - values[0]))
    assert low == pytest.approx(0.0, abs=1.5)
    ((x, row, sign),) = goes_on(figure)
    assert (row, sign) == (3.0, "»")
    assert x == pytest.approx(high)
    assert GOES_ON in figure.layout.title.subtitle.text
    few = by_name(figure)["Too few to conclude"]
    assert few.x[0] + few.error_x.array[0] == pytest.approx(high, rel=1e-6)
    # The hint gives the interval as it is.
    assert few.customdata[0][4] == pytest.approx(100 * (HAND.segments[3].default_rate.high or 0), rel=1e-6)
    assert not goes_on(plot_segments(LONE, measure=Measure.DEFAULT_RATE).figure)


def test_the_chosen_segment_stands_out_among_the_others() -> None:
    plain = plot_segments(HAND, measure=Measure.MEAN_PD, order=Order.COLUMN).figure
    figure = plot_segments(HAND, measure=Measure.MEAN_PD, order=Order.COLUMN, chosen=1).figure
    assert figure.layout.yaxis.ticktext[:2] == ("low", "<b>middle</b>")
    (band,) = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    assert (band.y0, band.y1) == (0.5, 1.5)
    assert [len(trace.x) for trace in figure.data] == [len(trace.x) for trace in plain.data]
    gone = plot_segments(HAND, measure=Measure.MEAN_PD, chosen=9).figure
    assert [shape for shape in gone.layout.shapes if shape.type == "rect"] == []


def test_the_other_cohort_stands_beside() -> None:
    other = report_of([counts((80, 2_000), (10, 100)), counts((0, 0), (0, 0)), counts((0, 0), (3, 10))])
    figure = plot_segments(HAND, measure=Measure.BAD_RATE, order=Order.COLUMN, against=Named("Fold 1", other)).figure
    trace = by_name(figure)["Fold 1"]
    # The second group holds nothing there, of the third nothing is approved.
    np.testing.assert_allclose(trace.x, [4.0])
    assert trace.y[0] > 0 > by_name(figure)["Pays"].y[0]
    assert trace.marker.symbol == "diamond-open"
    table = plot_segments(HAND, measure=Measure.BAD_RATE, order=Order.COLUMN, against=Named("Fold 1", other)).table
    assert table["Fold 1: Bad rate (%)"] == [pytest.approx(4.0), None, None, None]
    assert table["Fold 1: applications"] == [2_100, 0, 10, 0]


def test_at_most_so_many_are_drawn_and_all_are_in_the_table() -> None:
    many = report_of([counts((i, 400), (1, 10)) for i in range(40)], tuple(str(i) for i in range(40)))
    figure = plot_segments(many, measure=Measure.DEFAULT_RATE).figure
    assert sum(len(trace.x) for trace in by_name(figure).values()) == MOST_DRAWN
    assert figure.layout.title.subtitle.text == (
        "Default rate by Grade, with 95 % intervals; marks allow for 40 comparisons; 24 of 40 segments, the worst"
    )
    assert len(plot_segments(many, measure=Measure.DEFAULT_RATE).table["Segment"]) == 40


def test_description_gives_the_numbers() -> None:
    said = plot_segments(HAND, measure=Measure.DEFAULT_RATE, order=Order.COLUMN, against=Named("Fold 1", LONE)).alt
    assert said.startswith("Default rate by Grade. 1 of 4 segments defaults more often")
    assert said.endswith(
        "From the top: “low” 2.38 %, “middle” 7.60 %, “<b>high</b>” 16.7 %. All of the cohort: 9.23 %. Fold 1: 2.38 %."
    )
    model = Named("scorecard", LONE, "champion")
    said = plot_segments(HAND, measure=Measure.DEFAULT_RATE, order=Order.COLUMN, against=model).alt
    assert said.endswith(" champion: 9.23 %. scorecard: 2.38 %.")


def test_cohort_without_applications_is_drawn_empty() -> None:
    none = segment_report({}, [], ScoreCounts.empty(), column="Grade", cutoff=0.1, break_even=0.1)
    figure = plot_segments(HAND, measure=Measure.DEFAULT_RATE, against=Named("Rest", none)).figure
    assert "Rest" not in by_name(figure)
    assert plot_segments(HAND, measure=Measure.DEFAULT_RATE, against=Named("Rest", none)).alt.endswith("9.23 %.")


@pytest.mark.parametrize("measure", Measure)
@pytest.mark.parametrize("dark", [False, True])
def test_payload_is_small_and_packed(measure: Measure, dark: bool) -> None:
    figure = plot_segments(HAND, measure=measure, against=Named("Rest", LONE), dark=dark).figure
    text = figure.to_json()
    assert len(text) < 12_000
    traces = json.loads(text)["data"]
    assert {trace[axis]["dtype"] for trace in traces for axis in "xy"} == {"f4"}

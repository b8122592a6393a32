from __future__ import annotations

import itertools
import json
import math

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.charts.template import figure_theme
from dashboard.charts.waterfall import NO_STEPS, Step, log_odds_of, pd_of, pd_ticks, plot_waterfall

# Odds of 1 : 4, divided by 4 to 1 : 16 (the larger step) and doubled to 1 : 8, so PDs of 1/5, 1/17 and 1/9.
BASE = math.log(1 / 4)
UP, DOWN = Step("External score 2", "0.12", math.log(2)), Step("Time employed", "9.5 years", -math.log(4))
STEPS = (UP, DOWN)
HOSTILE = "<b>%{x}</b>"


def plot(*steps: Step, cutoff: float = 0.15, dark: bool = False, most: int = 12) -> go.Figure:
    return plot_waterfall(steps, BASE, cutoff=cutoff, dark=dark, most=most).figure


def notes(figure: go.Figure) -> list[str]:
    return [note.text for note in figure.layout.annotations]


def title(*steps: Step) -> str:
    return str(plot(*steps).layout.title.text)


def test_bars_begin_where_the_one_above_ends_largest_first() -> None:
    connectors, bars = plot(*STEPS).data
    np.testing.assert_allclose(bars.x, [-math.log(4), math.log(2)], rtol=1e-6)
    np.testing.assert_allclose(bars.base.astype(float), [math.log(1 / 4), math.log(1 / 16)], rtol=1e-6)
    np.testing.assert_allclose(bars.customdata, [[20, 100 / 17], [100 / 17, 100 / 9]], rtol=1e-6)
    # Before, between and after the bars, with a gap between two lines.
    reached = [math.log(1 / 4), math.log(1 / 16), math.log(1 / 8)]
    np.testing.assert_allclose(connectors.x, [x for at in reached for x in (at, at, np.nan)], rtol=1e-6)
    np.testing.assert_allclose(connectors.y[[0, 1, 3, 4, 6, 7]], [-0.67, -0.33, 0.33, 0.67, 1.33, 1.67], rtol=1e-6)


def test_direction_is_told_by_colour_and_by_sign() -> None:
    bars, theme = plot(*STEPS).data[1], figure_theme(dark=False)
    assert list(bars.text) == ["−1.39", "+0.69"]
    assert list(bars.marker.color) == [theme.good, theme.bad]


def test_rows_name_field_and_value_and_the_ends_the_pds() -> None:
    figure = plot(*STEPS)
    assert list(figure.layout.yaxis.ticktext) == ["Time employed = 9.5 years", "External score 2 = 0.12"]
    assert notes(figure) == ["<b>mean log-odds, 20.0 %</b>", "<b>this applicant 11.1 %</b>", "cutoff 15.0 %"]
    average, own, cutoff = figure.layout.annotations
    assert (average.x, own.x, cutoff.x) == (
        pytest.approx(math.log(1 / 4)),
        pytest.approx(math.log(1 / 8)),
        pytest.approx(math.log(15 / 85)),
    )
    (line,) = figure.layout.shapes
    assert line.x0 == line.x1 == cutoff.x
    low, high = figure.layout.xaxis.range
    assert low < math.log(1 / 16) < math.log(1 / 4) < high
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]  # from the top down


def test_small_steps_are_one_bar_so_that_all_add_up() -> None:
    steps = [Step(f"Field {i}", str(i), (-1) ** i / (i + 1)) for i in range(40)]
    figure = plot(*steps, most=12)
    bars = figure.data[1]
    assert len(bars.x) == 13
    assert figure.layout.yaxis.ticktext[-1] == "28 other fields"
    np.testing.assert_allclose(bars.x[-1], sum((-1) ** i / (i + 1) for i in range(12, 40)), rtol=1e-5)
    np.testing.assert_allclose(bars.base[-1] + bars.x[-1], BASE + sum(step.contribution for step in steps), rtol=1e-5)
    assert figure.layout.title.subtitle.text.endswith("; the 12 largest of 40 fields")


def test_steps_are_called_what_they_are_of() -> None:
    steps = [Step(f"Feature {i}", str(i), 1 / (i + 1)) for i in range(40)]
    figure = plot_waterfall(steps, BASE, cutoff=0.15, most=12, noun="feature").figure
    assert figure.layout.yaxis.ticktext[-1] == "28 other features"
    subtitle = figure.layout.title.subtitle.text
    assert "to this one in log-odds, feature by feature;" in subtitle
    assert subtitle.endswith("; the 12 largest of 40 features")
    assert "field by field" in plot(*STEPS).layout.title.subtitle.text


def test_one_field_beyond_the_most_is_drawn_by_itself() -> None:
    steps = [Step(f"Field {i}", "", 0.1) for i in range(4)]
    assert list(plot(*steps, most=3).layout.yaxis.ticktext) == [f"Field {i}" for i in range(4)]
    assert list(plot(*steps, most=2).layout.yaxis.ticktext) == ["Field 0", "Field 1", "2 other fields"]


def test_titles_say_what_moves_the_score_most() -> None:
    nothing = Step("Income", "1", 0.004)
    assert title(*STEPS) == "PD 11.11 %: External score 2 raises it most, Time employed lowers it most"
    assert title(UP, nothing) == "PD 33.42 %: External score 2 raises it most, nothing lowers it"
    assert title(DOWN, nothing) == "PD 5.90 %: Time employed lowers it most, nothing raises it"
    assert title(nothing) == "PD 20.06 %: no field moves it away from the average application"
    assert plot(nothing).data[1].text[0] == "0.00"


def test_no_steps_are_said() -> None:
    figure = plot()
    assert figure.layout.title.text == "PD 20.00 %: no field moves it away from the average application"
    assert notes(figure) == [NO_STEPS]
    assert plot_waterfall((), BASE, cutoff=0.0909).alt.endswith(f"is at or above the cutoff of 9.09 %. {NO_STEPS}")
    assert plot_waterfall((), BASE, cutoff=0.0909).table["Field"] == ["Average application"]


@pytest.mark.parametrize(
    ("cutoff", "text", "end"),
    [(0.9999, "cutoff 99.99 % →", 1), (0.0, "← cutoff 0.00 %", 0), (0.5, "cutoff 50.0 %", None)],
)
def test_a_cutoff_far_away_is_pointed_at(cutoff: float, text: str, end: int | None) -> None:
    figure = plot(*STEPS, cutoff=cutoff)
    note = figure.layout.annotations[-1]
    assert note.text == text
    assert len(figure.layout.shapes) == (end is None)
    if end is not None:
        assert note.x == figure.layout.xaxis.range[end]


def test_ticks_are_round_pds_at_their_log_odds() -> None:
    places, words = pd_ticks(math.log(1 / 100), math.log(1 / 3))
    assert words == ["1 %", "2 %", "5 %", "10 %", "20 %"]
    assert places == pytest.approx([math.log(odds) for odds in (1 / 99, 1 / 49, 1 / 19, 1 / 9, 1 / 4)])
    assert pd_ticks(log_odds_of(0.0699), log_odds_of(0.0801))[1] == ["7 %", "7.5 %", "8 %"]


@given(st.floats(-9, 9), st.floats(0.4, 12))
def test_ticks_are_a_few_in_rising_order_within_the_axis(low: float, length: float) -> None:
    places, words = pd_ticks(low, low + length)
    assert 2 <= len(places) <= 9
    assert len(set(words)) == len(words)
    assert all(low - 1e-9 <= place <= low + length + 1e-9 for place in places)
    assert all(after - before >= length / 8 for before, after in itertools.pairwise(places))
    assert [float(word.removesuffix(" %")) for word in words] == pytest.approx([100 * pd_of(at) for at in places])


def test_log_odds_of_certain_pds_are_finite() -> None:
    assert log_odds_of(0.0) == pytest.approx(-log_odds_of(1.0)) == pytest.approx(math.log(1e-6), rel=1e-5)
    assert pd_of(-800) == 0
    assert pd_of(log_odds_of(0.2)) == pytest.approx(0.2, rel=1e-12)


def test_description_and_table_give_the_numbers() -> None:
    assert plot_waterfall(STEPS, BASE, cutoff=0.15).alt == (
        "Waterfall from the average application's PD of 20.0 % to this applicant's 11.1 %, which is below the cutoff "
        "of 15.0 %. The largest steps in log-odds: Time employed = 9.5 years −1.386, External score 2 = 0.12 +0.693."
    )
    table = plot_waterfall(STEPS, BASE, cutoff=0.15).table
    assert table["Field"] == ["Average application", "Time employed", "External score 2"]
    assert table["Value"] == [None, "9.5 years", "0.12"]
    assert table["Contribution (log-odds)"] == [None, -math.log(4), math.log(2)]
    assert table["Odds ×"] == [None, pytest.approx(0.25), pytest.approx(2)]
    assert table["PD so far (%)"] == pytest.approx([20, 100 / 17, 100 / 9])
    assert table["Log-odds so far"] == pytest.approx([math.log(1 / 4), math.log(1 / 16), math.log(1 / 8)])


def test_names_and_values_are_shown_letter_by_letter_in_two_lines_at_most() -> None:
    figure = plot(Step(HOSTILE, "A & <i>", 0.5), Step("Employer", "very long words " * 10, -0.2))
    escaped, long = figure.layout.yaxis.ticktext
    assert escaped == "&lt;b&gt;&#37;{x}&lt;/b&gt; = A &amp; &lt;i&gt;"
    assert long.count("<br>") == 1
    assert long.endswith("…")
    assert all(len(line) <= 30 for line in long.split("<br>"))
    assert figure.data[1].hovertext[0].startswith("&lt;b&gt;&#37;{x}&lt;/b&gt; = A &amp; &lt;i&gt;<br>+0.500")


@pytest.mark.parametrize("dark", [False, True])
def test_payload_is_small_and_packed(dark: bool) -> None:
    steps = [Step(f"Field number {i}", f"{i:,} units", (-1) ** i / (i + 1)) for i in range(70)]
    text = plot(*steps, dark=dark).to_json()
    assert len(text) < 9_000
    assert {trace["x"]["dtype"] for trace in json.loads(text)["data"]} == {"f4"}

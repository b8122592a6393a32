from __future__ import annotations

import pytest

from dashboard.charts.band_calibration import Bands, plot_band_calibration
from dashboard.charts.template import Named
from dashboard.metrics.calibration_tests import calibration_by_band
from dashboard.metrics.counts import ScoreCounts, exact_counts

# Band A: 100 of 10,000 at 1 %, in line. Band C: 900 of 10,000 at 6 %, half as many again as expected.
HAND = calibration_by_band(
    exact_counts([1] * 100 + [0] * 9_900 + [1] * 900 + [0] * 9_100, [0.01] * 10_000 + [0.06] * 10_000)
)
FITTING = calibration_by_band(exact_counts([1] * 100 + [0] * 9_900, [0.01] * 10_000))
# Band C: 660 defaults for 600, of which the interval of about 48 leaves out.
SLIGHT = calibration_by_band(
    exact_counts([1] * 100 + [0] * 9_900 + [1] * 660 + [0] * 9_340, [0.01] * 10_000 + [0.06] * 10_000)
)
FEW = calibration_by_band(exact_counts([1] + [0] * 99, [0.01] * 100))
EMPTY = calibration_by_band(ScoreCounts.empty())


def test_points_are_observed_per_expected() -> None:
    (points,) = plot_band_calibration(HAND).figure.data
    assert points.x == (0, 2)
    assert points.y == pytest.approx((1.0, 1.5))
    upper = HAND[2].default_rate.high
    assert upper is not None
    assert points.error_y.array[1] == pytest.approx((upper - 0.09) / 0.06)
    assert list(points.customdata[1]) == ["9.00 %", "6.00 %", "10,000 applications", "too low"]


def test_values_are_written_beside_their_points() -> None:
    notes = plot_band_calibration(HAND).figure.layout.annotations
    assert [note.text for note in notes] == ["<b>1.00</b>", "<b>1.50</b>"]
    low, high = plot_band_calibration(HAND).figure.layout.yaxis.range
    assert all(low < note.y < high for note in notes)


@pytest.mark.parametrize(
    ("bands", "title"),
    [
        (HAND, "Band C defaults 1.50 times as often as its PD says"),
        (FITTING, "Default rates are within a quarter of PD in 1 of 1 band"),
        (SLIGHT, "1 of 2 bands is off by more than chance, by less than a quarter"),
        (FEW, "Too few to conclude whether risk bands default as their PDs say"),
    ],
)
def test_title_is_the_takeaway(bands: Bands, title: str) -> None:
    assert plot_band_calibration(bands).title == title


def test_the_worst_band_is_the_one_with_most_defaults_misplaced() -> None:
    # Band B has none of 30 expected, band F 500 of 1,000.
    outcomes = [0] * 1_000 + [1] * 500 + [0] * 1_500
    bands = calibration_by_band(exact_counts(outcomes, [0.03] * 1_000 + [0.5] * 2_000))
    assert plot_band_calibration(bands).title == "Band F defaults 0.50 times as often as its PD says"


def test_a_band_without_defaults_has_no_factor() -> None:
    bands = calibration_by_band(exact_counts([0] * 1_000, [0.03] * 1_000))
    assert plot_band_calibration(bands).title == "Band B has no default where its PD expects 30"


def test_comparison_stands_beside_the_cohort() -> None:
    other, own = plot_band_calibration(HAND, against=Named("Rest", FITTING)).figure.data
    assert (other.name, own.name) == ("Rest", "Cohort")
    assert other.x[0] != own.x[0]
    assert other.marker.symbol != own.marker.symbol


def test_table_holds_numbers() -> None:
    table = plot_band_calibration(HAND).table
    assert table["Band"] == list("ABCDEF")
    assert table["PD range"][:2] == ["0–2 %", "2–4 %"]
    assert table["Applications"] == [10_000, 0, 10_000, 0, 0, 0]
    assert table["Default rate (%)"] == [pytest.approx(1.0), None, pytest.approx(9.0), None, None, None]
    assert table["PD is"][:3] == ["in line", "no applications", "too low"]
    both = plot_band_calibration(HAND, against=Named("Rest", FITTING)).table
    assert both["Of"] == ["Cohort"] * 6 + ["Rest"] * 6


def test_description_gives_the_numbers() -> None:
    assert plot_band_calibration(HAND, against=Named("Rest", FITTING)).alt == (
        "Default rate by risk band: A 1.00 % against a PD of 1.00 %; C 9.00 % against a PD of 6.00 %. "
        "Band C defaults 1.50 times as often as its PD says. Compared with Rest."
    )


def test_empty_cohort_says_so() -> None:
    (note,) = plot_band_calibration(EMPTY).figure.layout.annotations
    assert note.text == plot_band_calibration(EMPTY).alt == "There are no applications to show."


def test_payload_is_small() -> None:
    assert len(plot_band_calibration(HAND, against=Named("Rest", FITTING), dark=True).figure.to_json()) < 8_000


def test_a_name_that_holds_markup_is_shown_as_it_is() -> None:
    names = [trace.name for trace in plot_band_calibration(HAND, against=Named("<b>x</b>", FITTING)).figure.data]
    assert "&lt;b&gt;x&lt;/b&gt;" in names

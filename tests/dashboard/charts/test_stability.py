from __future__ import annotations

import json

import numpy as np
import pytest

from dashboard.charts.stability import MOST_BARS, ShiftWords, drawn_bins, pd_bin_labels, plot_shift, worded_index
from dashboard.metrics.stability import stability_index

# 0.3 ln(5 / 2) + 0.299 ln(499 / 200) = 0.2749 + 0.2734 = 0.5482; critical 5.9915 * 2 / 1000 = 0.01198
HAND = stability_index([500, 300, 200], [200, 301, 499])
WORDS = ShiftWords("Income", "CSI", ("low", "<b>mid</b>", "high"), "Rest", "Cohort")
SMALL = ShiftWords("PD", "PSI", ("a", "b"), "Rest", "Cohort")


def test_bars_hold_the_shares_and_contributions() -> None:
    reference, current, added = plot_shift(HAND, WORDS).figure.data
    assert (reference.name, current.name) == ("Reference: Rest (1,000)", "Current: Cohort (1,000)")
    np.testing.assert_allclose(reference.x, [50, 30, 20])
    np.testing.assert_allclose(current.x, [20, 30.1, 49.9], rtol=1e-6)
    np.testing.assert_allclose(current.customdata, [200, 301, 499])
    np.testing.assert_allclose(added.x, HAND.contribution, rtol=1e-6)
    assert added.xaxis == "x2"


def test_sides_differ_in_more_than_colour() -> None:
    reference, current, _ = plot_shift(HAND, WORDS).figure.data
    assert reference.marker.color != current.marker.color
    assert reference.marker.pattern.shape == "/"
    assert current.marker.pattern.shape is None


def test_levels_that_hold_tags_are_shown_as_they_are() -> None:
    figure = plot_shift(HAND, WORDS).figure
    assert figure.layout.yaxis.ticktext == ("low", "&lt;b&gt;mid&lt;/b&gt;", "high")
    assert figure.data[0].hovertext == figure.layout.yaxis.ticktext
    # The first bin stands on top.
    assert figure.layout.yaxis.range == (2.5, -0.5)


def test_title_is_the_takeaway() -> None:
    layout = plot_shift(HAND, WORDS).figure.layout
    assert layout.title.text == "Income: large shift, CSI 0.548"
    assert layout.title.subtitle.text == "Most comes from “low”: 50.0 % of the reference, 20.0 % of the current cohort"


def test_shift_that_chance_explains_says_so() -> None:
    layout = plot_shift(stability_index([50_000, 50_000], [50_050, 49_950]), SMALL).figure.layout
    assert layout.title.text == "PD: no shift beyond chance, PSI 0.00000"
    # 3.8415 * 2 / 100,000
    assert layout.title.subtitle.text == "Chance alone stays below 0.00008 in 95 of 100 cases"


def test_few_applications_conclude_nothing() -> None:
    found = stability_index([500, 500], [6, 4])
    layout = plot_shift(found, SMALL).figure.layout
    assert layout.title.text == "PD: too few to conclude whether it has shifted"
    # 0.1 ln(0.6 / 0.4) = 0.0405; 6.6349 * (1 / 1000 + 1 / 10) = 0.670
    assert layout.title.subtitle.text == "PSI 0.0405. Chance alone stays below 0.670 in 99 of 100 cases"


def test_description_gives_the_numbers() -> None:
    assert plot_shift(HAND, WORDS).alt == (
        "Income, Cohort against Rest: large shift; CSI 0.548, 95 % critical value 0.0120. "
        "Most comes from “low”: 50.0 % of the reference, 20.0 % of the current cohort."
    )
    same = stability_index([5, 5], [5, 5])
    assert plot_shift(same, SMALL).alt == (
        "PD, Cohort against Rest: too few to conclude; PSI 0.00000, 95 % critical value 0.768."
    )


@pytest.mark.parametrize(
    ("reference", "current", "said"),
    [([999_999, 1], [500_000, 500_000], "under 0.01 %"), ([1_000, 0], [500, 500], "none")],
)
def test_hardly_any_and_none_are_told_apart(reference: list[int], current: list[int], said: str) -> None:
    subtitle = plot_shift(stability_index(reference, current), SMALL).subtitle
    assert subtitle == f"Most comes from “b”: {said} of the reference, 50.0 % of the current cohort"


def test_table_holds_every_bin() -> None:
    table = plot_shift(HAND, WORDS).table
    assert table["Bin"] == ["low", "<b>mid</b>", "high"]
    assert table["Reference (applications)"] == [500, 300, 200]
    assert table["Current (applications)"] == [200, 301, 499]
    assert table["Reference (%)"] == pytest.approx([50, 30, 20])
    assert table["Current (%)"] == pytest.approx([20, 30.1, 49.9])
    assert table["Adds to CSI"] == pytest.approx(HAND.contribution.tolist())


def test_of_many_bins_those_that_contribute_most_are_drawn() -> None:
    reference = np.full(40, 100)
    current = reference.copy()
    current[[3, 7, 31]] = (10, 300, 210)
    reference[39] = current[39] = 0
    found = stability_index(reference, current)
    shown = drawn_bins(found)
    assert len(shown) == MOST_BARS
    assert {3, 7, 31} < set(shown)
    assert 39 not in shown
    assert shown == sorted(shown)
    words = ShiftWords("Employer", "CSI", tuple(f"level {i}" for i in range(40)), "Rest", "Cohort")
    assert plot_shift(found, words).subtitle.endswith("; not drawn: the 25 bins adding least")


@pytest.mark.parametrize(("reference", "current"), [([0, 0], [3, 4]), ([3, 4], [0, 0])])
def test_undefined_shift_says_why(reference: list[int], current: list[int]) -> None:
    found = stability_index(reference, current)
    (note,) = plot_shift(found, SMALL).figure.layout.annotations
    assert note.text == f"PSI is {found.index.explanation}."
    assert plot_shift(found, SMALL).alt == f"PSI of PD is {found.index.explanation}."


def test_pd_bins_in_words() -> None:
    assert pd_bin_labels(np.array([0, 0.0163, 0.1842])) == ("below 1.63 %", "1.63 to 18.42 %", "18.42 % and more")
    assert pd_bin_labels(np.array([0.0])) == ("any PD",)


@pytest.mark.parametrize(
    ("value", "said"), [(0.1234, "0.123"), (0.01, "0.0100"), (0.00034, "0.00034"), (0.0, "0.00000"), (None, "–")]
)
def test_indices_in_words(value: float | None, said: str) -> None:
    assert worded_index(value) == said


def test_payload_is_small_and_packed() -> None:
    text = plot_shift(stability_index(np.arange(1, 60), np.arange(60, 1, -1)), _many()).figure.to_json()
    assert len(text) < 12_000
    assert json.loads(text)["data"][0]["x"]["dtype"] == "f4"


def _many() -> ShiftWords:
    return ShiftWords("Employer", "CSI", tuple(f"Business entity, type {i}" for i in range(59)), "Rest", "Cohort")

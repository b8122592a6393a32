from __future__ import annotations

import pytest

from dashboard.charts.segment_words import answer, find_out, is_worded, leaving_out_zero, name_few, quoted, word_measure
from dashboard.metrics.segments import Measure
from tests.dashboard.charts.segment_reports import HAND, LONE, counts, report_of


def test_titles_say_what_was_found() -> None:
    found = {measure: find_out(HAND, measure) for measure in Measure}
    assert found == {
        Measure.DEFAULT_RATE: "1 of 4 segments defaults more often than the other segments, "
        "most clearly “<b>high</b>” (16.7 %); 2 less often",
        Measure.DIFFERENCE: found[Measure.DEFAULT_RATE],
        Measure.BAD_RATE: "Approved applications lose money in 1 of 4 segments: “<b>high</b>”",
        Measure.APPROVAL_RATE: "Approval rate runs from 66.7 % (“<b>high</b>”) to 95.2 % (“low”)",
        Measure.MEAN_PD: "Mean PD runs from 5.71 % (“low”) to 10.0 % (“<b>high</b>”)",
        Measure.CALIBRATION_GAP: "In 2 of 3 segments the calibration gap's interval excludes 0; "
        "chance alone would do so in about 0.15",
        Measure.ROC_AUC: "ROC AUC runs from 0.578 (“low”) to 0.648 (“middle”)",
        Measure.SHARE: "Share of applications runs from 0.12 % (“few”) to 49.4 % (“middle”)",
    }


def test_title_admits_that_there_is_too_little() -> None:
    tiny = report_of([counts((1, 20), (0, 1)), counts((0, 20), (1, 1))])
    assert find_out(tiny, Measure.DEFAULT_RATE) == "Too few to conclude whether segments differ in default rate"
    assert find_out(tiny, Measure.BAD_RATE) == "Too few to conclude where approved applications lose money"
    assert find_out(tiny, Measure.ROC_AUC) == "Too few to conclude how ROC AUC differs between segments"
    assert find_out(tiny, Measure.CALIBRATION_GAP) == "Too few to conclude whether PDs are right in any segment"
    alike = report_of([counts((400, 5_000), (0, 0)), counts((400, 5_000), (0, 0))])
    assert find_out(alike, Measure.DEFAULT_RATE) == "No segment's default rate differs clearly from that of the others"
    assert find_out(alike, Measure.MEAN_PD) == "The Mean PD is 5.00 % in both segments"
    # Mean PDs of 5.000 % and of 5.015 %, one application in a thousand being at 20 %.
    near = report_of([counts((400, 5_000), (0, 0)), counts((400, 5_000), (1, 5))])
    assert find_out(near, Measure.MEAN_PD) == "Mean PD runs from 5.00 % (“low”) to 5.01 % (“middle”)"
    nearer = report_of([counts((4_000, 50_000), (0, 0)), counts((4_000, 50_000), (1, 5))])
    assert find_out(nearer, Measure.MEAN_PD) == "Mean PD runs from 5.000 % (“low”) to 5.001 % (“middle”)"
    assert find_out(LONE, Measure.DEFAULT_RATE).startswith("One segment holds the whole cohort")


def test_the_answer_names_whom_to_stop_lending_to() -> None:
    assert answer(HAND) == (
        "At the cutoff of 10.0 %, approved applications clearly default more often than the break-even of 9.00 % in "
        "“<b>high</b>” (12.0 %, 95 %: 10.6–13.5 %); 2 of 4 stay below it; for 1 it cannot be told. "
        "Were all approved, 1 of 4 would clearly exceed it: “<b>high</b>” (16.7 %, 95 %: 15.4–18.0 %)."
    )
    safe = report_of([counts((40, 2_000), (0, 0)), counts((30, 2_000), (0, 0))])
    assert answer(safe) == (
        "At the cutoff of 10.0 %, approved applications clearly default less often than the break-even of 9.00 % in "
        "both segments. Even if all were approved, no segment would clearly exceed it."
    )
    declined = report_of([counts((0, 0), (40, 2_000))])
    assert answer(declined).startswith("At the cutoff of 10.0 % nothing is approved, so nothing can be lost.")
    assert answer(declined).endswith("no segment would clearly exceed the break-even of 9.00 %.")
    # 10.6 % of 4,000 lie above 9 %; of 1,000, at the level that holds for four segments at once, they do not.
    together = report_of([counts((0, 0), (106, 1_000))] * 4)
    assert answer(together).endswith(
        "Were all approved, the cohort would clearly exceed the break-even of 9.00 % (10.6 %, 95 %: 9.68–11.6 %), but "
        "no segment by itself."
    )
    lone = report_of([counts((0, 0), (400, 2_000))])
    assert "Were all approved, the one segment would clearly exceed the break-even of 9.00 %: “low”" in answer(lone)
    open_case = report_of([counts((9, 100), (0, 0)), counts((9, 100), (0, 0))])
    assert "no segment's approved applications clearly default more often" in answer(open_case)
    assert "for 2 it cannot be told" in answer(open_case)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (["a", "b", "c", "d", "e"], "a, b, c and 2 more"),
    ],
)
def test_names_are_listed(names: list[str], said: str) -> None:
    assert name_few(names) == said


@pytest.mark.parametrize(
    ("measure", "value", "words"),
    [
        (Measure.DEFAULT_RATE, 0.0909, "9.09 %"),
        (Measure.DIFFERENCE, 0.0123, "+1.23 points"),
        (Measure.CALIBRATION_GAP, -0.02, "−2.00 points"),
        (Measure.ROC_AUC, 0.75, "0.750"),
    ],
)
def test_a_value_has_its_measures_unit(measure: Measure, value: float, words: str) -> None:
    assert word_measure(measure)(value) == words


def test_abbreviations_keep_their_capitals_inside_a_sentence() -> None:
    assert [measure for measure in Measure if not is_worded(measure)] == [Measure.MEAN_PD, Measure.ROC_AUC]


def test_names_are_quoted() -> None:
    assert quoted("20 to 30") == "“20 to 30”"


def test_intervals_that_exclude_zero_are_counted_against_chance() -> None:
    # One in twenty of 95 % intervals: 2 of 40.
    assert leaving_out_zero(5, 40, "cells") == (
        "In 5 of 40 cells the calibration gap's interval excludes 0; chance alone would do so in about 2"
    )

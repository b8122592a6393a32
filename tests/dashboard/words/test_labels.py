"""Words and number formats."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard.words import labels
from data.definition.columns import Special, Unit
from data.predictions.table import CohortColumn, CohortKind


def test_labels_of_a_choice_that_clash_are_told_apart() -> None:
    names = {"": "Rest", "Portfolio": "Portfolio", "~whole": "Portfolio", "Rest": "Rest", "~rest": "others"}
    assert labels.distinct(names, "cohort") == {
        "": "Rest",
        "Portfolio": "Portfolio (cohort)",
        "~whole": "Portfolio",
        "Rest": "Rest (cohort)",
        "~rest": "others",
    }
    assert list(labels.distinct(names)) == list(names)
    assert labels.distinct({"DAYS_BIRTH": "Age", "Age": "Age"}) == {"DAYS_BIRTH": "Age", "Age": "Age (Age)"}


def test_shares_are_percentages_and_differences_are_points() -> None:
    assert labels.percent(0.0807) == "8.07 %"
    assert labels.percent(None) == "–"
    assert labels.points(0.0123) == "1.23 points"
    assert labels.signed_points(-0.0123) == "−1.23 points"
    assert labels.signed_points(0.0) == "+0.00 points"


@pytest.mark.parametrize(
    ("one", "other", "digits"),
    [
        (0.05, 0.0909, 2),
        (0.0909, 0.091, 2),
        # 9.090 % and 9.091 %.
        (0.0909, 0.09091, 3),
        (0.09091, 0.0909, 3),
        # 9.09499 % is worded 9.09 %, and 9.095001 % 9.10 %.
        (0.0909499, 0.09095001, 2),
        (0.0909, 0.09090004, 6),
        # The nearest number of single precision below: 9.0899996 %.
        (0.0909, 0.09089999645948410, 7),
        # No more than seven, and of two that are the same two.
        (0.0909, 0.09090000000001, 7),
        (0.0909, 0.0909, 2),
        (0.0, 1e-9, 7),
    ],
)
def test_two_percentages_that_differ_are_told_apart(one: float, other: float, digits: int) -> None:
    assert labels.telling_digits(one, other) == digits


@pytest.mark.parametrize(
    ("percentages", "digits"),
    [
        ([8.07, 0.3, None], 2),
        ([0.0, 12.0], 2),
        ([0.036, 0.043], 2),
        ([1.5, 0.0043], 3),
        ([1.5, 1e-6], 4),
        ([], 2),
    ],
)
def test_a_column_of_percentages_shows_its_smallest(percentages: list[float | None], digits: int) -> None:
    assert labels.column_decimals(percentages) == digits


@pytest.mark.parametrize(
    ("share", "worded"),
    [
        (0.0, "0.00 %"),
        (0.0807, "8.07 %"),
        (0.001, "0.10 %"),
        (0.000364, "0.036 %"),
        (0.000428, "0.043 %"),
        (0.0000051, "0.00051 %"),
        # No more than seven decimals.
        (1e-9, "0.0000001 %"),
        (-0.000364, "-0.036 %"),
    ],
)
def test_a_small_percentage_keeps_two_digits(share: float, worded: str) -> None:
    assert labels.percent(share) == worded


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        (0.15, 0.06, ("15.0 %", "6.00 %")),
        (0.039, 0.04, ("3.90 %", "4.00 %")),
        (0.1501, 0.1502, ("15.01 %", "15.02 %")),
        (0.0503, 0.05029, ("5.030 %", "5.029 %")),
        (0.05, 0.05, ("5.00 %", "5.00 %")),
    ],
)
def test_two_brief_percentages_that_differ_are_told_apart(one: float, other: float, words: tuple[str, str]) -> None:
    assert labels.told_apart(one, other) == words


def test_one_interval_in_twenty_misses_by_chance() -> None:
    assert [labels.by_chance(n) for n in (2, 12, 100, 1_000)] == ["0.1", "0.6", "5", "50"]


def test_an_interval_says_its_unit_once() -> None:
    assert labels.interval("7.51 %", "9.03 %") == "7.51–9.03 %"
    assert labels.interval("0.683", "0.738") == "0.683–0.738"


def test_a_dash_is_not_taken_for_a_sign() -> None:
    assert labels.interval(labels.decimal(-0.639), labels.decimal(0.858)) == "−0.639 to 0.858"


def column(name: str, unit: Unit = Unit.NONE) -> CohortColumn:
    return CohortColumn(name, name.title(), "", "", CohortKind.RANGE, unit=unit)


def test_days_are_shown_as_years_in_rising_order() -> None:
    age = column("DAYS_BIRTH", Unit.DAYS_BEFORE)
    assert labels.quantity(age, -7_305) == "20"
    assert labels.span(age, -14_610, -7_305) == "20 to 40"
    assert labels.span(age, None, -7_305) == "20 and more"
    assert labels.span(age, -7_305, None) == "below 20"
    assert labels.column_title(age) == "Days_Birth (years)"


def test_two_special_values_of_one_meaning_are_told_apart() -> None:
    income = replace(
        column("income"), special=(Special(-7.0, "not asked"), Special(-9.0, "no record"), Special(-8.0, "no record"))
    )
    assert [labels.special(income, value) for value in income.special_values] == [
        "not asked",
        "no record (-9)",
        "no record (-8)",
    ]


def test_a_pd_is_shown_as_a_percentage_and_any_other_number_as_it_is() -> None:
    assert labels.span(column("default_probability"), 0.02, 0.08) == "2 to 8"
    assert labels.span(column("income"), 45_000, None) == "45,000 and more"
    assert labels.span(column("income"), None, 2_500_000) == "below 2.5 M"


@pytest.mark.parametrize(("value", "worded"), [(0.123456, "0.1235"), (12, "12"), (999.96, "1000"), (1_234.5, "1,234")])
def test_amounts_take_as_few_digits_as_they_need(value: float, worded: str) -> None:
    assert labels.amount(value) == worded


def test_a_zero_has_no_minus_sign() -> None:
    assert (labels.amount(-0.0), labels.decimal(-0.0), labels.decimal(-0.0004)) == ("0", "0.000", "0.000")
    assert (labels.signed_points(-0.00004), labels.signed_points(-0.0001)) == ("+0.00 points", "−0.01 points")


@pytest.mark.parametrize(
    ("cutoff", "brief", "least_two"),
    [
        (0.0909, "9.09 %", "9.09 %"),
        (0.1, "10.0 %", "10.00 %"),
        (0.1234, "12.34 %", "12.34 %"),
        (0.000123, "0.0123 %", "0.0123 %"),
        (0.0001, "0.01 %", "0.01 %"),
        (1.0, "100 %", "100.00 %"),
        (0.16, "16.0 %", "16.00 %"),
    ],
)
def test_a_cutoff_loses_no_digit(cutoff: float, brief: str, least_two: str) -> None:
    assert labels.cutoff_percent(cutoff) == brief
    assert labels.cutoff_percent(cutoff, 2) == least_two


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("Cash loans", "Cash loans"),
        ("a_b *c*", r"a\_b \*c\*"),
        ("1. x", r"1\. x"),
        ("# x", r"\# x"),
        ("x: 5 %", "x\\: 5\xa0%"),
        # What Streamlit remakes though it is escaped: each sign in a span of its own, in that word alone.
        ("see www.x.y, z_", r"see www:color[\.]{}x:color[\.]{}y:color[\,]{} z\_"),
        ("a@b", r"a:color[\@]{}b"),
        ("http://x", r"http:color[\:]{}:color[\/]{}:color[\/]{}x"),
        (":smile:", r":color[\:]{}smile:color[\:]{}"),
        ("a -> b", r"a :color[\-]{}:color[\>]{} b"),
        ("a->b", r"a-\>b"),
    ],
)
def test_markdown_shows_a_text_letter_by_letter(text: str, escaped: str) -> None:
    assert labels.plain(text) == escaped


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb", "a\ufffdb"),
        ("\ufeffa\u200b", "\ufffda\ufffd"),
        ("a\x00\x1b", "a\ufffd\ufffd"),
        ("a\u00adb", "a\ufffdb"),
        ("a\nb\tc", "a\nb\tc"),
        ("Zürich 北京 العربية", "Zürich 北京 العربية"),
        ("👩\u200d👧", "👩\u200d👧"),
        ("a\u200db", "a\ufffdb"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("❤\ufe0f", "❤\ufe0f"),
    ],
)
def test_what_has_no_shape_is_replaced_and_writing_is_not(text: str, shown: str) -> None:
    assert labels.literal(text) == shown


def test_levels_that_look_alike_are_told_apart() -> None:
    assert labels.distinct({"0": "a\u200b", "1": "a\u200d", "2": "a"}, "another") == {
        "0": "a\ufffd",
        "1": "a\ufffd (another)",
        "2": "a",
    }


def test_a_gap_is_told_apart_from_a_level_that_is_called_missing() -> None:
    column = CohortColumn("region", "Region", "", "", CohortKind.LEVELS, ("Nord", "missing"))
    assert labels.gap(column) == "No value"
    assert labels.gap(replace(column, levels=("Nord",))) == "Missing"
    assert labels.gap(replace(column, levels=("Nord",), level_labels=(("Nord", "Missing"),))) == "No value"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Run `python -m scripts.explain_model a_b`.", "Run `python -m scripts.explain_model a_b`."),
        # One alone, and what a sign would remake, stay as they are.
        ("*a* has ` alone", r"\*a\* has \` alone"),
        (r"`C:\models\` or `all`", r"`C:\models\` or `all`"),
        ("``x``", r"\``x`\`"),
    ],
)
def test_a_notice_shows_commands_as_code_and_all_else_letter_by_letter(text: str, shown: str) -> None:
    assert labels.notice(text) == shown

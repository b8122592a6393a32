"""Words and number formats."""

from __future__ import annotations

import pytest

from dashboard import labels


@pytest.mark.parametrize(
    ("amount", "worded"),
    [
        (None, "–"),
        (0, "0"),
        (999, "999"),
        (45_000, "45.0 k"),
        (599_026, "599 k"),
        (1_234_567, "1.23 M"),
        (184_207_084_195, "184 bn"),
        (-2_500, "-2.50 k"),
    ],
)
def test_money_keeps_three_digits(amount: float | None, worded: str) -> None:
    assert labels.money(amount) == worded


def test_shares_are_percentages_and_differences_are_points() -> None:
    assert labels.percent(0.0807) == "8.07 %"
    assert labels.percent(None) == "–"
    assert labels.points(0.0123) == "1.23 points"
    assert labels.signed_points(-0.0123) == "−1.23 points"
    assert labels.signed_points(0.0) == "+0.00 points"


def test_an_interval_says_its_unit_once() -> None:
    assert labels.interval("7.51 %", "9.03 %") == "7.51–9.03 %"
    assert labels.interval("0.683", "0.738") == "0.683–0.738"


def test_a_dash_is_not_taken_for_a_sign() -> None:
    assert labels.interval(labels.decimal(-0.639), labels.decimal(0.858)) == "−0.639 to 0.858"


def test_years_and_days_are_each_other_s_inverse() -> None:
    assert labels.years(-7_305) == 20.0
    assert labels.days(labels.years(-12_345)) == pytest.approx(-12_345)


def test_plain_text_holds_no_markup() -> None:
    assert labels.plain("a_b*c [x](y) <b> $z$ 5 %") == r"a\_b\*c \[x\]\(y\) \<b\> \$z\$ 5" + "\u00a0%"

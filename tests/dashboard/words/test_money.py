from __future__ import annotations

import pytest

from dashboard.words.money import money, money_in_units, precise_money, unit


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
        (-2_500, "−2.50 k"),
        (12.345, "12.3"),
        (-0.5504, "−0.55"),
        (-0.0, "0"),
    ],
)
def test_money_keeps_three_digits(amount: float | None, worded: str) -> None:
    assert money(amount, "") == worded


def test_an_amount_per_application_keeps_four_digits() -> None:
    assert precise_money(33.333, "EUR") == "33.33 EUR"
    assert precise_money(-0.012345, "") == "−0.01235"
    assert precise_money(12_345.6, "EUR") == "12,346 EUR"


def test_a_currency_stands_behind_its_amount_and_not_behind_none() -> None:
    assert money(12_345, "EUR") == "12.3 k EUR"
    assert money(None, "EUR") == "–"
    assert money_in_units(12_345, "EUR") == "12.3 k EUR"
    assert money_in_units(12_345, "") == "12.3 k currency units"
    assert (unit("EUR"), unit("")) == ("EUR", "currency units")

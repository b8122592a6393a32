from __future__ import annotations

from data.definition.columns import Unit
from data.definition.units import unit_words


def test_an_amount_is_in_the_named_currency() -> None:
    assert unit_words(Unit.CURRENCY_PER_YEAR, "EUR") == "EUR a year"
    assert unit_words(Unit.CURRENCY, "") == "currency units"
    assert unit_words(Unit.YEARS, "EUR") == "years"

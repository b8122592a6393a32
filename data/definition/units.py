"""A unit in words, with the currency of a portfolio."""

from __future__ import annotations

from data.definition.columns import Unit

AMOUNTS = (Unit.CURRENCY, Unit.CURRENCY_PER_YEAR)


def unit_words(unit: Unit, currency: str) -> str:
    """The unit as a sentence says it; without a named `currency` an amount is in currency units."""
    return unit.value.replace(Unit.CURRENCY.value, currency) if currency else unit.value


def amount_words(unit: Unit, currency: str) -> str:
    """What stands behind an amount in a sentence (`EUR a year`); empty for other units and without a currency."""
    return unit_words(unit, currency) if currency and unit in AMOUNTS else ""

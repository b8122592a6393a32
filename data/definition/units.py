"""A unit in words, with the currency of a portfolio."""

from __future__ import annotations

from data.definition.columns import Unit


def unit_words(unit: Unit, currency: str) -> str:
    """The unit as a sentence says it; without a named `currency` an amount is in currency units."""
    return unit.value.replace(Unit.CURRENCY.value, currency) if currency else unit.value

"""Word amounts of money in the portfolio's currency, with the currency code behind."""

from __future__ import annotations

import math

from dashboard.words import labels

_SIZES = ((1e9, " bn"), (1e6, " M"), (1e3, " k"))


def money(amount: float | None, currency: str) -> str:
    """An amount in `currency`, shortened to three digits (k, M, bn); without a code where the currency is not known."""
    if amount is None:
        return labels.NOT_DEFINED
    return f"{_short(amount)} {labels.literal(currency)}".rstrip()


def precise_money(amount: float, currency: str) -> str:
    """An amount in `currency` to four digits, for amounts per application, which are small and differ by little."""
    return f"{labels.amount(amount)} {labels.literal(currency)}".rstrip()


def money_in_units(amount: float | None, currency: str) -> str:
    """An amount in a sentence: like `money`, but in currency units where the currency is not known."""
    return money(amount, unit(currency))


def unit(currency: str) -> str:
    """The unit of amounts."""
    return labels.literal(currency) or "currency units"


def _short(amount: float) -> str:
    for size, suffix in _SIZES:
        if abs(amount) >= size:
            scaled = amount / size
            return f"{scaled:.{max(0, 2 - int(math.log10(abs(scaled))))}f}{suffix}".replace("-", "−")
    # Adding 0 takes the sign off a zero.
    return f"{labels.significant(amount, 3) + 0.0:g}".replace("-", "−")

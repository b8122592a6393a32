"""How amounts of money are worded: in the portfolio's currency, whose code stands behind them."""

from __future__ import annotations

import math

from dashboard.words.labels import NOT_DEFINED, literal, significant

_SIZES = ((1e9, " bn"), (1e6, " M"), (1e3, " k"))


def money(amount: float | None, currency: str) -> str:
    """An amount in `currency`, shortened to three digits (k, M, bn); without a code where the currency is not known."""
    if amount is None:
        return NOT_DEFINED
    return f"{_short(amount)} {literal(currency)}".rstrip()


def unit(currency: str) -> str:
    """What amounts are counted in."""
    return literal(currency) or "currency units"


def _short(amount: float) -> str:
    for size, suffix in _SIZES:
        if abs(amount) >= size:
            scaled = amount / size
            return f"{scaled:.{max(0, 2 - int(math.log10(abs(scaled))))}f}{suffix}".replace("-", "−")
    # Adding 0 takes the sign off a zero.
    return f"{significant(amount, 3) + 0.0:g}".replace("-", "−")

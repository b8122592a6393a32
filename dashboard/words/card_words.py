"""A scorecard in words: its points, its scale, and what its bins hold in the units that the screen shows."""

from __future__ import annotations

import math

from dashboard.words import labels
from data.definition.columns import Unit
from data.definition.definition import Definition
from inference.scorecard.card import Card, CardBin, CardBinKind, Characteristic


def word_points(points: float) -> str:
    """Points with their sign, to a tenth."""
    return f"{round(points, 1) + 0.0:+.1f}".replace("-", "−")


def word_bin(each: Characteristic, line: CardBin, definition: Definition) -> str:
    """What a bin holds; days before the application as years."""
    column = definition.by_name.get(each.feature)
    is_time = column is not None and column.unit is Unit.DAYS_BEFORE
    if line.kind is not CardBinKind.RANGE or not is_time or line.low is line.high is None:
        return labels.literal(line.words)
    # More days before are a smaller stored number.
    low, high = (None if end is None else _years(end) for end in (line.high, line.low))
    if low is None:
        return f"up to {high} years"
    return f"over {low} years" if high is None else f"over {low} to {high} years"


def word_scale(card: Card) -> str:
    """What the points mean, in one sentence."""
    return (
        f"{labels.amount(card.base_score)} points are odds of {labels.amount(card.base_odds)} good to one bad; every "
        f"{labels.amount(card.pdo)} more double them."
    )


def word_odds(log_odds: float) -> str:
    """Log-odds of default as odds of good to bad."""
    return f"{labels.amount(labels.significant(math.exp(-log_odds), 3))} to 1"


def _years(days: float) -> str:
    return f"{labels.years(-days / labels.DAYS_PER_YEAR):g}"

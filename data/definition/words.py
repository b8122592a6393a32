"""The words that definitions use for kinds, units and directions."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from data.definition.columns import Kind, Unit

# The outcome is set by its role, not by a kind.
KINDS: Mapping[str, Kind] = MappingProxyType({kind.value: kind for kind in Kind if kind is not Kind.TARGET})
UNITS: Mapping[str, Unit] = MappingProxyType(
    {
        "none": Unit.NONE,
        "currency": Unit.CURRENCY,
        "currency a year": Unit.CURRENCY_PER_YEAR,
        "days before": Unit.DAYS_BEFORE,
        "years": Unit.YEARS,
        "people": Unit.PEOPLE,
        "hour": Unit.HOUR,
        "count": Unit.COUNT,
        "share": Unit.SHARE,
    }
)
DIRECTIONS: Mapping[str, int] = MappingProxyType({"rising": 1, "falling": -1})
SCORE_KINDS = ("probability", "percent", "log-odds", "points")
HIGHER = ("riskier", "safer")

"""Results as JSON holds them."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from dashboard.metrics.estimate import Estimate


def plain(value: Any) -> Any:
    """`value` as JSON types: dataclasses by field, arrays as lists, NaN and infinity as null."""
    if isinstance(value, Estimate):
        told = {"value": value.value, "low": value.low, "high": value.high}
        return told if value.is_defined else {**told, "reason": value.explanation}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

"""`Estimate`: a figure with its 95 % interval, or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Self

Z95 = NormalDist().inv_cdf(0.975)

NO_APPLICATIONS = "the cohort holds no applications"
NO_OUTCOMES = "no outcome of these applications is known yet"
NO_DEFAULTS = "none of the cohort's applications defaulted"
NO_NON_DEFAULTS = "all of the cohort's applications defaulted"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with the ends of its 95 % interval.

    `value` is None where the figure is not defined, and `reason` completes "not defined because ...". `low` and `high`
    are None where the figure is not defined or has no interval. None of them is ever NaN or infinite.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        numbers = [number for number in (self.low, self.value, self.high) if number is not None]
        if not all(math.isfinite(number) for number in numbers) or numbers != sorted(numbers):
            raise ValueError(f"An estimate needs finite low <= value <= high; found {numbers}.")
        if self.value is None and (len(numbers) > 0 or not self.reason):
            raise ValueError("An estimate without a value has no interval and gives the reason.")

    @classmethod
    def undefined(cls, reason: str) -> Self:
        """No value; `reason` completes "not defined because ..."."""
        return cls(None, reason=reason)

    @classmethod
    def around(cls, value: float, low: float, high: float) -> Self:
        """A value and its interval, whose ends give way to the value by a rounding error."""
        return cls(value, min(low, value), max(high, value))

    @property
    def is_defined(self) -> bool:
        """Whether there is a value."""
        return self.value is not None

    @property
    def explanation(self) -> str:
        """Why there is no value, as a phrase to show; empty where there is one."""
        return f"not defined because {self.reason}" if self.value is None else ""

    def mapped(self, function: Callable[[float], float]) -> Estimate:
        """The estimate of an increasing function of the figure."""
        if self.value is None:
            return self
        low, high = (None if end is None else function(end) for end in (self.low, self.high))
        return Estimate(function(self.value), low, high)


def normal_estimate(value: float, standard_error: float, *, low: float = -math.inf, high: float = math.inf) -> Estimate:
    """value +- 1.96 standard errors, kept within `low` and `high`."""
    half = Z95 * standard_error
    return Estimate.around(value, max(value - half, low), min(value + half, high))


def student_quantile(degrees_of_freedom: float) -> float:
    """What takes the place of 1.96 where the standard error is itself an estimate from few observations."""
    if degrees_of_freedom > 1_000:
        return Z95
    from scipy.special import stdtrit  # small cohorts only: start-up does not wait for it

    return float(stdtrit(degrees_of_freedom, 0.975))

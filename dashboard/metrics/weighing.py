"""What is known of the weights of applications, where they have any: how many rows there are and of what effect."""

from __future__ import annotations

from typing import NamedTuple

NO_WEIGHTED_TEST = "the applications are weighted, and the test is one of applications that count once each"


class Weighing(NamedTuple):
    """The number of rows, and the sums of their squared weights by outcome; they add up as counts do."""

    n_rows: int
    good: float
    bad: float
    open: float

    @property
    def squares(self) -> float:
        """The sum of all squared weights."""
        return self.good + self.bad + self.open

    def plus(self, other: Weighing, sign: int = 1) -> Weighing:
        """Both together, or with a sign of -1 these without the `other`, which are among them."""
        n_rows = self.n_rows + sign * other.n_rows
        return Weighing(n_rows, *(max(one + sign * two, 0.0) for one, two in zip(self[1:], other[1:], strict=True)))

    def resolved(self) -> Weighing:
        """Without the open ones, whose number of rows is not known apart."""
        return self._replace(open=0.0)


class Overlap(NamedTuple):
    """The applications that two cohorts share: rows, the sum of their weights and that of their squared weights."""

    n_rows: int = 0
    total: float = 0
    squares: float = 0

    @classmethod
    def of_rows(cls, number: int) -> Overlap:
        """Rows that count once each."""
        return cls(number, number, number)

    def effective(self, one: float, two: float) -> float:
        """How many effective applications are shared, given how many there are per unit of weight in either cohort.

        It is the K for which 1 / N + 1 / M - 2 K / (N M) is the sum of squared differences between the shares that each
        row has of either cohort, where N and M are the cohorts' effective numbers.
        """
        return self.squares * one * two


def effective_share(total: float, squares: float) -> float:
    """The effective number of applications per unit of weight: (sum w)^2 / sum w^2, over sum w.

    Source: Kish (1965), Survey Sampling, section 8.2.
    """
    return total / squares if squares else 1.0

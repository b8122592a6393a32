"""The population that samples are drawn from, whose true figures are known by integration, and what an interval missed.

PDs follow Beta(1.2, 13.6), whose mean is 8.1 %, and are right: each application defaults with its PD.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from dashboard.metrics.estimate import Estimate

Floats = npt.NDArray[np.float64]
A, B = 1.2, 13.6
DEFAULT_RATE = A / (A + B)
# Where the population is integrated over, and the share of it there.
PDS: Floats = (np.arange(100_000) + 0.5) / 100_000
SHARES: Floats = np.diff(stats.beta.cdf(np.linspace(0, 1, PDS.size + 1), A, B))


@dataclass(slots=True)
class Misses:
    """How many of `samples` intervals had the truth below and above them."""

    below: int = 0
    above: int = 0
    samples: int = 0

    def count(self, estimate: Estimate, truth: float) -> None:
        """Count one interval; undefined intervals are skipped."""
        if estimate.low is None or estimate.high is None:
            return
        self.samples += 1
        # Ends that are the truth but for rounding hold it.
        self.below += truth < estimate.low - 1e-12
        self.above += truth > estimate.high + 1e-12

    @property
    def coverage(self) -> float:
        """Share of the intervals that held the truth; NaN without any."""
        return 1 - (self.below + self.above) / self.samples if self.samples else math.nan

    def cells(self) -> list[str]:
        """Percentages below, above and inside, as cells of a table."""
        shares = [self.below / max(self.samples, 1), self.above / max(self.samples, 1), self.coverage]
        return [f"{100 * share:.1f}" for share in shares]


def drawn(n_defaults: int, rng: np.random.Generator) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """PDs and outcomes of as many applications as have `n_defaults` defaults on average."""
    pd = rng.beta(A, B, round(n_defaults / DEFAULT_RATE))
    return pd, rng.random(pd.size) < pd


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *rows])

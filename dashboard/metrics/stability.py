"""How far a distribution has shifted between two cohorts: of the PD (PSI) and of any column (CSI).

Both are the same index over bins. The reference is the cohort compared with, the current one the cohort looked at.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from dashboard.metrics.column_counts import ColumnCounts
from dashboard.metrics.counts import AnyArray, FloatArray, ScoreCounts, on_common_bins, total_of
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.groups import equal_count_groups
from dashboard.metrics.weighing import Overlap
from data.quality.oddities import IN_EMPTY_BIN, LARGE_SHIFT

# The usual marks of practice (Siddiqi 2006, Credit Risk Scorecards), which know nothing of the number of applications.
MODERATE, LARGE = 0.10, LARGE_SHIFT

NO_REFERENCE = "the reference holds no applications"
NO_CURRENT = "the current cohort holds no applications"
SAME_ROWS = "reference and current cohort are the same applications"
_NONE = Overlap()


class Shift(StrEnum):
    """The conclusion on a shift."""

    NONE = "no shift beyond chance"
    SMALL = "small shift"
    MODERATE = "moderate shift"
    LARGE = "large shift"
    TOO_FEW = "too few to conclude"


@dataclass(frozen=True, slots=True)
class Stability:
    """The stability index of two distributions over the same bins; one value per bin in the arrays.

    Where applications have weights, `reference` and `current` are effective numbers.

    `contribution` adds up to `index` (zeros where that is not defined). In 95 and in 99 of 100 cases without a true
    shift, the index stays below `critical_95` and `critical_99`; `noise` is its mean then. `shift` is None where the
    index is not defined.
    """

    reference: AnyArray
    current: AnyArray
    contribution: FloatArray
    index: Estimate
    critical_95: float
    critical_99: float
    noise: float
    shift: Shift | None

    @property
    def n_reference(self) -> int:
        """Applications of the reference."""
        return total_of(self.reference)

    @property
    def n_current(self) -> int:
        """Applications of the current cohort."""
        return total_of(self.current)

    @property
    def reference_share(self) -> FloatArray:
        """Share of the reference per bin; zeros where it is empty."""
        return self.reference / max(self.n_reference, 1)

    @property
    def current_share(self) -> FloatArray:
        """Share of the current cohort per bin; zeros where it is empty."""
        return self.current / max(self.n_current, 1)

    @property
    def corrected(self) -> float | None:
        """The index less what chance alone adds to it on average, at least 0; None where it is not defined."""
        return None if self.index.value is None else max(self.index.value - self.noise, 0.0)

    @property
    def has_shifted(self) -> bool:
        """Whether the shift is a moderate or a large one."""
        return self.shift in (Shift.MODERATE, Shift.LARGE)

    @property
    def largest(self) -> int | None:
        """The bin that contributes most, or None where none does."""
        return int(np.argmax(self.contribution)) if self.contribution.any() else None


@dataclass(frozen=True, slots=True)
class ScoreStability:
    """The stability of the PD; `edges` are the bins' lower boundaries, of which the first is 0."""

    edges: FloatArray
    stability: Stability


def population_stability(
    reference: ScoreCounts, current: ScoreCounts, *, n_groups: int = 10, overlap: Overlap = _NONE
) -> ScoreStability:
    """The stability index of the PD, over up to `n_groups` groups of about equally many applications of the reference.

    A PD bin is never split: it belongs to the group in which its middle application falls, so that heavy ties make
    fewer groups. `overlap` are the applications that are in both.

    Raises:
        CountsError: the two are on the grids of different tables.
    """
    shared = overlap.effective(reference.effective_share, current.effective_share)
    reference, current = on_common_bins(reference.effective, current.effective)
    starts = np.flatnonzero(np.diff(equal_count_groups(reference, n_groups), prepend=-1))
    binned = (np.add.reduceat(side.applications, starts) for side in (reference, current))
    edges = reference.edges[starts]
    edges[0] = 0.0
    return ScoreStability(edges, stability_index(*binned, overlap=shared))


def characteristic_stability(
    reference: ColumnCounts, current: ColumnCounts, *, overlap: Overlap = _NONE
) -> Mapping[str, Stability]:
    """The stability index of each column, over its own bins; `overlap` are the applications in both."""
    shared = overlap.effective(reference.effective_share, current.effective_share)
    sides = [each.by_column for each in (reference, current)]
    if reference.squares is not None or current.squares is not None:
        sides = [
            {name: each.effective_share * number for name, number in each.by_column.items()}
            for each in (reference, current)
        ]
    return {name: stability_index(sides[0][name], sides[1][name], overlap=shared) for name in reference.names}


def stability_index(reference: npt.ArrayLike, current: npt.ArrayLike, *, overlap: float = 0) -> Stability:
    """The stability index from the numbers of applications per bin: sum of (c - r) ln(c / r) over the shares.

    A bin that is empty on one side counts there as half an application, or as many as the other side's share would
    give it where those are fewer: it then adds nothing, as one that is empty on both sides. `overlap` is the number of
    applications that are in both. Source: Kullback and Leibler (1951), Annals of Mathematical Statistics 22(1), whose
    divergence in both directions this is.
    """
    r, c = np.asarray(reference), np.asarray(current)
    n, m = r.sum().item(), c.sum().item()
    used = (r > 0) | (c > 0)
    reason = _why_undefined(n, m, overlap)
    if reason:
        return Stability(r, c, np.zeros(r.size), Estimate.undefined(reason), 0.0, 0.0, 0.0, None)
    contribution = np.zeros(r.size)
    contribution[used] = _contribution(r[used] / n, c[used] / m, n, m)
    index, n_bins = float(contribution.sum()), int(used.sum())
    ends = [critical_value(n_bins, n, m, overlap=overlap, level=level) for level in (0.95, 0.99)]
    noise = (n_bins - 1) * _spread(n, m, overlap)
    return Stability(r, c, contribution, Estimate(index), ends[0], ends[1], noise, _shift(index, *ends))


def critical_value(
    n_bins: int, n_reference: float, n_current: float, *, overlap: float = 0, level: float = 0.95
) -> float:
    """The value that the index stays below in a share `level` of cases without a true shift.

    (1 / N + 1 / M - 2 K / (N M)) times the quantile of chi-square with `n_bins` - 1 degrees of freedom, where K of the
    N and M applications are in both; neither side may be empty. Source: Yurdakul and Naranjo (2020), Journal of Risk
    Model Validation, for K = 0; what both sides share cannot differ, which takes the last term off the variance.
    """
    if n_bins < 2:
        return 0.0
    from scipy.special import chdtri  # this page only: start-up does not wait for it

    return _spread(n_reference, n_current, overlap) * float(chdtri(n_bins - 1, 1 - level))


def p_of_shift(found: Stability) -> float:
    """How often the index is as large without a true shift; 1 where it is not defined."""
    from scipy.special import chdtrc  # start-up does not wait for it

    degrees = int(np.count_nonzero(found.reference + found.current)) - 1
    if found.index.value is None or degrees < 1:
        return 1.0
    return float(chdtrc(degrees, degrees * found.index.value / found.noise))


def _contribution(r: FloatArray, c: FloatArray, n: float, m: float) -> FloatArray:
    # At most the other side's share: where applications are fewer than bins, the halves would outnumber them.
    r, c = np.where(r > 0, r, np.minimum(IN_EMPTY_BIN / n, c)), np.where(c > 0, c, np.minimum(IN_EMPTY_BIN / m, r))
    return (c - r) * np.log(c / r)


def _spread(n: float, m: float, overlap: float) -> float:
    return (n + m - 2 * overlap) / (n * m)


def _why_undefined(n: float, m: float, overlap: float) -> str | None:
    if not n:
        return NO_REFERENCE
    if not m:
        return NO_CURRENT
    # Sums of weights in another order differ in their last digits.
    return SAME_ROWS if math.isclose(overlap, n) and math.isclose(overlap, m) else None


def _shift(index: float, critical_95: float, critical_99: float) -> Shift:
    # Where chance alone reaches the mark, applications are few: an index below the critical value says nothing, and
    # chi-square is rough enough to be exceeded twice as often as it should. The 99 % value then keeps to 5 %.
    if critical_95 > MODERATE and index <= critical_99:
        return Shift.TOO_FEW
    if index <= critical_95:
        return Shift.NONE
    if index < MODERATE:
        return Shift.SMALL
    return Shift.MODERATE if index < LARGE else Shift.LARGE

"""What the checks of `findings` need to know of each group of each column, computed once a cohort."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.metrics.counts import AnyArray, FloatArray, IntArray, ScoreCounts
from dashboard.metrics.discrimination import DeLong, auc_estimate, delong_of
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.segment_counts import GroupCounts
from data.quality.oddities import MIN_APPLICATIONS, MIN_OUTCOMES

Part = ScoreCounts | GroupCounts


@dataclass(frozen=True, slots=True)
class Group:
    """One group of a column: the column's name and title, the group's place in it and its words."""

    column: str
    title: str
    code: int
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class GroupFacts:
    """What the checks need of one group's counts, whatever the cutoff.

    `approved` and `approved_bad` count the applications, and the defaults, below each of `pds` and, last, of all.
    `calibration` is the two-sided p-value of the defaults where `expected` are. `ranking` is the one-sided p-value of
    an AUC no lower than `rest_auc`; None where there are too few to compare.
    """

    group: Group
    applications: int
    defaults: int
    expected: float
    exposure: float
    calibration: float
    delong: DeLong | None
    rest_auc: float | None
    ranking: float | None
    pds: FloatArray
    approved: AnyArray
    approved_bad: AnyArray

    @property
    def roc_auc(self) -> Estimate:
        """The group's AUC; only where it is defined."""
        assert self.delong is not None
        return auc_estimate(self.delong, self.applications - self.defaults, self.defaults)

    def approvals(self, cutoff: float) -> tuple[int, int]:
        """Applications approved at `cutoff` (a PD that can be set), and the defaults among them."""
        place = int(np.searchsorted(self.pds, cutoff, side="left"))
        return int(self.approved[place]), int(self.approved_bad[place])


def group_facts(
    column: str, title: str, names: Sequence[str], parts: Mapping[int, Part], whole: ScoreCounts
) -> tuple[GroupFacts, ...]:
    """The facts on each of `parts`, by its index into `names` (the groups of `column`); they make up `whole`.

    They are facts on the applications whose outcome is known. Groups of fewer than 30 applications are left out, and so
    is a group that is the whole.
    """
    n_all = whole.n_resolved
    resolved = {code: part.resolved if isinstance(part, ScoreCounts) else part for code, part in sorted(parts.items())}
    return tuple(
        _facts(Group(column, title, code, names[code]), part, whole)
        for code, part in resolved.items()
        if MIN_APPLICATIONS <= part.n_resolved < n_all
    )


def p_more(number: AnyArray | int, of: AnyArray | int, rate: float) -> FloatArray:
    """How often a binomial share of `rate` has `number` or more among `of`, element by element."""
    from scipy.special import betainc  # start-up does not wait for it

    hits = np.asarray(number)
    # Of none or more there always are; the function is not defined there.
    found: FloatArray = np.where(hits > 0, betainc(np.maximum(hits, 1), of - np.maximum(hits, 1) + 1, rate), 1.0)
    return found


def p_of_defaults(bad: int, n: int, expected: float) -> float:
    """Two-sided p-value of `bad` defaults among `n` where `expected` are; no PDs have wider tails than the binomial."""
    mean = min(expected / n, 1.0)
    return min(2 * min(float(p_more(bad, n, mean)), float(p_more(n - bad, n, 1 - mean))), 1.0)


def p_apart(high: float, low: float, variance: float, degrees_of_freedom: float) -> float:
    """One-sided p-value of AUCs `high` and `low`, the `variance` being that of their difference in log-odds."""
    from scipy.special import stdtr  # start-up does not wait for it

    if not variance or not 0 < low < 1 or not 0 < high < 1:
        return 1.0
    z = (math.log(high / (1 - high)) - math.log(low / (1 - low))) / math.sqrt(variance)
    return float(stdtr(max(degrees_of_freedom, 1.0), -z))


def _facts(group: Group, part: Part, whole: ScoreCounts) -> GroupFacts:
    own = delong_of(part.good, part.bad)
    rest_auc, ranking = _ranking(own, part, whole)
    n, n_bad, pd_sum = part.n_resolved, part.n_bad, part.pd_sum
    applications = part.good + part.bad
    used = slice(None) if part.is_exact else np.flatnonzero(applications)
    return GroupFacts(
        group,
        n,
        n_bad,
        pd_sum,
        part.exposure_sum / n,
        p_of_defaults(n_bad, n, pd_sum),
        own,
        rest_auc,
        ranking,
        part.edges[used],
        _below(applications[used]),
        _below(part.bad[used]),
    )


def _below(number: IntArray) -> AnyArray:
    # Half the memory: these are kept for every group of every column.
    below = np.zeros(number.size + 1, dtype=np.int32)
    np.cumsum(number, out=below[1:])
    return below


def _ranking(own: DeLong | None, part: Part, whole: ScoreCounts) -> tuple[float | None, float | None]:
    n_bad, n_good = part.n_bad, part.n_good
    if own is None or min(n_bad, n_good, whole.n_bad - n_bad, whole.n_good - n_good) < MIN_OUTCOMES:
        return None, None
    other = _of_rest(part, whole)
    if other is None:
        return None, None
    parts = [(each.variance / max(each.auc * (1 - each.auc), 1e-12) ** 2, each) for each in (own, other)]
    variance = sum(one for one, _ in parts)
    spread = sum(one**2 / max(each.degrees_of_freedom, 1.0) for one, each in parts)
    return other.auc, p_apart(other.auc, own.auc, variance, variance**2 / spread if spread else 0.0)


def _of_rest(part: Part, whole: ScoreCounts) -> DeLong | None:
    """DeLong of `whole` less `part`, for which PDs and exposures, most of the work of `whole - part`, do not count."""
    if part.edges is whole.edges:
        return delong_of(whole.good - part.good, whole.bad - part.bad)
    bins = np.maximum(np.searchsorted(whole.edges, part.edges, side="right") - 1, 0)
    of_part = (np.bincount(bins, weights=number, minlength=whole.edges.size) for number in (part.good, part.bad))
    good, bad = (number.astype(np.int64) for number in of_part)
    return delong_of(whole.good - good, whole.bad - bad)

"""What to look at first in a cohort: faults that chance does not explain, found with one error budget for all checks.

Every group of every column, every risk band, the level of the PDs, the cutoff and the scores themselves are checked.
The more is checked, the surer each finding must be: p-values are corrected for all checks together (Holm 1979,
Scandinavian Journal of Statistics 6(2)), and what is beyond chance but too small to act on is left out.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from dashboard.metrics.calibration_verdict import TOLERANCE
from dashboard.metrics.counts import AnyArray, FloatArray, IntArray, ScoreCounts
from dashboard.metrics.discrimination import DeLong, delong, roc_auc
from dashboard.metrics.economics import CutoffCurve
from dashboard.metrics.estimate import NO_APPLICATIONS, Estimate
from dashboard.metrics.evaluation import Evaluation
from dashboard.metrics.leakage import IMPLAUSIBLE_AUC
from dashboard.metrics.rates import share

ERROR = 0.05
MOST = 5
# Findings of one kind: the largest stand for those that have the same cause.
MOST_OF_KIND = 2
# Groups that are checked: with fewer applications, or fewer of either outcome for an AUC, an answer is not to be had.
MIN_APPLICATIONS = 30
MIN_OUTCOMES = 30
# AUCs that differ by less are alike for every use that is made of them.
LEAST_AUC_GAP = 0.02
# But for rounding, an AUC of 1.
_PERFECT = 1 - 1e-9


class Fault(StrEnum):
    """What is wrong; the gravest first."""

    LEAK = "scores know the outcome"
    REVERSED = "scores rank the wrong way round"
    CUTOFF = "cutoff costs money"
    LOSS = "segment loses money"
    LEVEL = "PDs are off"
    BAND = "band's PDs are off"
    SEGMENT = "segment's PDs are off"
    RANKING = "segment is ranked poorly"


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
    `ranking` is the one-sided p-value of an AUC no lower than `rest_auc`; None where there are too few to compare.
    """

    group: Group
    applications: int
    defaults: int
    expected: float
    exposure: float
    roc_auc: Estimate
    rest_auc: float | None
    ranking: float | None
    pds: FloatArray
    approved: AnyArray
    approved_bad: AnyArray

    def approvals(self, cutoff: float) -> tuple[int, int]:
        """Applications approved at `cutoff` (a PD that can be set), and the defaults among them."""
        place = int(np.searchsorted(self.pds, cutoff, side="left"))
        return int(self.approved[place]), int(self.approved_bad[place])


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: the figure `found`, with its 95 % interval, and what it is held `against`.

    Both are shares, an AUC, or cutoffs. `p_value` is corrected for all checks. `stake` is about how much money the
    fault moves, in currency units; 0 where none can be named. `subject` is a risk band's letter, else empty.
    """

    fault: Fault
    found: Estimate
    against: float
    applications: int
    stake: float
    p_value: float
    group: Group | None = None
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """The findings to show, the gravest first, of how many checks; and how many of each kind were found in all."""

    shown: tuple[Finding, ...]
    n_checks: int
    by_fault: tuple[tuple[Fault, int], ...] = ()

    @property
    def n_more(self) -> int:
        """How many findings are not shown."""
        return sum(number for _, number in self.by_fault) - len(self.shown)


def group_facts(
    column: str, title: str, names: Sequence[str], parts: Mapping[int, ScoreCounts], whole: ScoreCounts
) -> tuple[GroupFacts, ...]:
    """The facts on each of `parts`, by its index into `names` (the groups of `column`); they make up `whole`.

    Groups of fewer than 30 applications are left out, and so is a group that is the whole.
    """
    return tuple(
        _facts(Group(column, title, code, names[code]), part, whole)
        for code, part in sorted(parts.items())
        if MIN_APPLICATIONS <= part.n_applications < whole.n_applications
    )


def find_faults(evaluation: Evaluation, groups: Iterable[GroupFacts]) -> Findings:
    """At most five findings on a cohort and its groups, such that with no fault 95 of 100 cohorts have none at all.

    Right PDs, groups that are ranked alike, approvals that pay and the best cutoff are no fault.
    """
    checks = [*_of_scores(evaluation), *_of_level(evaluation), *_of_cutoff(evaluation.profit)]
    checks += [check for facts in groups for check in _of_group(facts, evaluation)]
    found = _distinct(sorted(_beyond_chance(checks), key=_rank))
    shown: list[Finding] = []
    for each in found:
        if sum(other.fault is each.fault for other in shown) < MOST_OF_KIND:
            shown.append(each)
    number = Counter(each.fault for each in found)
    return Findings(tuple(shown[:MOST]), len(checks), tuple((fault, number[fault]) for fault in Fault if number[fault]))


def _beyond_chance(checks: Sequence[Finding]) -> Iterator[Finding]:
    """The material findings whose p-value, corrected by Holm's method, is at most 5 %."""
    corrected = 0.0
    for place, check in enumerate(sorted(checks, key=lambda check: check.p_value)):
        corrected = max(corrected, min((len(checks) - place) * check.p_value, 1.0))
        if corrected > ERROR:
            return
        if _is_material(check):
            yield replace(check, p_value=corrected)


def _distinct(found: Iterable[Finding]) -> list[Finding]:
    """The findings without those on the same rows by another column (pensioners, and those without an employer)."""
    seen: dict[tuple[object, ...], Finding] = {}
    for each in found:
        seen.setdefault((each.fault, each.subject, each.found, each.against, each.applications), each)
    return list(seen.values())


def _is_material(check: Finding) -> bool:
    gap = abs((check.found.value or 0.0) - check.against)
    match check.fault:
        case Fault.LEVEL | Fault.BAND | Fault.SEGMENT:
            return gap > TOLERANCE * min(check.against, 1 - check.against)
        case Fault.RANKING:
            return gap >= LEAST_AUC_GAP
    return True


def _rank(finding: Finding) -> tuple[int, float, float]:
    # Nothing else counts while the scores themselves are in doubt.
    grave = 0 if finding.fault in (Fault.LEAK, Fault.REVERSED) else 1
    return grave, -finding.stake, finding.p_value


def _of_scores(evaluation: Evaluation) -> Iterator[Finding]:
    result, counts = delong(evaluation.counts), evaluation.counts
    if result is None or min(counts.n_bad, counts.n_good) < MIN_OUTCOMES:
        return
    worst = max(result.auc, 1 - result.auc)
    leak = Finding(Fault.LEAK, evaluation.roc_auc, IMPLAUSIBLE_AUC, counts.n_applications, 0.0, 0.0)
    yield replace(leak, p_value=_p_above(result, worst, IMPLAUSIBLE_AUC))
    yield replace(leak, fault=Fault.REVERSED, against=0.5, p_value=_p_above(result, 1 - result.auc, 0.5))


def _of_level(evaluation: Evaluation) -> Iterator[Finding]:
    counts = evaluation.counts
    if counts.n_applications:
        yield _calibration(
            Fault.LEVEL, (counts.n_bad, counts.n_applications, counts.pd_sum), _exposure(evaluation), evaluation
        )
    for band in evaluation.bands:
        mean, n = band.mean_pd.value, band.applications
        if mean is not None and n >= MIN_APPLICATIONS:
            about = _calibration(Fault.BAND, (band.defaults, n, n * mean), _exposure(evaluation), evaluation)
            yield replace(about, subject=band.band)


def _of_cutoff(curve: CutoffCurve | None) -> Iterator[Finding]:
    if curve is None or curve.scaled_gap is None or curve.given_away is None:
        return
    optimum = curve.optimum
    apart = not (optimum.low or 0.0) <= curve.applied <= (1.0 if optimum.high is None else optimum.high)
    p_value = _p_of_gap(curve.scaled_gap) if apart else 1.0
    yield Finding(Fault.CUTOFF, optimum, curve.applied, curve.applications, curve.given_away, p_value)


def _p_of_gap(gap: float) -> float:
    """How often the best cutoff that is found beats the true one by so many standard errors, at most.

    Near the optimum, what cutoffs earn is a parabola and a two-sided Brownian motion. In 120,000 simulated ones the
    share beyond a gap of 1, 2, 3 and 3.6 is 2.1, 3.1, 3.8 and 4.2 times that of a single normal difference.
    """
    return min((1.5 + gap) * math.erfc(gap / math.sqrt(2)), 1.0)


def _of_group(facts: GroupFacts, evaluation: Evaluation) -> Iterator[Finding]:
    given, exposure = evaluation.assumptions, facts.exposure or evaluation.assumptions.terms.ead
    approved, bad = facts.approvals(given.cutoff)
    break_even = given.terms.break_even
    if break_even is not None and approved >= MIN_APPLICATIONS:
        found = share(bad, approved, NO_APPLICATIONS)
        stake = max(bad - break_even * approved, 0.0) * exposure * (given.terms.margin + given.terms.lgd)
        p_value = _p_more(bad, approved, break_even)
        yield Finding(Fault.LOSS, found, break_even, approved, stake, p_value, facts.group)
    observed = facts.defaults, facts.applications, facts.expected
    yield replace(_calibration(Fault.SEGMENT, observed, exposure, evaluation), group=facts.group)
    if facts.ranking is not None and facts.rest_auc is not None:
        n = facts.applications
        yield Finding(Fault.RANKING, facts.roc_auc, facts.rest_auc, n, 0.0, facts.ranking, facts.group)


def _calibration(fault: Fault, observed: tuple[int, int, float], exposure: float, evaluation: Evaluation) -> Finding:
    """The check of (defaults, applications, expected defaults); no PDs have wider tails than the binomial."""
    bad, n, expected = observed
    mean = min(expected / n, 1.0)
    p_value = min(2 * min(_p_more(bad, n, mean), _p_more(n - bad, n, 1 - mean)), 1.0)
    stake = abs(bad - expected) * exposure * evaluation.assumptions.terms.lgd
    return Finding(fault, share(bad, n, NO_APPLICATIONS), mean, n, stake, p_value)


def _exposure(evaluation: Evaluation) -> float:
    """Mean exposure of an application, in currency units."""
    counts = evaluation.counts
    return counts.exposure_sum / max(counts.n_applications, 1) or evaluation.assumptions.terms.ead


def _p_more(number: int, of: int, rate: float) -> float:
    """How often a binomial share of `rate` has `number` or more among `of`."""
    from scipy.special import betainc  # start-up does not wait for it

    return float(betainc(number, of - number + 1, rate)) if number else 1.0


def _p_above(result: DeLong, auc: float, limit: float) -> float:
    """One-sided p-value of an AUC of at most `limit`, on the logit scale; 0 where nothing at all is misplaced."""
    if not result.variance:
        return 0.0 if auc > _PERFECT else 1.0
    return _p_apart(auc, limit, result.variance / (auc * (1 - auc)) ** 2, result.degrees_of_freedom)


def _p_apart(high: float, low: float, variance: float, degrees_of_freedom: float) -> float:
    from scipy.special import stdtr  # start-up does not wait for it

    if not variance or not 0 < low < 1 or not 0 < high < 1:
        return 1.0
    z = (math.log(high / (1 - high)) - math.log(low / (1 - low))) / math.sqrt(variance)
    return float(stdtr(max(degrees_of_freedom, 1.0), -z))


def _facts(group: Group, part: ScoreCounts, whole: ScoreCounts) -> GroupFacts:
    rest_auc, ranking = _ranking(part, whole - part)
    used = np.flatnonzero(part.applications)
    n, n_bad = part.n_applications, part.n_bad
    return GroupFacts(
        group,
        n,
        n_bad,
        part.pd_sum,
        part.exposure_sum / n,
        roc_auc(part),
        rest_auc,
        ranking,
        part.edges[used],
        _below(part.applications[used]),
        _below(part.bad[used]),
    )


def _below(number: IntArray) -> AnyArray:
    # Half the memory: these are kept for every group of every column.
    return np.concatenate([[0], np.cumsum(number)]).astype(np.int32)


def _ranking(part: ScoreCounts, rest: ScoreCounts) -> tuple[float | None, float | None]:
    if min(part.n_bad, part.n_good, rest.n_bad, rest.n_good) < MIN_OUTCOMES:
        return None, None
    own, other = delong(part), delong(rest)
    if own is None or other is None:
        return None, None
    parts = [(each.variance / max(each.auc * (1 - each.auc), 1e-12) ** 2, each) for each in (own, other)]
    variance = sum(one for one, _ in parts)
    spread = sum(one**2 / max(each.degrees_of_freedom, 1.0) for one, each in parts)
    p_value = _p_apart(other.auc, own.auc, variance, variance**2 / spread if spread else 0.0)
    return other.auc, p_value

"""What to look at first in a cohort: faults that chance does not explain, found with one error budget for all checks.

Every group of every column, every risk band, the level of the PDs, the cutoff and the scores themselves are checked.
The more is checked, the surer each finding must be: p-values are corrected for all checks together (Holm 1979,
Scandinavian Journal of Statistics 6(2)), and what is beyond chance but too small to act on is left out.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import TypeAlias

import numpy as np

from dashboard.metrics.calibration_verdict import TOLERANCE
from dashboard.metrics.discrimination import DeLong, delong
from dashboard.metrics.economics import CutoffCurve
from dashboard.metrics.estimate import NO_APPLICATIONS, Estimate
from dashboard.metrics.evaluation import Evaluation
from dashboard.metrics.group_facts import Group, GroupFacts, p_apart, p_more, p_of_defaults
from dashboard.metrics.rates import share
from data.quality.oddities import IMPLAUSIBLE_AUC, MIN_APPLICATIONS, MIN_OUTCOMES

ERROR = 0.05
MOST = 5
# Findings of one kind: the largest stand for those that have the same cause.
MOST_OF_KIND = 2
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
    SHIFT = "distribution has shifted"
    REJECTS = "file has rejected rows"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: the figure `found`, with its 95 % interval, and what it is held `against`.

    Both are shares, an AUC, cutoffs or stability indices. `p_value` is corrected for all checks. `stake` is about how
    much money the fault moves, in currency units; 0 where none can be named. `subject` is a risk band's letter or a
    file's name, else empty.
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


# A check: its p-value, uncorrected, and what writes the finding. Most checks find nothing, and need no finding written.
Check: TypeAlias = tuple[float, Callable[[], Finding]]


def find_faults(evaluation: Evaluation, groups: Sequence[GroupFacts], more: Sequence[Finding] = ()) -> Findings:
    """At most five findings on a cohort and its groups, such that with no fault 95 of 100 cohorts have none at all.

    Right PDs, groups that are ranked alike, approvals that pay and the best cutoff are no fault. `more` are checks that
    others have made, each with its own p-value; they share the error budget.
    """
    whole = (*_of_scores(evaluation), *_of_level(evaluation), *_of_cutoff(evaluation.profit), *more)
    checks: list[Check] = [(finding.p_value, partial(_itself, finding)) for finding in whole]
    checks += _of_groups(groups, evaluation)
    found = _distinct(sorted(_beyond_chance(checks), key=_rank))
    shown: list[Finding] = []
    for each in found:
        if sum(other.fault is each.fault for other in shown) < MOST_OF_KIND:
            shown.append(each)
    number = Counter(each.fault for each in found)
    return Findings(tuple(shown[:MOST]), len(checks), tuple((fault, number[fault]) for fault in Fault if number[fault]))


def _itself(finding: Finding) -> Finding:
    return finding


def _beyond_chance(checks: Sequence[Check]) -> Iterator[Finding]:
    """The material findings whose p-value, corrected by Holm's method, is at most 5 %."""
    corrected = 0.0
    for place, (p_value, write) in enumerate(sorted(checks, key=lambda check: check[0])):
        corrected = max(corrected, min((len(checks) - place) * p_value, 1.0))
        if corrected > ERROR:
            return
        found = write()
        if _is_material(found):
            yield replace(found, p_value=corrected)


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
        case Fault.SHIFT:
            return (check.found.value or 0.0) >= check.against
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
    leak = Finding(Fault.LEAK, evaluation.roc_auc, IMPLAUSIBLE_AUC, counts.n_resolved, 0.0, 0.0)
    yield replace(leak, p_value=_p_above(result, worst, IMPLAUSIBLE_AUC))
    yield replace(leak, fault=Fault.REVERSED, against=0.5, p_value=_p_above(result, 1 - result.auc, 0.5))


def _of_level(evaluation: Evaluation) -> Iterator[Finding]:
    counts = evaluation.counts.resolved
    if counts.n_applications:
        yield _calibration(
            Fault.LEVEL, (counts.n_bad, counts.n_applications, counts.pd_sum), _exposure(evaluation), evaluation
        )
    for band in evaluation.bands:
        mean, n = band.mean_pd.value, band.resolved
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


def _of_groups(groups: Sequence[GroupFacts], evaluation: Evaluation) -> Iterator[Check]:
    given = evaluation.assumptions
    approvals = [facts.approvals(given.cutoff) for facts in groups]
    break_even, losses = given.terms.break_even, np.ones(len(groups))
    if break_even is not None and groups:
        approved, bad = np.array(approvals).T
        losses = p_more(bad, np.maximum(approved, 1), break_even)
    for facts, (n_approved, n_bad), p_value in zip(groups, approvals, losses.tolist(), strict=True):
        if break_even is not None and n_approved >= MIN_APPLICATIONS:
            yield p_value, partial(_loss, facts, n_approved, n_bad, break_even, evaluation)
        yield facts.calibration, partial(_segment, facts, evaluation)
        if facts.ranking is not None:
            yield facts.ranking, partial(_ranking, facts)


def _loss(facts: GroupFacts, approved: int, bad: int, break_even: float, evaluation: Evaluation) -> Finding:
    terms = evaluation.assumptions.terms
    stake = max(bad - break_even * approved, 0.0) * (facts.exposure or terms.ead) * (terms.margin + terms.lgd)
    return Finding(Fault.LOSS, share(bad, approved, NO_APPLICATIONS), break_even, approved, stake, 0.0, facts.group)


def _segment(facts: GroupFacts, evaluation: Evaluation) -> Finding:
    observed = facts.defaults, facts.applications, facts.expected
    exposure = facts.exposure or evaluation.assumptions.terms.ead
    return replace(_calibration(Fault.SEGMENT, observed, exposure, evaluation), group=facts.group)


def _ranking(facts: GroupFacts) -> Finding:
    against = facts.rest_auc or 0.0
    return Finding(Fault.RANKING, facts.roc_auc, against, facts.applications, 0.0, 0.0, facts.group)


def _calibration(fault: Fault, observed: tuple[int, int, float], exposure: float, evaluation: Evaluation) -> Finding:
    """The check of (defaults, applications, expected defaults)."""
    bad, n, expected = observed
    stake = abs(bad - expected) * exposure * evaluation.assumptions.terms.lgd
    mean = min(expected / n, 1.0)
    return Finding(fault, share(bad, n, NO_APPLICATIONS), mean, n, stake, p_of_defaults(bad, n, expected))


def _exposure(evaluation: Evaluation) -> float:
    """Mean exposure of an application, in currency units."""
    counts = evaluation.counts
    return counts.exposure_sum / max(counts.n_applications, 1) or evaluation.assumptions.terms.ead


def _p_above(result: DeLong, auc: float, limit: float) -> float:
    """One-sided p-value of an AUC of at most `limit`, on the logit scale; 0 where nothing at all is misplaced."""
    if not result.variance:
        return 0.0 if auc > _PERFECT else 1.0
    return p_apart(auc, limit, result.variance / (auc * (1 - auc)) ** 2, result.degrees_of_freedom)

"""One cohort cut into the groups of a column: how each fares, and whether it differs from the others beyond noise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dashboard.metrics.counts import ScoreCounts
from dashboard.metrics.discrimination import roc_auc
from dashboard.metrics.estimate import NO_APPLICATIONS, Estimate
from dashboard.metrics.rates import Confusion, confusion, default_rate, exact_bounds, mean_pd, share

NO_REST = "there are no other applications to compare with"
MIN_APPLICATIONS = 30
# An interval that reaches further than this share of the rest's rate to either side decides nothing by holding 0.
MAX_RELATIVE_REACH = 0.25
_ERROR = 0.05


class Measure(StrEnum):
    """What of a segment is drawn or ranked; the value is its label on the screen, the name its field."""

    DEFAULT_RATE = "Default rate"
    DIFFERENCE = "Difference from other segments"
    BAD_RATE = "Bad rate"
    APPROVAL_RATE = "Approval rate"
    MEAN_PD = "Mean PD"
    CALIBRATION_GAP = "Calibration gap"
    ROC_AUC = "ROC AUC"
    SHARE = "Share of applications"


_OF_ALL = (Measure.APPROVAL_RATE, Measure.MEAN_PD, Measure.SHARE)


class Verdict(StrEnum):
    """How a segment's default rate stands to that of the other segments, once noise is allowed for."""

    HIGHER = "higher than other segments"
    LOWER = "lower than other segments"
    ALIKE = "no clear difference"
    TOO_FEW = "too few to conclude"
    ALONE = "nothing to compare with"


class Lending(StrEnum):
    """How the bad rate of a segment's approved applications stands to the break-even, once noise is allowed for."""

    LOSES = "loses money"
    PAYS = "pays"
    OPEN = "too close to call"
    TOO_FEW = "too few to conclude"
    NOTHING = "nothing approved"


class Order(StrEnum):
    """In which order segments are shown."""

    WORST = "Worst first"
    MEASURE = "By the measure, highest first"
    SIZE = "Largest first"
    COLUMN = "As in the column"


@dataclass(frozen=True, slots=True)
class Segment:
    """One group of the cohort's applications; `code` is its place in the column, `name` its words.

    Of its applications the outcome of those that are `resolved` is known. `difference` is its default rate less that of
    the cohort's other applications; its interval, and `verdict` with it, holds for all segments at once. So does
    `lending`, about what is approved, and so does `lending_to_all`, about what it would be without any cutoff, each
    taken by itself. The other intervals are for 95 % each.
    """

    code: int
    name: str
    applications: int
    resolved: int
    defaults: int
    approved: int
    share: Estimate
    default_rate: Estimate
    difference: Estimate
    mean_pd: Estimate
    calibration_gap: Estimate
    roc_auc: Estimate
    approval_rate: Estimate
    bad_rate: Estimate
    verdict: Verdict
    lending: Lending
    lending_to_all: Lending

    def measured(self, measure: Measure) -> Estimate:
        """The segment's value of `measure`."""
        estimate: Estimate = getattr(self, measure.name.lower())
        return estimate

    def held_for(self, measure: Measure) -> int:
        """How many of its applications `measure` is worked out from, the cutoff aside."""
        return self.applications if measure in _OF_ALL else self.resolved


@dataclass(frozen=True, slots=True)
class SegmentReport:
    """The segments that hold applications, in the column's order, and the cohort they make up, as one segment.

    `column` is the title of what they are groups of. `cutoff` and `break_even` are what the approvals and the lending
    verdicts were worked out with, as shares.
    """

    segments: tuple[Segment, ...]
    cohort: Segment
    column: str
    cutoff: float
    break_even: float

    def ordered(self, order: Order, measure: Measure) -> tuple[Segment, ...]:
        """The segments in `order`; those for which the value they are ordered by is not defined come last."""
        match order:
            case Order.COLUMN:
                return self.segments
            case Order.SIZE:
                return tuple(sorted(self.segments, key=lambda segment: -segment.applications))
            case Order.MEASURE:
                return _descending(self.segments, [segment.measured(measure).value for segment in self.segments])
            case Order.WORST:
                return adverse_ranking(self.segments)

    def having(self, verdict: Verdict | Lending) -> tuple[Segment, ...]:
        """The segments with this verdict, the worst first."""
        return tuple(s for s in adverse_ranking(self.segments) if verdict in (s.verdict, s.lending))


def segment_report(
    parts: Mapping[int, ScoreCounts],
    names: Sequence[str],
    whole: ScoreCounts,
    *,
    column: str,
    cutoff: float,
    break_even: float,
) -> SegmentReport:
    """What is known of each of `parts`, by its index into `names` (the groups of `column`); they make up `whole`.

    `cutoff` is a PD; `break_even` is the share of defaults at which lending earns nothing. Parts without applications
    are left out and not counted as comparisons.
    """
    held = {code: counts for code, counts in sorted(parts.items()) if counts.n_applications}
    error = simultaneous_error(sum(counts.n_resolved > 0 for counts in held.values()))
    segments = tuple(
        _segment(code, names[code], counts, whole, (cutoff, break_even, error)) for code, counts in held.items()
    )
    cohort = _segment(-1, "All of the cohort", whole, whole, (cutoff, break_even, _ERROR))
    return SegmentReport(segments, cohort, column, cutoff, break_even)


def simultaneous_error(n_intervals: int) -> float:
    """How often each of `n_intervals` intervals may miss, so that one or more do in at most 5 % of samples.

    Source: Bonferroni's inequality, which needs no independence.
    """
    return _ERROR / max(n_intervals, 1)


def calibration_gap(counts: ScoreCounts) -> Estimate:
    """Mean PD less default rate where outcomes are known, as a share: above 0 where the PDs are too high.

    The interval is Wilson's of the default rate, turned round, since the PDs are known.
    """
    rate, mean = default_rate(counts), mean_pd(counts.resolved).value
    if rate.value is None or rate.low is None or rate.high is None or mean is None:
        return Estimate.undefined(counts.why_unresolved)
    return Estimate.around(mean - rate.value, mean - rate.high, mean - rate.low)


def rate_difference(part: tuple[float, float], rest: tuple[float, float], *, error: float = _ERROR) -> Estimate:
    """Default rate of `part` less that of `rest`, each given as (defaults, applications), with its interval.

    The interval misses in at most a share `error` of samples, however few the applications (docs/metrics.md has the
    simulation). Source: method 10 of Newcombe (1998), Statistics in Medicine 17(8), of exact intervals instead of
    Wilson's, whose lower ends are too high for few defaults once `error` is far below 5 %.
    """
    if not part[1] or not rest[1]:
        return Estimate.undefined(NO_APPLICATIONS if not part[1] else NO_REST)
    p, q = part[0] / part[1], rest[0] / rest[1]
    p_low, p_high = exact_bounds(*part, error=error)
    q_low, q_high = exact_bounds(*rest, error=error)
    down, up = math.hypot(p - p_low, q_high - q), math.hypot(p_high - p, q - q_low)
    return Estimate.around(p - q, max(p - q - down, -1.0), min(p - q + up, 1.0))


def adverse_ranking(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """The segments by how much worse than the others they are at least: by the lower end of the difference's interval.

    A small segment with a high default rate does not come first on the strength of a few defaults.
    """
    return _descending(segments, [segment.difference.low for segment in segments])


def _descending(segments: Sequence[Segment], keys: Sequence[float | None]) -> tuple[Segment, ...]:
    pairs = sorted(zip(keys, segments, strict=True), key=lambda pair: math.inf if pair[0] is None else -pair[0])
    return tuple(segment for _, segment in pairs)


def _segment(
    code: int, name: str, counts: ScoreCounts, whole: ScoreCounts, terms: tuple[float, float, float]
) -> Segment:
    cutoff, break_even, error = terms
    decided = confusion(counts, cutoff)
    sample, worth = counts.sample, whole.resolved.effective_share
    own = (sample.n_bad, sample.n_resolved)
    rest = (worth * (whole.n_bad - counts.n_bad), worth * (whole.n_resolved - counts.n_resolved))
    difference = rate_difference(own, rest, error=error) if own[1] else Estimate.undefined(counts.why_unresolved)
    return Segment(
        code=code,
        name=name,
        applications=counts.n_applications,
        resolved=counts.n_resolved,
        defaults=counts.n_bad,
        approved=decided.approved,
        share=share(worth * counts.n_applications, worth * whole.n_applications, NO_APPLICATIONS),
        default_rate=default_rate(counts),
        difference=difference,
        mean_pd=mean_pd(counts),
        calibration_gap=calibration_gap(counts),
        roc_auc=roc_auc(counts),
        approval_rate=decided.approval_rate,
        bad_rate=decided.bad_rate,
        verdict=_verdict(difference, own[1], rest),
        lending=_lending(*_approved(decided), decided.approved, break_even, error),
        lending_to_all=_lending(*own, counts.n_applications, break_even, error),
    )


def _approved(decided: Confusion) -> tuple[float, float]:
    """The defaults among the approved and the approved of known outcome, as intervals take them."""
    worth = decided.effective_share
    return worth * decided.false_approvals, worth * decided.resolved_approved


def _verdict(difference: Estimate, applications: float, rest: tuple[float, float]) -> Verdict:
    if difference.low is None or difference.high is None:
        return Verdict.TOO_FEW if rest[1] and not applications else Verdict.ALONE
    if min(applications, rest[1]) < MIN_APPLICATIONS:
        return Verdict.TOO_FEW
    if difference.low > 0:
        return Verdict.HIGHER
    if difference.high < 0:
        return Verdict.LOWER
    rate = rest[0] / rest[1]
    reach = (difference.high - difference.low) / 2
    return Verdict.TOO_FEW if reach > MAX_RELATIVE_REACH * min(rate, 1 - rate) else Verdict.ALIKE


def _lending(bad: float, resolved: float, approved: float, break_even: float, error: float) -> Lending:
    if not approved:
        return Lending.NOTHING
    if resolved < MIN_APPLICATIONS:
        return Lending.TOO_FEW
    low, high = exact_bounds(bad, resolved, error=error)
    if low > break_even:
        return Lending.LOSES
    if high < break_even:
        return Lending.PAYS
    wide = (high - low) / 2 > MAX_RELATIVE_REACH * min(break_even, 1 - break_even)
    return Lending.TOO_FEW if wide else Lending.OPEN

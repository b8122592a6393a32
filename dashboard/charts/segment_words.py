"""Conclusions from a table of segments, in sentences: chart titles and the answer above the chart."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dashboard.metrics.estimate import Estimate
from dashboard.metrics.segments import (
    MIN_APPLICATIONS,
    Lending,
    Measure,
    Segment,
    SegmentReport,
    Verdict,
    adverse_ranking,
)
from dashboard.words import labels

TOO_WIDE = 0.2
_NAMED = 3


def word_measure(measure: Measure) -> Callable[[float], str]:
    """How a value of `measure` is written."""
    if measure in (Measure.DIFFERENCE, Measure.CALIBRATION_GAP):
        return labels.signed_points
    return labels.decimal if measure is Measure.ROC_AUC else labels.brief_percent


def is_worded(measure: Measure) -> bool:
    """Whether the measure's label is written in lower case inside a sentence, unlike an abbreviation."""
    return measure not in (Measure.ROC_AUC, Measure.MEAN_PD)


def quoted(name: str) -> str:
    """A segment's name in quotation marks, because a range of numbers would read as part of the sentence."""
    return f"“{name}”"


def name_few(names: Sequence[str], most: int = _NAMED) -> str:
    """The first of `names`, and how many more there are."""
    if len(names) <= most:
        return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def find_out(report: SegmentReport, measure: Measure) -> str:
    """The figure's finding for `measure`, with numbers."""
    if len(report.segments) < 2:
        return "One segment holds the whole cohort: there is nothing to compare it with"
    if measure in (Measure.DEFAULT_RATE, Measure.DIFFERENCE):
        return _of_defaults(report)
    if measure is Measure.BAD_RATE:
        return _of_lending(report)
    return _of_gaps(report) if measure is Measure.CALIBRATION_GAP else _of_extremes(report, measure)


def leaving_out_zero(n_out: int, n_intervals: int, what: str) -> str:
    """How many of `n_intervals` 95 % intervals of calibration gaps exclude 0, and how many would by chance."""
    sentence = f"In {n_out} of {n_intervals} {what} the calibration gap's interval excludes 0"
    return f"{sentence}; chance alone would do so in about {labels.by_chance(n_intervals)}"


def answer(report: SegmentReport) -> str:
    """Which segments to stop lending to, at the cutoff and without any, and how sure that is, in a few sentences."""
    at = f"At the cutoff of {labels.cutoff_percent(report.cutoff)}"
    if not report.cohort.approved:
        than = f"the break-even of {labels.brief_percent(report.break_even)}"
        return f"{at} nothing is approved, so nothing can be lost. {_without_cutoff(report, than)}"
    return f"{at}, {_with_cutoff(report)} {_without_cutoff(report, 'it')}"


def _with_cutoff(report: SegmentReport) -> str:
    n, threshold = len(report.segments), f"the break-even of {labels.brief_percent(report.break_even)}"
    loses, pays = report.having(Lending.LOSES), report.having(Lending.PAYS)
    if len(pays) == n:
        return f"approved applications clearly default less often than {threshold} in {_every(n)}."
    if loses:
        listed = name_few([f"{quoted(segment.name)} ({_worded(segment.bad_rate)})" for segment in loses])
        verdict = f"approved applications clearly default more often than {threshold} in {listed}"
    else:
        verdict = f"no segment's approved applications clearly default more often than {threshold}"
    unsure = n - len(loses) - len(pays)
    rest = [f"{len(pays)} of {n} stay below it"] if pays else []
    rest += [f"for {unsure} it cannot be told"] if unsure else []
    return "; ".join([verdict, *rest]) + "."


def _without_cutoff(report: SegmentReport, than: str) -> str:
    """What would exceed the break-even, called `than`, if all were approved."""
    loses = [s for s in adverse_ranking(report.segments) if s.lending_to_all is Lending.LOSES]
    if not loses and report.cohort.lending_to_all is Lending.LOSES:
        # Segments are tested more strictly than the cohort, because their verdicts must hold for all of them at once.
        whole = _worded(report.cohort.default_rate)
        return f"Were all approved, the cohort would clearly exceed {than} ({whole}), but no segment by itself."
    if not loses:
        return f"Even if all were approved, no segment would clearly exceed {than}."
    listed = name_few([f"{quoted(segment.name)} ({_worded(segment.default_rate)})" for segment in loses])
    n = len(report.segments)
    which = _every(n) if len(loses) == n else f"{len(loses)} of {n}"
    return f"Were all approved, {which} would clearly exceed {than}: {listed}."


def _every(n: int) -> str:
    return "the one segment" if n == 1 else "both segments" if n == 2 else f"all {n} segments"


def _worded(rate: Estimate) -> str:
    ends = labels.interval(labels.brief_percent(rate.low or 0.0), labels.brief_percent(rate.high or 0.0))
    return f"{labels.brief_percent(rate.value or 0.0)}, 95 %: {ends}"


def _of_defaults(report: SegmentReport) -> str:
    n = len(report.segments)
    higher, lower = report.having(Verdict.HIGHER), report.having(Verdict.LOWER)
    if len(report.having(Verdict.TOO_FEW)) == n:
        return "Too few to conclude whether segments differ in default rate"
    if not higher and not lower:
        return "No segment's default rate differs clearly from that of the others"
    if not higher:
        less = f"{len(lower)} of {n} segments {_default(len(lower))} less often than the other segments"
        return f"{less}, none clearly more often"
    top = f"most clearly {quoted(higher[0].name)} ({labels.brief_percent(higher[0].default_rate.value or 0.0)})"
    more = f"{len(higher)} of {n} segments {_default(len(higher))} more often than the other segments"
    return f"{more}, {top}; {len(lower)} less often"


def _default(number: int) -> str:
    return "defaults" if number == 1 else "default"


def _of_lending(report: SegmentReport) -> str:
    n = len(report.segments)
    loses, pays = report.having(Lending.LOSES), report.having(Lending.PAYS)
    if not report.cohort.approved:
        return "Nothing is approved at this cutoff"
    if loses:
        names = name_few([quoted(segment.name) for segment in loses])
        return f"Approved applications lose money in {len(loses)} of {n} segments: {names}"
    if not pays:
        return "Too few to conclude where approved applications lose money"
    if len(pays) == n:
        return f"Approved applications pay in {_every(n)}"
    return f"Approved applications pay in {len(pays)} of {n} segments and clearly lose money in none"


def _of_gaps(report: SegmentReport) -> str:
    gaps = [segment.calibration_gap for segment in report.segments if segment.resolved >= MIN_APPLICATIONS]
    if not gaps:
        return "Too few to conclude whether PDs are right in any segment"
    n_off = sum((gap.low or 0.0) > 0 or (gap.high or 0.0) < 0 for gap in gaps)
    return leaving_out_zero(n_off, len(gaps), "segments")


def _of_extremes(report: SegmentReport, measure: Measure) -> str:
    word = word_measure(measure)
    named = measure.lower() if is_worded(measure) else measure.value
    sure = [(value, s.name) for s in report.segments if (value := _sure_value(s, measure)) is not None]
    if len(sure) < 2:
        return f"Too few to conclude how {named} differs between segments"
    (low, lowest), (high, highest) = min(sure), max(sure)
    if low == high:
        return f"The {named} is {word(low)} in {_every(len(report.segments))}"
    first, last = (word(low), word(high)) if measure is Measure.ROC_AUC else labels.told_apart(low, high)
    if first == last:
        return f"The {named} is about {first} in {_every(len(report.segments))}"
    sentence = f"{named} runs from {first} ({quoted(lowest)}) to {last} ({quoted(highest)})"
    return sentence[0].upper() + sentence[1:]


def _sure_value(segment: Segment, measure: Measure) -> float | None:
    estimate = segment.measured(measure)
    wide = estimate.low is not None and estimate.high is not None and estimate.high - estimate.low > TOO_WIDE
    enough = segment.held_for(measure) >= MIN_APPLICATIONS or measure is Measure.SHARE
    return estimate.value if enough and not wide else None

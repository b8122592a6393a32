"""Findings in words: what is the matter, how sure that is, and what to call the page that shows it."""

from __future__ import annotations

from dashboard.metrics.findings import Fault, Finding, Findings
from dashboard.metrics.group_facts import Group
from dashboard.words import labels
from dashboard.words.money import money


def title(finding: Finding, currency: str) -> str:
    """The finding in one sentence without a full stop, with its figures."""
    value, about = finding.found.value or 0.0, _subject(finding)
    match finding.fault:
        case Fault.LEAK:
            return (
                f"The scores may know the outcome: an AUC of {labels.decimal(value)} is too good for any credit score"
            )
        case Fault.REVERSED:
            return f"The scores rank the wrong way round: AUC {labels.decimal(value)}"
        case Fault.CUTOFF:
            best, now = labels.cutoff_percent(value), labels.cutoff_percent(finding.against)
            return f"A cutoff of {best} would have earned {money(finding.stake, currency)} more than {now}"
        case Fault.LOSS:
            rate, limit = labels.told_apart(value, finding.against)
            return f"{about}: {rate} of the approved default, more than the break-even of {limit}"
        case Fault.SHIFT if finding.subject:
            return f"{about}: PDs differ from the portfolio's, PSI {labels.decimal(value, 2)}"
        case Fault.SHIFT:
            return f"{about}: CSI {labels.decimal(value, 2)} between the first fold and the others"
        case Fault.REJECTS:
            return f"{about}: {labels.percent(value)} of its rows were left out"
        case Fault.RANKING:
            return f"{about}: AUC {labels.decimal(value)}, other segments {labels.decimal(finding.against)}"
        case _:
            rate, mean = labels.told_apart(value, finding.against)
            side = "too low" if value > finding.against else "too high"
            return f"{about}: PDs {side}, {mean} where {rate} default"


def evidence(finding: Finding, currency: str) -> str:
    """How sure the finding is, how many applications it is about, and about how much money."""
    parts = [_interval(finding), labels.plural(finding.applications, "application")]
    if finding.stake and finding.fault is not Fault.CUTOFF:
        moved = "lost" if finding.fault is Fault.LOSS else "misjudged"
        parts.append(f"{money(finding.stake, currency)} {moved}")
    if finding.fault is Fault.REJECTS:
        return labels.plural(finding.applications, "row")
    sure = "< 0.001" if finding.p_value < 0.001 else f"= {labels.decimal(finding.p_value)}"
    return " · ".join([*filter(None, parts), f"p {sure}"])


def verdict(found: Findings) -> str:
    """The first sentence of the page: what kinds of faults there are, and how many of each."""
    if not found.by_fault:
        return f"Nothing to act on: {labels.plural(found.n_checks, 'check')} found no fault beyond chance."
    told = "; ".join(_kinds(fault, number) for fault, number in found.by_fault)
    return f"{told[:1].upper()}{told[1:]}."


def _kinds(fault: Fault, number: int) -> str:
    segments, are = labels.plural(number, "segment"), "is" if number == 1 else "are"
    match fault:
        case Fault.LEAK:
            return "the scores may know the outcome"
        case Fault.REVERSED:
            return "the scores rank the wrong way round"
        case Fault.CUTOFF:
            return "another cutoff would have earned more"
        case Fault.LOSS:
            return f"{segments} {'loses' if number == 1 else 'lose'} money"
        case Fault.LEVEL:
            return "PDs are off on the whole"
        case Fault.BAND:
            return f"PDs are off in {labels.plural(number, 'risk band')}"
        case Fault.SEGMENT:
            return f"PDs are off in {segments}"
        case Fault.RANKING:
            return f"{segments} {are} ranked less well than the others"
        case Fault.SHIFT:
            return f"{labels.plural(number, 'distribution')} {'has' if number == 1 else 'have'} shifted"
        case Fault.REJECTS:
            return "rows of a file were left out"


def budget(found: Findings) -> str:
    """How many checks were run, and how often that finds something where there is nothing."""
    return (
        f"{labels.plural(found.n_checks, 'check')} run; of 100 such pages on portfolios with nothing to find, at most "
        "5 would show one, and p is corrected for all checks."
    )


def _subject(finding: Finding) -> str:
    if finding.fault in (Fault.SHIFT, Fault.REJECTS) and finding.subject:
        return f"File {finding.subject}"
    if finding.group is not None:
        return named(finding.group)
    return f"Risk band {finding.subject}" if finding.subject else "All applications"


def named(group: Group) -> str:
    """A group with its column."""
    return f"{group.title} “{group.name}”"


def _interval(finding: Finding) -> str:
    found = finding.found
    if found.low is None or found.high is None:
        return ""
    return f"95 %: {labels.interval(*(_word(finding.fault, end) for end in (found.low, found.high)))}"


def _word(fault: Fault, value: float) -> str:
    return labels.decimal(value) if fault in (Fault.LEAK, Fault.REVERSED, Fault.RANKING) else labels.percent(value)

from __future__ import annotations

import pytest

from dashboard.metrics.estimate import Estimate
from dashboard.metrics.findings import Fault, Finding, Findings
from dashboard.metrics.group_facts import Group
from dashboard.words.finding_words import budget, evidence, title, verdict

GROUP = Group("region", "Region", 2, "north")


def finding(fault: Fault, found: Estimate, against: float, *, is_group: bool = False, subject: str = "") -> Finding:
    return Finding(fault, found, against, 2_000, 40_000.0, 0.0123, GROUP if is_group else None, subject)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            finding(Fault.LOSS, Estimate(0.14), 0.1, is_group=True),
            "Region “north”: 14.0 % of the approved default, more than the break-even of 10.0 %",
        ),
        (
            finding(Fault.SEGMENT, Estimate(0.08), 0.05, is_group=True),
            "Region “north”: PDs too low, 5.00 % where 8.00 % default",
        ),
        (
            finding(Fault.BAND, Estimate(0.3), 0.4, subject="F"),
            "Risk band F: PDs too high, 40.0 % where 30.0 % default",
        ),
        (finding(Fault.LEVEL, Estimate(0.07), 0.05), "All applications: PDs too low, 5.00 % where 7.00 % default"),
        (
            finding(Fault.CUTOFF, Estimate(0.15), 0.3),
            "A cutoff of 15.0 % would have earned 40.0 k EUR more than 30.0 %",
        ),
        (
            finding(Fault.RANKING, Estimate(0.5), 0.763, is_group=True),
            "Region “north”: AUC 0.500, other segments 0.763",
        ),
        (
            finding(Fault.SHIFT, Estimate(0.31), 0.1, is_group=True),
            "Region “north”: CSI 0.31 between the first fold and the others",
        ),
        (
            finding(Fault.SHIFT, Estimate(0.31), 0.1, is_group=True, subject="may.csv"),
            "File may.csv: PDs differ from the portfolio's, PSI 0.31",
        ),
        (
            finding(Fault.REJECTS, Estimate(0.003), 0.0, subject="may.csv"),
            "File may.csv: 0.30 % of its rows were left out",
        ),
        (finding(Fault.REVERSED, Estimate(0.3), 0.5), "The scores rank the wrong way round: AUC 0.300"),
    ],
)
def test_titles_say_what_is_the_matter_with_its_figures(given: Finding, words: str) -> None:
    assert title(given, "EUR") == words


def test_evidence_is_interval_size_money_and_certainty() -> None:
    given = finding(Fault.LOSS, Estimate(0.14, 0.12, 0.16), 0.1, is_group=True)
    assert evidence(given, "EUR") == "95 %: 12.00–16.00 % · 2,000 applications · 40.0 k EUR lost · p = 0.012"


def test_the_verdict_counts_each_kind() -> None:
    found = Findings((), 64, ((Fault.CUTOFF, 1), (Fault.BAND, 1), (Fault.SEGMENT, 7), (Fault.RANKING, 1)))
    assert verdict(found) == (
        "Another cutoff would have earned more; PDs are off in 1 risk band; PDs are off in 7 segments; "
        "1 segment is ranked less well than the others."
    )
    assert verdict(Findings((), 64)) == "Nothing to act on: 64 checks found no fault beyond chance."


def test_the_budget_says_how_many_checks_and_how_often_they_err() -> None:
    assert budget(Findings((), 64)).startswith(
        "64 checks run; of 100 such pages on portfolios with nothing to find, at most 5 would show one"
    )

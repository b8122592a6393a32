"""Shifts and files as findings: planted ones are found, and chance finds none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from dashboard.metrics.counts import ScoreCounts
from dashboard.metrics.evaluation import Evaluation
from dashboard.metrics.findings import Fault, find_faults
from dashboard.metrics.group_facts import Group
from dashboard.metrics.shift_findings import file_findings, shift_findings
from dashboard.metrics.stability import p_of_shift, stability_index
from dashboard.visit.assumptions import assume

COLUMN = Group("amount", "Amount", 1, "low")


def found_in(*checks: object) -> list[Fault]:
    shown = find_faults(Evaluation(ScoreCounts.empty(), assume(0.1)), [], checks).shown  # type: ignore[arg-type]
    return [each.fault for each in shown]


def test_the_p_value_is_that_of_chi_square() -> None:
    found = stability_index([500, 300, 200], [260, 140, 100])
    # Yurdakul and Naranjo: the index over 1 / N + 1 / M.
    scaled = (found.index.value or 0.0) / (1 / 1_000 + 1 / 500)
    assert p_of_shift(found) == pytest.approx(float(stats.chi2.sf(scaled, 2)))
    assert p_of_shift(stability_index([], [])) == 1.0
    assert p_of_shift(stability_index([0, 5], [0, 7])) == 1.0


def test_a_shifted_column_is_found_and_one_that_is_small_or_chance_is_not() -> None:
    large, small, chance = (
        stability_index([5_000, 5_000], current) for current in ([3_000, 7_000], [4_800, 5_200], [5_010, 4_990])
    )
    (check,) = shift_findings({"amount": large}, {"amount": COLUMN})
    # 2 (0.2 ln 1.4 - 0.2 ln 0.6) / 2.
    assert check.found.value == pytest.approx(0.2 * np.log(1.4 / 0.6))
    assert (check.applications, check.group) == (10_000, COLUMN)
    assert found_in(check) == [Fault.SHIFT]
    for each in (small, chance):
        assert found_in(*shift_findings({"amount": each}, {"amount": COLUMN})) == []


def test_rows_that_a_file_lost_are_found_whatever_chance_says() -> None:
    lost, kept = file_findings("may.csv", 1_000, 3, None, COLUMN), file_findings("may.csv", 1_000, 0, None, COLUMN)
    assert found_in(*lost) == [Fault.REJECTS]
    assert (lost[0].subject, lost[0].found.value) == ("may.csv", 0.003)
    assert found_in(*kept) == []
    assert file_findings("empty.csv", 0, 0, None, COLUMN) == ()


def test_columns_that_did_not_shift_are_found_in_at_most_one_of_twenty_tables() -> None:
    rng = np.random.default_rng(8)
    hits = 0
    for _ in range(400):
        tables = [rng.multinomial(n, np.full(10, 0.1), size=30) for n in (6_000, 1_500)]
        columns = {str(place): stability_index(*(table[place] for table in tables)) for place in range(30)}
        hits += bool(found_in(*shift_findings(columns, dict.fromkeys(columns, COLUMN))))
    assert hits <= 20

from __future__ import annotations

from scripts.intervals.findings import drawn


def test_portfolios_with_nothing_to_find_show_nothing() -> None:
    # 5 of 100 are allowed; three standard errors more are chance. Uncorrected, 82 checks would show 98.
    found = [drawn(seed) for seed in range(100)]
    assert sum(bool(each.by_fault) for each in found) <= 5 + 3 * 2.2
    assert {each.n_checks > 50 for each in found} == {True}

from __future__ import annotations

from scripts.intervals.segments import wrong_tables


def test_two_halves_of_one_rate_are_wrong_in_at_most_five_of_a_hundred_tables() -> None:
    wrong = wrong_tables((0.5, 0.5), 5_000, 0.08, n_tables=600, seed=4)
    # Three standard errors above 5 %.
    assert wrong.differences <= 0.05 + 3 * (0.05 * 0.95 / 600) ** 0.5
    assert wrong.bad_rates <= 0.05 + 3 * (0.05 * 0.95 / 600) ** 0.5


def test_each_segment_can_have_a_rate_of_its_own() -> None:
    wrong = wrong_tables((0.7, 0.3), 2_000, (0.0, 1.0), n_tables=20, seed=5)
    assert (wrong.differences, wrong.bad_rates) == (0.0, 0.0)

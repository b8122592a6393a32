"""What is read at once leases its memory; the rest is told to come again."""

from __future__ import annotations

import pytest

from data.files.memory import Budget, BusyError, give_back


def test_leases_together_stay_within_the_budget() -> None:
    budget = Budget(100)
    with budget.lease() as first, budget.lease() as second:
        first.hold(60)
        second.hold(40)
        with pytest.raises(
            BusyError, match=r"take up 0\.0001 MB, the most at once, are being read; try again in 5 s\."
        ):
            second.hold(41)
        # What was held before the refusal is held still, and less can be held at any time.
        assert budget.held == 100
        first.hold(50)
        second.hold(50)
    assert budget.held == 0


def test_whoever_is_alone_may_hold_more_than_there_is() -> None:
    budget = Budget(100)
    with budget.lease() as lease:
        lease.hold(500)
        with budget.lease() as other, pytest.raises(BusyError):
            other.hold(1)
    with budget.lease() as lease:
        lease.hold(101)


def test_a_lease_lasts_as_long_as_anybody_uses_it() -> None:
    budget = Budget(100)
    with budget.lease() as lease:
        used = lease.use()
        used.__enter__()
        lease.hold(70)
    # The request is over, and its thread is not.
    assert budget.held == 70
    lease.hold(80)
    used.__exit__(None, None, None)
    assert budget.held == 0


def test_what_is_kept_counts_beside_what_is_leased() -> None:
    kept = [0]
    budget = Budget(100, also=lambda: sum(kept))
    with budget.lease() as lease:
        kept.append(90)
        lease.hold(10)
        with pytest.raises(BusyError):
            lease.hold(11)
        kept.clear()
        lease.hold(11)


def test_giving_back_harms_nobody() -> None:
    held = bytearray(b"x" * 1_000_000)
    give_back()
    assert held.count(b"x") == 1_000_000

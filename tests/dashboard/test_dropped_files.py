"""The memory of dropped files: bounded for as long as visits hold them, the one looked at longest ago going first."""

from __future__ import annotations

import gc
from dataclasses import dataclass

import pytest

from dashboard import dropped_files
from dashboard.dropped_files import Slot
from data.files.memory import BusyError

MOST = dropped_files.budget()._most


@dataclass
class File:
    n_bytes: int


def test_the_file_that_was_looked_at_longest_ago_makes_room() -> None:
    first, second = Slot(File(MOST // 2)), Slot(File(MOST // 4))
    assert first.look() is not None
    with dropped_files.budget().lease() as lease:
        lease.hold(MOST // 4)
        assert second.look() is not None
        # The first is now the older one; a quarter more than there is room for empties it alone.
        lease.hold(MOST // 2)
        assert (first.look(), second.look()) == (None, File(MOST // 4))


def test_what_is_being_read_is_not_given_up() -> None:
    budget = dropped_files.budget()
    with budget.lease() as reading, budget.lease() as other:
        reading.hold(MOST)
        with pytest.raises(BusyError):
            other.hold(1)


def test_a_file_counts_for_as_long_as_its_visit_holds_the_slot() -> None:
    slot = Slot(File(MOST))
    assert dropped_files._kept_bytes() == MOST
    del slot
    gc.collect()
    assert dropped_files._kept_bytes() == 0
